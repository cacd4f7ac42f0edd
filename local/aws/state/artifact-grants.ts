// What a job's artifactCredentials may do: read the input artifacts and write the output artifacts, with their keys.
import { type Bucket, latest } from './buckets.ts';
import type { Artifact, JobData } from './code-pipeline-jobs.ts';
import type { Grant } from './identities.ts';
import type { KmsKeys } from './kms-keys.ts';

/** The grants of the session that CodePipeline makes for one job. */
export function artifactGrants(
  world: { readonly buckets: ReadonlyMap<string, Bucket>; readonly keys: KmsKeys },
  data: Omit<JobData, 'artifactCredentials'>,
): Grant[] {
  const grants: Grant[] = [];
  const keyArns = new Set<string>();
  const note = (bucket: Bucket | undefined, keyId: string | undefined): void => {
    const key = bucket && keyId ? world.keys.find(keyId, bucket.ownerAccountId, bucket.region) : undefined;
    if (key !== undefined) {
      keyArns.add(key.arn);
    }
  };
  for (const artifact of [...data.inputArtifacts, ...data.outputArtifacts]) {
    const bucket = world.buckets.get(artifact.location.s3Location.bucketName);
    note(bucket, bucket?.encryption?.keyId);
    note(bucket, bucket && latest(bucket, artifact.location.s3Location.objectKey)?.encryption.keyArn);
    note(bucket, data.encryptionKey?.id);
  }
  if (data.inputArtifacts.length > 0) {
    grants.push({
      actions: ['s3:GetObject', 's3:GetObjectVersion'],
      resources: data.inputArtifacts.map(arnOf),
    });
  }
  if (data.outputArtifacts.length > 0) {
    grants.push({ actions: ['s3:PutObject'], resources: data.outputArtifacts.map(arnOf) });
  }
  if (keyArns.size > 0) {
    grants.push({
      actions: ['kms:Decrypt', 'kms:GenerateDataKey', 'kms:DescribeKey'],
      resources: [...keyArns],
    });
  }
  return grants;
}

function arnOf({ location: { s3Location } }: Artifact): string {
  return `arn:aws:s3:::${s3Location.bucketName}/${s3Location.objectKey}`;
}
