// What a command prints, and where to, so that tests can read it.

/** Where a command prints to. */
export interface Output {
  write(text: string): unknown;
  readonly columns?: number;
  readonly isTTY?: boolean;
}

/** Widest that a line is where the output does not say how wide it is. */
const DEFAULT_WIDTH = 110;

/** Prints a result for people, or as JSON, and gives the exit code: 0 when the result is good. */
export function printResult<Result extends { readonly ok: boolean }>(
  result: Result,
  output: Output,
  json: boolean | undefined,
  render: (result: Result, width: number, colours: boolean) => string,
): number {
  output.write(
    json === true
      ? `${JSON.stringify(result, null, 2)}\n`
      : render(result, output.columns ?? DEFAULT_WIDTH, output.isTTY === true),
  );
  return result.ok ? 0 : 1;
}
