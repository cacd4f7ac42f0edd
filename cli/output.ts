// Where a command prints to, so that tests can read it.

/** Where a command prints to. */
export interface Output {
  write(text: string): unknown;
  readonly columns?: number;
  readonly isTTY?: boolean;
}
