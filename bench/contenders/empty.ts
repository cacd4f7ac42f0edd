// A function that does nothing: what a process takes to start, whatever is in it.

/** Answers at once. */
export async function handler(): Promise<void> {}
