// Where the role reads and writes, for the simulator: what the check event found, and what it has shown already.
import { OPERATIONS } from '../../functions/sync-artifacts/aws/operations.ts';
import type { CheckReport } from '../../functions/sync-artifacts/check/report.ts';
import type { SyncJob } from '../../functions/sync-artifacts/types.ts';
import type { AwsClients } from '../aws-clients.ts';
import { type BucketLook, defaultKeyOf } from './check-bucket.ts';
import { type DoctorFinding, notChecked } from './diagnosis.ts';
import type { InputArtifact, InvokeAction } from './read-action.ts';
import type { SimulatedBucket } from './simulate.ts';

/** Stands for the part of a key that only an execution has. */
export const SAMPLE = 'artifact-sync-check';

/** The places that the role reads: of real artifacts, or where CodePipeline will put some. */
export async function sourcesOf(
  action: InvokeAction | undefined,
  artifacts: readonly InputArtifact[] | undefined,
  report: CheckReport | undefined,
  region: string,
  aws: AwsClients,
): Promise<{ readonly places: readonly SimulatedBucket[]; readonly findings: readonly DoctorFinding[] }> {
  const findings: DoctorFinding[] = [];
  const objects = new Map<string, string>(
    (artifacts ?? []).map(({ location: { s3Location } }) => [s3Location.bucketName, s3Location.objectKey]),
  );
  if (objects.size === 0 && action?.artifactBucket !== undefined) {
    // Keys begin with the first 20 characters of the pipeline's name (CodePipeline user guide, artifacts).
    objects.set(action.artifactBucket, `${action.pipeline.slice(0, 20)}/${SAMPLE}/${SAMPLE}`);
  }
  const places = await Promise.all(
    [...objects].map(async ([bucket, key]): Promise<SimulatedBucket> => {
      const place = report?.sources.find((source) => source.bucket === bucket)?.region ?? region;
      let keyArn: string | undefined;
      try {
        keyArn = await defaultKeyOf(aws.s3(place), bucket);
      } catch (error) {
        const what = 'whether the role may use its key';
        findings.push(notChecked(`bucket ${bucket}`, what, error, 's3:GetEncryptionConfiguration on it'));
      }
      return { bucket, key, region: place, keyArn, versioned: true, policyAllows: false, settled: new Set() };
    }),
  );
  return { places, findings };
}

/** The places that the role writes. */
export function destinationsOf(
  report: CheckReport | undefined,
  { destinations }: SyncJob,
  looks: ReadonlyMap<string, BucketLook>,
): SimulatedBucket[] {
  return (report?.destinations ?? []).flatMap(({ bucket, region, keys: [key], writable, encryption }) => {
    if (region === undefined || key === undefined) return [];
    const look = looks.get(bucket);
    const given = destinations.find((destination) => destination.bucket === bucket);
    return {
      bucket,
      region,
      key,
      versioned: look?.facts.versioning !== 'never enabled',
      policyAllows: look?.policyAllows === true,
      keyArn: [encryption?.kmsKeyArn, encryption?.kmsKeyId].find((id) => id?.includes(':key/') === true),
      settled: new Set([
        ...(writable ? TRIED : []),
        ...(given?.kmsKeyId === undefined ? [] : ['s3:GetEncryptionConfiguration']),
      ]),
    };
  });
}

/** What was allowed where an upload could be started and aborted. */
const TRIED: ReadonlySet<string> = new Set(
  OPERATIONS.filter(({ operation }) => operation === 'AbortMultipartUpload')
    .flatMap(({ needs }) => needs.map(({ action }) => action))
    .concat('s3:PutObject', 'kms:GenerateDataKey'),
);
