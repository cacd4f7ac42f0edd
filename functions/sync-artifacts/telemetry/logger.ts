// The JSON logger: loaded while the first S3 requests are on their way, so that a cold start does not wait for it.
import { Logger } from '@aws-lambda-powertools/logger';
import type { LogLevel } from '@aws-lambda-powertools/logger/types';

const DEFAULT_SERVICE_NAME = 'artifact-sync';

const REDACTED = '[redacted]';

/** Names under which AWS hands out secrets; a second line of defence, since no code passes them on. */
const SECRET_NAMES =
  /^(?:artifactCredentials|accessKeyId|secretAccessKey|sessionToken|credentials|authorization|x-amz-security-token|continuationToken)$/i;

/** Makes the logger; what `secrets` gives is in none of its lines, whatever it is part of. Level and service name come from the standard Powertools variables. */
export function createLogger(
  environment: Readonly<Record<string, string | undefined>>,
  secrets: () => readonly string[],
): Logger {
  const level = environment.POWERTOOLS_LOG_LEVEL ?? environment.AWS_LAMBDA_LOG_LEVEL ?? environment.LOG_LEVEL;
  return new Logger({
    serviceName: environment.POWERTOOLS_SERVICE_NAME ?? DEFAULT_SERVICE_NAME,
    ...(level === undefined ? {} : { logLevel: level.toUpperCase() as LogLevel }),
    jsonReplacerFn: (key, value: unknown) => {
      if (SECRET_NAMES.test(key)) return REDACTED;
      if (typeof value !== 'string') return value;
      return secrets().reduce((text, secret) => text.replaceAll(secret, REDACTED), value);
    },
  });
}
