// The session behind a job's artifactCredentials: it reads the input artifacts and writes the output artifacts.
import { randomBytes } from 'node:crypto';
import { parsePolicy } from '../../iam/parse-policy.ts';
import type { Resources } from '../access.ts';
import { type Bucket, latest } from '../buckets.ts';
import { type Identity, type PolicyStatement, simpleIdentity } from '../identities.ts';
import { newSession } from '../roles.ts';
import type { Artifact, NewJob } from './jobs.ts';

/** How long artifactCredentials live: an hour, as a chained role session does. */
const ARTIFACT_CREDENTIALS_MS = 60 * 60 * 1000;

/**
 * Makes the session. With a role it is one of the pipeline's role, which the artifacts only limit; without one it may do
 * just what the artifacts need. Credentials that are given are made valid as they are.
 *
 * @throws an Error if the role is not there
 */
export function artifactSession(
  resources: Resources,
  { accountId, roleArn, data }: Pick<NewJob, 'accountId' | 'roleArn' | 'data'>,
): Identity {
  const statements = artifactStatements(resources, data);
  const given = data.artifactCredentials;
  const expiresAtMs = given ? given.expirationTime : Date.now() + ARTIFACT_CREDENTIALS_MS;
  const expiresAt = expiresAtMs === undefined ? undefined : new Date(expiresAtMs);
  const credentials = given && {
    accessKeyId: given.accessKeyId,
    secretAccessKey: given.secretAccessKey,
    ...(given.sessionToken !== undefined && { sessionToken: given.sessionToken }),
  };
  const session = randomBytes(8).toString('hex');
  if (roleArn === undefined) {
    return simpleIdentity({
      principalArn: `arn:aws:sts::${accountId}:assumed-role/PipelineRole/${session}`,
      ...(credentials && { credentials }),
      ...(expiresAt && { expiresAt }),
      may: statements,
    });
  }
  const role = resources.roles.get(roleArn);
  if (role === undefined) throw new Error(`there is no role ${roleArn}`);
  const document = { Version: '2012-10-17', Statement: statements };
  return newSession(role, session, {
    expiresAt,
    sessionPolicies: [parsePolicy('session', 'session policy of artifactCredentials', document)],
    ...(credentials && { credentials }),
  });
}

function artifactStatements({ buckets, keys }: Resources, data: NewJob['data']): PolicyStatement[] {
  const keyArns = new Set<string>();
  const note = (bucket: Bucket | undefined, keyId: string | undefined): void => {
    const key = bucket && keyId ? keys.find(keyId, bucket.ownerAccountId, bucket.region) : undefined;
    if (key !== undefined) keyArns.add(key.arn);
  };
  for (const { location } of [...data.inputArtifacts, ...data.outputArtifacts]) {
    const bucket = buckets.get(location.s3Location.bucketName);
    note(bucket, bucket?.encryption?.keyId);
    note(bucket, bucket && latest(bucket, location.s3Location.objectKey)?.encryption.keyArn);
    note(bucket, data.encryptionKey?.id);
  }
  const allow = (Sid: string, Action: readonly string[], Resource: readonly string[]): PolicyStatement[] =>
    Resource.length === 0 ? [] : [{ Sid, Effect: 'Allow', Action, Resource }];
  return [
    ...allow('ReadInputs', ['s3:GetObject', 's3:GetObjectVersion'], data.inputArtifacts.map(arnOf)),
    ...allow('WriteOutputs', ['s3:PutObject'], data.outputArtifacts.map(arnOf)),
    ...allow('UseKeys', ['kms:Decrypt', 'kms:GenerateDataKey', 'kms:DescribeKey'], [...keyArns]),
  ];
}

function arnOf({ location: { s3Location } }: Artifact): string {
  return `arn:aws:s3:::${s3Location.bucketName}/${s3Location.objectKey}`;
}
