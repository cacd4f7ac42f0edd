// Reads `--function NAME|ARN`.
import { UsageError } from './usage-error.ts';

/** Lambda API: what the ARN of a function begins with. */
const FUNCTION_ARN = /^arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:function:/;

/**
 * The name of the function.
 * @throws UsageError when it is neither a name nor an ARN
 */
export function functionNameOf(given: string): string {
  const name = given.replace(FUNCTION_ARN, '');
  if (/^[A-Za-z0-9_-]{1,64}$/.test(name)) return name;
  throw new UsageError(
    `--function ${given}: expected the name or the ARN of a Lambda function, without a version or alias.`,
  );
}
