// Looks at the configuration of a destination bucket: versions, Object Lock, unfinished uploads, policies on writes.
import {
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { type DiagnosedDestination, type DoctorFinding, notChecked } from './diagnosis.ts';

/** What there is to see at a bucket. */
export interface BucketLook {
  readonly facts: Pick<DiagnosedDestination, 'versioning' | 'objectLock'>;
  /** Does the bucket policy allow anybody anything? Undefined where it cannot be read. */
  readonly policyAllows: boolean | undefined;
  readonly findings: readonly DoctorFinding[];
}

/** Looks at a bucket; `overwrite` is that of the parameters. */
export async function checkBucket(
  client: S3Client,
  Bucket: string,
  overwrite: 'replace' | 'never',
): Promise<BucketLook> {
  const where = `bucket ${Bucket}`;
  const findings: DoctorFinding[] = [];
  const ask = async <Result>(
    permission: string,
    absent: string,
    read: () => Promise<Result>,
  ): Promise<{ readonly answer: Result | undefined } | undefined> => {
    try {
      return { answer: await read() };
    } catch (error) {
      if ((error as Error).name === absent) return { answer: undefined };
      findings.push(notChecked(where, permission.replace(/^s3:Get/, ''), error, `${permission} on it`));
      return undefined;
    }
  };
  const [versioning, lock, lifecycle, policy] = await Promise.all([
    ask('s3:GetBucketVersioning', '', () => client.send(new GetBucketVersioningCommand({ Bucket }))),
    ask('s3:GetBucketObjectLockConfiguration', 'ObjectLockConfigurationNotFoundError', () =>
      client.send(new GetObjectLockConfigurationCommand({ Bucket })),
    ),
    ask('s3:GetLifecycleConfiguration', 'NoSuchLifecycleConfiguration', () =>
      client.send(new GetBucketLifecycleConfigurationCommand({ Bucket })),
    ),
    ask('s3:GetBucketPolicy', 'NoSuchBucketPolicy', () =>
      client.send(new GetBucketPolicyCommand({ Bucket })),
    ),
  ]);
  const versions = versioning === undefined ? undefined : (versioning.answer?.Status ?? 'never enabled');
  if (versions !== undefined && versions !== 'Enabled') {
    findings.push({
      severity: 'warning',
      where,
      what: `Versioning is ${versions === 'Suspended' ? 'suspended' : 'not enabled'}.`,
      why: 'A copy replaces what was there for good: a copy that proves wrong cannot give it back.',
      remedy: {
        command: `aws s3api put-bucket-versioning --bucket ${Bucket} --versioning-configuration Status=Enabled`,
      },
    });
  }
  const cleansUp = (lifecycle?.answer?.Rules ?? []).some(
    ({ Status, Filter, Prefix, AbortIncompleteMultipartUpload }) =>
      Status === 'Enabled' &&
      AbortIncompleteMultipartUpload !== undefined &&
      (Filter?.Prefix ?? Prefix ?? '') === '' &&
      Filter?.And === undefined &&
      Filter?.Tag === undefined,
  );
  if (lifecycle !== undefined && !cleansUp) {
    findings.push({
      severity: 'warning',
      where,
      what: 'No lifecycle rule for the whole bucket aborts unfinished uploads.',
      why: 'Parts of a job that was killed are stored, and paid for, until somebody finds them.',
      remedy: {
        command: `Add this rule to its lifecycle (aws s3api put-bucket-lifecycle-configuration --bucket ${Bucket} replaces all rules): {"ID":"unfinished-uploads","Status":"Enabled","Filter":{"Prefix":""},"AbortIncompleteMultipartUpload":{"DaysAfterInitiation":1}}`,
      },
    });
  }
  const statements = statementsOf(policy?.answer?.Policy);
  if (overwrite === 'replace' && statements.some(refusesReplacing)) {
    findings.push({
      severity: 'warning',
      where,
      what: 'Its policy denies writes without If-None-Match, so that no object can be replaced.',
      why: 'A job that finds another object at a key fails in the end with a PermissionError.',
      remedy: { command: 'Say so in UserParameters: "Overwrite":"never".' },
    });
  }
  return {
    facts: {
      ...(versions === undefined ? {} : { versioning: versions }),
      ...(lock === undefined
        ? {}
        : { objectLock: lock.answer?.ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled' }),
    },
    policyAllows: policy === undefined ? undefined : statements.some(({ Effect }) => Effect === 'Allow'),
    findings,
  };
}

/** ARN of the bucket's default key; undefined where it has none, or names one in another way. @throws what S3 answers */
export async function defaultKeyOf(client: S3Client, Bucket: string): Promise<string | undefined> {
  const { ServerSideEncryptionConfiguration } = await client.send(new GetBucketEncryptionCommand({ Bucket }));
  const [rule] = ServerSideEncryptionConfiguration?.Rules ?? [];
  const id = rule?.ApplyServerSideEncryptionByDefault?.KMSMasterKeyID;
  return id?.includes(':key/') === true ? id : undefined;
}

interface PolicyStatement {
  readonly Effect?: string;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

function statementsOf(document: string | undefined): readonly PolicyStatement[] {
  if (document === undefined) return [];
  const { Statement = [] } = JSON.parse(document) as {
    readonly Statement?: PolicyStatement | readonly PolicyStatement[];
  };
  return [Statement].flat() as readonly PolicyStatement[];
}

/** `Null: {"s3:if-none-match": "true"}` in a Deny (S3 user guide, enforce conditional writes); an If-Match would do in some. */
function refusesReplacing({ Effect, Condition = {} }: PolicyStatement): boolean {
  const absent = Object.entries(Condition)
    .filter(([operator]) => operator.toLowerCase() === 'null')
    .flatMap(([, keys]) => Object.entries(keys))
    .filter(([, value]) => String(value) === 'true')
    .map(([key]) => key.toLowerCase());
  return Effect === 'Deny' && absent.includes('s3:if-none-match') && !absent.includes('s3:if-match');
}
