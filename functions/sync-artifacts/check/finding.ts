// Turns what went wrong in a check into a finding.
import { asAwsError, errorCode, isAccessDenied, S3RequestError } from '../aws/errors.ts';
import { adviseOnDenial } from '../result/advice.ts';
import { toJobFailure } from '../result/failure.ts';
import { omitUndefined } from '../util.ts';
import type { Finding } from './report.ts';

/** The finding that an error is: with the message that a job would have failed with, and its parts as data. */
export function findingOf(error: unknown, severity: Finding['severity'] = 'error'): Finding {
  const { type, message } = toJobFailure(error);
  const finding = { severity, message, ...(severity === 'error' ? { type } : {}) };
  if (!(error instanceof S3RequestError)) return finding;
  const { operation, bucket, key, region } = error.target;
  const { $metadata, message: reported = '' } = asAwsError(error);
  return {
    ...finding,
    request: {
      operation,
      bucket,
      region,
      errorCode: errorCode(error),
      ...omitUndefined({ key, requestId: $metadata?.requestId }),
    },
    ...(type === 'PermissionError' && isAccessDenied(error) ? { denial: denialOf(error, reported) } : {}),
  };
}

function denialOf({ target }: S3RequestError, reported: string): NonNullable<Finding['denial']> {
  const { text: _, ...denial } = adviseOnDenial(target, reported);
  return denial;
}
