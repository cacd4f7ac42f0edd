// What the user gave cannot be used: the message says what was given, what is expected, and what to do.

/** Ends a command with its message alone, without a stack trace, and exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
