// Puts a job of the soak into the world: keys, buckets, what is in them, the role's permissions, and the job itself.

import { type Content, generated } from '../aws/content/content.ts';
import type { Bucket, ObjectVersion } from '../aws/state/buckets.ts';
import type { Job } from '../aws/state/code-pipeline/jobs.ts';
import type { SimpleIdentity } from '../aws/state/identities.ts';
import type { PutOptions } from '../aws/state/place-object.ts';
import type { World } from '../aws/state/world.ts';
import { DEFAULT_ACCOUNT_ID } from '../aws/state/world.ts';
import { FUNCTION_NAME } from '../lambda/lambda.ts';
import { LocalPipeline } from '../pipeline/local-pipeline.ts';
import { HOME_REGION, type SoakArtifact, type SoakDestination, type SoakJob } from './job.ts';

/** A copy that the job has to make. */
export interface StagedCopy {
  readonly artifact: SoakArtifact;
  readonly bucket: string;
  readonly key: string;
  readonly kmsKeyArn: string;
  readonly content: Content;
  readonly tags: Readonly<Record<string, string>>;
  /** The source as it was when the job began; what happens to it later does not change this. */
  readonly source: Readonly<ObjectVersion>;
  /** The version that lay there before, if any. */
  readonly existing: ObjectVersion | undefined;
}

/** A job in the world. */
export interface StagedJob {
  readonly job: Job;
  readonly copies: readonly StagedCopy[];
  readonly bucketNames: ReadonlySet<string>;
  /** Where the manifest goes, when the action declares an output artifact. */
  readonly manifest: { readonly bucket: string; readonly key: string } | undefined;
  /** Unfinished uploads that are not ours. */
  readonly strangersUploads: ReadonlySet<string>;
  /** What the function that runs it has in its environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Sets the stage for a job, and gives the role exactly what a deployed one has. */
export function stage(world: World, role: SimpleIdentity, soak: SoakJob): StagedJob {
  const pipeline = new LocalPipeline(world, { accountId: DEFAULT_ACCOUNT_ID, region: HOME_REGION }, role);
  const source = pipeline.addSource(`soak-${soak.seed}-source`, {
    versioning: soak.sourceVersioned ? 'Enabled' : 'Unversioned',
    role: soak.roleMayReadSource ? 'bucket and key' : 'nothing',
  });
  const sources = new Map(
    soak.artifacts.map((artifact) => {
      const put = world.putObject(source, artifact.key, contentOf(artifact), putOptions(artifact));
      return [artifact, { ...put }] as const;
    }),
  );
  const destinations = soak.destinations.map((destination, index) => {
    const { region, versioned, namesKey } = destination;
    const bucket = pipeline.addDestination(`soak-${soak.seed}-to-${index}`, {
      region,
      versioning: versioned ? 'Enabled' : 'Unversioned',
      role: namesKey ? 'bucket' : 'bucket and key',
    });
    const named = namesKey ? world.createKey({ region }) : undefined;
    if (named) pipeline.allowKey(named.arn);
    return { bucket, destination, named, keyArn: named?.arn ?? bucket.encryption?.keyId ?? '' };
  });
  const strangersUploads = new Set<string>();
  const copies = destinations.flatMap(({ bucket, destination, keyArn: kmsKeyArn }) =>
    [...sources].map(([artifact, version]) => {
      if (destination.strangersUpload) strangersUploads.add(strangersUpload(bucket, artifact.key, kmsKeyArn));
      return {
        artifact,
        bucket: bucket.name,
        key: artifact.key,
        kmsKeyArn,
        content: contentOf(artifact),
        tags: artifact.tags,
        source: version,
        existing: existingObject(world, bucket, artifact, destination, kmsKeyArn),
      };
    }),
  );
  const set = destinations.map(({ bucket, keyArn }) => ({
    Bucket: bucket.name,
    Region: bucket.region,
    KmsKeyId: keyArn,
  }));
  const DestinationBuckets = destinations.map(({ bucket, named }) =>
    named === undefined ? bucket.name : { Bucket: bucket.name, KmsKeyId: named.arn },
  );
  const userParameters = {
    ...(soak.namesSet ? { Destinations: 'soak' } : { DestinationBuckets }),
    Mode: soak.mode,
  };
  const environment: StagedJob['environment'] = soak.namesSet
    ? { SYNC_DESTINATION_SETS: JSON.stringify({ soak: set }) }
    : {};
  const location = (name: string, objectKey: string) => ({
    name,
    location: { type: 'S3' as const, s3Location: { bucketName: source.name, objectKey } },
  });
  const job = pipeline.createJob({
    actionConfiguration: {
      configuration: { FunctionName: FUNCTION_NAME, UserParameters: JSON.stringify(userParameters) },
    },
    inputArtifacts: soak.artifacts.map(({ name, key }) => location(name, key)),
    outputArtifacts: soak.outputArtifact ? [location('Manifest', MANIFEST_KEY)] : [],
  });
  const bucketNames = new Set([source.name, ...destinations.map(({ bucket }) => bucket.name)]);
  const manifest = soak.outputArtifact ? { bucket: source.name, key: MANIFEST_KEY } : undefined;
  return { job, copies, bucketNames, manifest, strangersUploads, environment };
}

/** Those of these buckets that are there: a fault may have deleted one. */
export function bucketsOf(world: World, names: Iterable<string>): Bucket[] {
  return [...new Set(names)].flatMap((name) => world.buckets.get(name) ?? []);
}

const MANIFEST_KEY = 'manifest/out.zip';

function contentOf({ sizeBytes, contentSeed }: SoakArtifact): Content {
  return generated(sizeBytes, contentSeed);
}

function putOptions({ checksum, sizeBytes, tags, name }: SoakArtifact): PutOptions {
  const options: PutOptions = { contentType: 'application/zip', metadata: { artifact: name }, tags };
  if (checksum === 'none') return { ...options, checksum };
  if (checksum === 'COMPOSITE' && sizeBytes > 0)
    return { ...options, checksum: { algorithm: 'SHA256', type: checksum }, partSizeBytes: PART_BYTES };
  const algorithm = checksum === 'SHA256' ? 'SHA256' : 'CRC64NVME';
  return { ...options, checksum: { algorithm } };
}

const PART_BYTES = 9 * 2 ** 20;

function existingObject(
  world: World,
  bucket: Bucket,
  artifact: SoakArtifact,
  { existing }: SoakDestination,
  kmsKeyArn: string,
) {
  if (existing === 'nothing') return undefined;
  const content = existing === 'the same' ? contentOf(artifact) : generated(artifact.sizeBytes, 7);
  const there = world.putObject(bucket, artifact.key, content, { ...putOptions(artifact), kmsKeyArn });
  // So old that it cannot be taken for what a request of the job has written whose answer was lost.
  return Object.assign(there, { lastModified: new Date(Date.now() - 3_600_000) });
}

/** An upload that another principal began at the same key. */
function strangersUpload(bucket: Bucket, key: string, keyArn: string): string {
  const uploadId = `stranger-${bucket.uploads.size}-${bucket.name}`;
  bucket.uploads.set(uploadId, {
    uploadId,
    key,
    initiatedAt: new Date(),
    initiatorArn: `arn:aws:iam::${DEFAULT_ACCOUNT_ID}:user/stranger`,
    headers: {},
    metadata: {},
    tags: {},
    encryption: { algorithm: 'aws:kms', keyArn, bucketKey: true },
    storageClass: 'STANDARD',
    parts: new Map(),
  });
  return uploadId;
}
