// Tries what each Deny of the buckets is for, as somebody whom everything else is allowed: it must not come through.
import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { Cloud } from '../execution/cloud.ts';
import type { Session } from '../execution/session.ts';
import { StepError } from '../execution/steps.ts';
import type { TemplateStatement } from '../statements/inventory.ts';

/** What a Deny is for, which its conditions show. */
interface Refusal {
  readonly title: string;
  /** A part of the condition that only this kind has. */
  readonly condition: string;
  /** Tries it; true if it was done. */
  readonly attempt: (who: Session, bucket: string, region: string) => Promise<boolean> | boolean;
}

const REFUSALS: readonly Refusal[] = [
  {
    title: 'a request without TLS',
    condition: 'aws:SecureTransport',
    attempt: (who, bucket, region) => read(who, bucket, region, { 'aws:SecureTransport': 'false' }),
  },
  {
    title: 'a request with TLS 1.1',
    condition: 's3:TlsVersion',
    attempt: (who, bucket, region) => read(who, bucket, region, { 's3:TlsVersion': '1.1' }),
  },
  {
    title: 'a write without KMS',
    condition: 's3:x-amz-server-side-encryption-aws-kms-key-id',
    attempt: (who, bucket, region) => write(who, bucket, region, { ServerSideEncryption: 'AES256' }),
  },
  {
    title: 'a write under the key of S3',
    condition: 's3:x-amz-server-side-encryption-aws-kms-key-id',
    attempt: (who, bucket, region) => write(who, bucket, region, { ServerSideEncryption: 'aws:kms' }),
  },
];

/** Tries everything. @throws StepError that names what came through, or a Deny of which nobody knows what it is for */
export async function tryRefusals(cloud: Cloud, statements: readonly TemplateStatement[]): Promise<string> {
  const denies = statements.filter(({ effect, place }) => effect === 'Deny' && place === 'bucket');
  const through: string[] = [];
  let tried = 0;
  for (const { account, id, region, stack, subject, condition } of denies) {
    const bucket = cloud.deployment.resource(stack, subject)?.ref ?? '';
    const refusals = REFUSALS.filter((refusal) =>
      JSON.stringify(condition).includes(`"${refusal.condition}"`),
    );
    if (refusals.length === 0) throw new StepError('Unsupported', `What ${id} denies is not known here.`);
    const who = cloud.administrator(account, 'intruder');
    for (const { title, attempt } of refusals) {
      tried += 1;
      if (await attempt(who, bucket, region)) through.push(`${title} in ${bucket}`);
    }
  }
  if (through.length > 0) throw new StepError('NotRefused', `Not refused: ${through.join('; ')}.`);
  return `${tried} attempts, all denied`;
}

function read(
  who: Session,
  bucket: string,
  region: string,
  facts: Readonly<Record<string, string>>,
): boolean {
  return (
    who.decide('s3:GetObject', `arn:aws:s3:::${bucket}/refusal`, region, facts).effect !== 'ExplicitDeny'
  );
}

async function write(
  who: Session,
  bucket: string,
  region: string,
  encryption: { readonly ServerSideEncryption: 'AES256' | 'aws:kms' },
): Promise<boolean> {
  try {
    await who
      .s3(region)
      .send(new PutObjectCommand({ Bucket: bucket, Key: 'refusal', Body: 'x', ...encryption }));
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === 'AccessDenied') return false;
    throw error;
  }
}
