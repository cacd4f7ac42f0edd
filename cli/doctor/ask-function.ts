// Sends the check event, so that the function's own role tries everything, and turns its report into findings.
import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import {
  CHECK_EVENT,
  type CheckReport,
  type CheckRequest,
  type Finding,
} from '../../functions/sync-artifacts/check/report.ts';
import { awsMessage } from '../aws-clients.ts';
import type { DoctorFinding, Remedy } from './diagnosis.ts';

/** What the function answered. */
export interface Answer {
  /** Absent when it gave no report, which a finding says. */
  readonly report?: CheckReport;
  readonly findings: readonly DoctorFinding[];
  /** Denials without a reason, with the likeliest one: the simulator may know better. */
  readonly guesses: readonly { readonly bucket: string; readonly finding: DoctorFinding }[];
  /** `action on bucket` of every denial with a reason: nothing needs to be said twice. */
  readonly denied: ReadonlySet<string>;
}

/** Invokes the function with the check event. */
export async function askFunction(
  client: LambdaClient,
  functionName: string,
  request: CheckRequest,
): Promise<Answer> {
  const where = `function ${functionName}`;
  const failed = (what: string, why: string, command: string): Answer => ({
    findings: [{ severity: 'error', where, what, why, remedy: { command } }],
    guesses: [],
    denied: new Set(),
  });
  let payload: unknown;
  try {
    const answer = await client.send(
      new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify({ [CHECK_EVENT]: request }) }),
    );
    payload = JSON.parse(answer.Payload?.transformToString() || 'null') as unknown;
    if (answer.FunctionError !== undefined) {
      const { errorType, errorMessage } = payload as { errorType?: string; errorMessage?: string };
      return failed(
        `It failed on the check event: ${errorType ?? answer.FunctionError}: ${errorMessage ?? 'no message'}.`,
        'Buckets, keys and permissions were not tried.',
        `See its log: aws logs tail /aws/lambda/${functionName}`,
      );
    }
  } catch (error) {
    return failed(
      `It could not be invoked: ${awsMessage(error)}.`,
      'Buckets, keys and permissions were not tried.',
      'Allow yourself lambda:InvokeFunction on it, or mend what the message says.',
    );
  }
  if (!isReport(payload)) {
    return failed(
      'It does not answer the check event.',
      'It is another function, or a version from before the check event: buckets, keys and permissions were not tried.',
      'Deploy the current version, or correct FunctionName.',
    );
  }
  return { report: payload, ...toFindings(payload, where) };
}

function isReport(payload: unknown): payload is CheckReport {
  return (
    typeof payload === 'object' &&
    payload !== null &&
    'version' in payload &&
    payload.version === 1 &&
    'destinations' in payload &&
    Array.isArray(payload.destinations)
  );
}

function toFindings(report: CheckReport, where: string): Pick<Answer, 'findings' | 'guesses' | 'denied'> {
  const denied = new Set<string>();
  const findings = new Map<string, DoctorFinding>();
  const guesses = new Map<string, Answer['guesses'][number]>();
  const add = (place: string, finding: Finding): void => {
    const found = toFinding(place, finding);
    const { denial, request } = finding;
    // Answers to HEAD have no body, so that nothing says what was missing.
    if (denial !== undefined && request?.operation.startsWith('Head') === true) {
      guesses.set(`${place} ${request.operation}`, { bucket: request.bucket, finding: found });
      return;
    }
    if (denial !== undefined && request !== undefined) {
      denied.add(`${denial.actions[0] ?? ''} on ${request.bucket}`);
    }
    // The same for each artifact is one finding.
    findings.set(`${found.where} ${found.what.replace(/\s*Request id:?.*$/i, '')}`, found);
  };
  for (const finding of report.findings) add(where, finding);
  for (const { artifact, bucket, key, findings: all } of report.sources) {
    for (const finding of all) {
      const gone = finding.type === 'RevisionUnavailable';
      const place = `source ${artifact}`;
      if (!gone) add(place, finding);
      else {
        findings.set(place, {
          severity: 'warning',
          where: place,
          what: `s3://${bucket}/${key}, which an earlier execution made, is gone: reading a source was simulated and not tried.`,
        });
      }
    }
  }
  for (const { bucket, findings: all } of report.destinations) {
    for (const finding of all) add(`bucket ${bucket}`, finding);
  }
  return { findings: [...findings.values()], guesses: [...guesses.values()], denied };
}

function toFinding(where: string, { severity, message, request, denial }: Finding): DoctorFinding {
  if (denial === undefined || request === undefined) return { severity, where, what: message };
  const [action = `what ${request.operation} needs`] = denial.actions;
  // An explicit deny, and a denial without a reason, have more to tell than a statement.
  const hidden = denial.statement === undefined || request.operation.startsWith('Head');
  return {
    severity,
    where,
    what: `${request.operation} is denied: ${denial.principal} may not ${action} on ${everyObject(denial.resource)}.`,
    why: hidden ? message : WHY[severity],
    remedy: remedyOf(denial),
  };
}

const WHY = {
  error: 'Jobs fail with a PermissionError.',
  warning: 'Jobs work, but slower or with less than they could have.',
} as const;

function remedyOf({ places, principal, resource, statement }: NonNullable<Finding['denial']>): Remedy {
  const [first = 'identity policy'] = places;
  const place = {
    'identity policy': `IAM policy of ${principal}`,
    'bucket policy': `policy of bucket ${resource.split(':').at(-1)?.split('/')[0] ?? ''}`,
    'key policy': `policy of ${resource}`,
  }[first];
  return {
    place,
    ...(statement === undefined
      ? {}
      : { statement: { ...statement, Resource: everyObject(statement.Resource) } }),
  };
}

/** The objects of a bucket instead of one: the next execution has another key. */
export function everyObject(resource: string): string {
  return resource.replace(/^(arn:[a-z-]+:s3:::[^/]+)\/.+$/, '$1/*');
}
