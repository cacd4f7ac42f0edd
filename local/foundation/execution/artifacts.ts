// Artifacts in the stores of a pipeline: how CodePipeline writes them, reads them, and brings them to the region of an action.
import { randomBytes } from 'node:crypto';
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import type { ArtifactStore, PipelineDeclaration } from './declaration.ts';
import type { Session } from './session.ts';
import { StepError } from './steps.ts';

/** An artifact in the store of the pipeline's own region. */
export interface Artifact {
  readonly name: string;
  readonly key: string;
  /** What its source calls this revision: the version of an object, or a commit. */
  readonly revision: string;
}

/** What a principal asks about a store before it reads or writes there. */
interface StoreAccess {
  /** Actions on the bucket. */
  readonly looks: readonly string[];
  /** Whether it looks at the key itself, not through S3. */
  readonly describesKey: boolean;
  /** Whether it writes with a canned ACL. */
  readonly setsAcl: boolean;
}

/** CodePipeline user guide, "Manage the CodePipeline service role". */
export const AS_PIPELINE: StoreAccess = {
  looks: ['s3:GetBucketAcl', 's3:GetBucketLocation', 's3:GetBucketVersioning'],
  describesKey: true,
  setsAcl: true,
};

/** CodePipeline user guide, cross-account pipelines: what CodePipeline does with the role of another account. */
export const AS_ACTION_ROLE: StoreAccess = {
  looks: ['s3:GetBucketLocation', 's3:GetBucketVersioning', 's3:ListBucket'],
  describesKey: true,
  setsAcl: false,
};

/** CodeBuild user guide, service role: what it needs for artifacts of CodePipeline. */
export const AS_BUILD: StoreAccess = {
  looks: ['s3:GetBucketAcl', 's3:GetBucketLocation'],
  describesKey: false,
  setsAcl: false,
};

/** CodePipeline shortens both names in the keys that it makes (unverified: seen in public examples of job events). */
const MAX_PIPELINE_NAME = 20;
const MAX_ARTIFACT_NAME = 10;

/** A key such as CodePipeline chooses: `PIPELINE/ARTIFACT/RANDOM`. */
export function newKey(pipelineName: string, artifactName: string): string {
  const random = randomBytes(6).toString('base64url').slice(0, 7);
  return `${pipelineName.slice(0, MAX_PIPELINE_NAME)}/${artifactName.slice(0, MAX_ARTIFACT_NAME)}/${random}`;
}

/** The store of a region. @throws StepError where the pipeline has none */
export function storeIn(pipeline: PipelineDeclaration, region: string): ArtifactStore {
  const store = pipeline.artifactStores.get(region);
  if (store !== undefined) return store;
  throw new StepError('InvalidStructure', `Pipeline ${pipeline.name} has no artifact store in ${region}.`);
}

/** Calls that are decided on a bucket; of some, only the permission is documented. */
export function look(session: Session, actions: readonly string[], bucket: string, region: string): void {
  for (const action of actions) session.call(action, `arn:aws:s3:::${bucket}`, region);
}

/** Writes an artifact under a new key of the store, with the encryption of the store. */
export async function storeArtifact(
  session: Session,
  pipeline: PipelineDeclaration,
  region: string,
  { name, revision }: Omit<Artifact, 'key'>,
  body: Uint8Array,
  { looks, describesKey, setsAcl }: StoreAccess = AS_PIPELINE,
): Promise<Artifact> {
  const { bucket, keyArn } = storeIn(pipeline, region);
  const key = newKey(pipeline.name, name);
  look(session, looks, bucket, region);
  if (keyArn !== undefined && describesKey) session.useKey('kms:DescribeKey', keyArn);
  const acl = 'bucket-owner-full-control';
  if (setsAcl) {
    session.call('s3:PutObjectAcl', `arn:aws:s3:::${bucket}/${key}`, region, { 's3:x-amz-acl': acl });
  }
  await session.s3(region).send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: key,
      Body: body,
      ACL: setsAcl ? acl : undefined,
      ContentType: 'application/zip',
      // CodePipeline API, ArtifactStore: without a key of its own, the one that S3 has in the account.
      ServerSideEncryption: 'aws:kms',
      SSEKMSKeyId: keyArn,
    }),
  );
  return { name, key, revision };
}

/** Reads an artifact. */
export async function readArtifact(
  session: Session,
  pipeline: PipelineDeclaration,
  region: string,
  key: string,
  { looks, describesKey }: StoreAccess = AS_PIPELINE,
): Promise<Uint8Array> {
  const { bucket, keyArn } = storeIn(pipeline, region);
  look(session, looks, bucket, region);
  if (keyArn !== undefined && describesKey) session.useKey('kms:DescribeKey', keyArn);
  const { body } = await readVersion(session, region, bucket, key);
  return body;
}

/** Reads one version of an object, the latest unless it is given, and no other that is written meanwhile. */
export async function readVersion(
  session: Session,
  region: string,
  Bucket: string,
  Key: string,
  version?: string,
): Promise<{ readonly body: Uint8Array; readonly version: string | undefined; readonly etag: string }> {
  const client = session.s3(region);
  const VersionId = version ?? (await client.send(new HeadObjectCommand({ Bucket, Key }))).VersionId;
  const { Body, ETag = '' } = await client.send(new GetObjectCommand({ Bucket, Key, VersionId }));
  const body = (await Body?.transformToByteArray()) ?? new Uint8Array();
  return { body, version: VersionId, etag: ETag };
}

/**
 * Where an action finds its input: in the pipeline's region where it is, elsewhere where CodePipeline replicates it to before
 * the action starts (CodePipeline user guide, cross-region actions).
 */
export async function bringTo(
  session: Session,
  pipeline: PipelineDeclaration,
  region: string,
  artifact: Artifact,
): Promise<string> {
  if (region === pipeline.region) return artifact.key;
  const body = await readArtifact(session, pipeline, pipeline.region, artifact.key);
  const { key } = await storeArtifact(session, pipeline, region, artifact, body);
  return key;
}
