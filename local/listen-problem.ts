// Says why a server cannot listen, in words that help.

/** What is wrong, and what to do when the port is somebody else's. */
export function listenProblem(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && error.code === 'EADDRINUSE'
    ? `${error.message}. Choose another --port; 0 takes a free one.`
    : error.message;
}
