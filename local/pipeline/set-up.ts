// Builds the world that an event speaks of: keys, buckets, artifacts, the function's role and the job.
import { denyOtherEncryption, keyPolicy } from '../../infra/permissions/artifact-store-policies.ts';
import type { Statement } from '../../infra/permissions/statement.ts';
import { type Content, fromFile, generated } from '../aws/content/content.ts';
import type { ObjectVersion } from '../aws/state/buckets.ts';
import type { Job } from '../aws/state/code-pipeline/jobs.ts';
import type { Credentials } from '../aws/state/identities.ts';
import type { KmsKey } from '../aws/state/kms-keys.ts';
import type { PutOptions } from '../aws/state/place-object.ts';
import type { World } from '../aws/state/world.ts';
import type { DestinationBucket } from './event/destinations.ts';
import { type ArtifactLocation, BUCKET_NAME, type ReplayEvent } from './event/event.ts';
import { addLostJobRole, LocalPipeline } from './local-pipeline.ts';
import { regionOfKey } from './regions.ts';
import { DEFAULT_ARTIFACT_BYTES, type Scenario } from './scenarios.ts';

/** The bytes of an artifact: a file of the user's, or generated. */
export type ArtifactSource = { readonly file: string } | { readonly sizeBytes: number };

/** Where the bytes of an artifact come from, so that another thread can make them too. */
export type ContentRecipe = { readonly file: string } | { readonly sizeBytes: number; readonly seed: number };

/** What was set up, as far as it is needed later. */
export interface Stage {
  readonly pipeline: LocalPipeline;
  readonly job: Job;
  readonly role: Credentials;
  /** Of the on-failure destination. */
  readonly lostJobRole: Credentials;
  /** An administrator of the event's account, who looks at the copies afterwards. */
  readonly reader: Credentials;
  /** By artifact name; artifacts that are missing on purpose are not in it. */
  readonly recipes: ReadonlyMap<string, ContentRecipe>;
  /** The versions that the job is about, whatever becomes of their keys later; by artifact name. */
  readonly sources: ReadonlyMap<string, ObjectVersion>;
  readonly sizesBytes: ReadonlyMap<string, number>;
  /** ARN of the key that copies in a bucket must be encrypted with, by bucket; none for a bucket without one. */
  readonly keyArns: ReadonlyMap<string, string>;
}

/** What lies where a copy should go. */
const OCCUPANT_BYTES = 77_777;
const OCCUPANT_SEED = 4_711;

const KEY_ALIAS = 'alias/artifacts';
const KEY_ARN = /^arn:aws[\w-]*:kms:([\w-]+):(\d{12}):(?:key\/([\w-]+)|(alias\/.+))$/;
/** KMS developer guide, key identifiers: a UUID, or `mrk-` and 32 hexadecimal digits. */
const KEY_ID = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/;

/** Sets everything up in an empty world. */
export function setUp(
  world: World,
  event: ReplayEvent,
  scenario: Scenario,
  artifacts: ReadonlyMap<string, ArtifactSource>,
): Stage {
  const pipeline = new LocalPipeline(world, { accountId: event.accountId, region: event.region });
  addSources(pipeline, event, scenario);
  const recipes = new Map<string, ContentRecipe>();
  const sources = new Map<string, ObjectVersion>();
  for (const [index, input] of event.inputs.entries()) {
    const { name, bucket, key } = input;
    if (scenario.missingArtifacts?.includes(name)) continue;
    const recipe = recipeOf(input, index, scenario, artifacts);
    recipes.set(name, recipe);
    sources.set(name, world.putObject(bucket, key, contentOf(recipe), propertiesOf(input, scenario)));
  }
  const keyArns = new Map<string, string>();
  // Other names are left for the function to complain about.
  for (const destination of event.destinations.filter(({ bucket }) => BUCKET_NAME.test(bucket))) {
    const arn = addDestination(pipeline, destination, scenario);
    if (arn !== undefined) keyArns.set(destination.bucket, arn);
  }
  protectStores(world, event, keyArns);
  for (const { destination, key } of event.copies) {
    if (scenario.occupiedBuckets?.includes(destination.bucket))
      world.putObject(destination.bucket, key, generated(OCCUPANT_BYTES, OCCUPANT_SEED));
  }
  return {
    pipeline,
    job: pipeline.createJob(event.data, event.jobId),
    role: pipeline.role.credentials,
    lostJobRole: addLostJobRole(world, event.accountId).credentials,
    reader: world.addIdentity({
      principalArn: `arn:aws:iam::${event.accountId}:user/reader`,
      may: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
    }).credentials,
    recipes,
    sources,
    sizesBytes: new Map([...sources].map(([name, { sizeBytes }]) => [name, sizeBytes])),
    keyArns,
  };
}

/**
 * Gives the pipeline's own keys and destinations the policies that artifact stores are deployed with: the keys work through S3
 * only, and nothing is written under another one.
 */
function protectStores(world: World, event: ReplayEvent, keyArns: ReadonlyMap<string, string>): void {
  const { accountId: account } = event;
  const regions = [...new Set([event.region, ...event.destinations.map(({ region }) => region)])];
  for (const region of regions) {
    for (const key of world.keys.list(account, region).filter(({ manager }) => manager === 'CUSTOMER')) {
      const statements = keyPolicy({ partition: 'aws', account, region }, [], regions);
      world.setKeyPolicy(key, policyOf(statements));
    }
  }
  for (const [name, keyArn] of keyArns) {
    const bucket = world.bucket(name);
    const key = world.keys.get(keyArn);
    if (bucket.ownerAccountId !== account || key === undefined) continue;
    const { arn, region } = bucket;
    const [alias = KEY_ALIAS] = key.aliases;
    const statements = denyOtherEncryption(
      { partition: 'aws', account, region },
      { bucketArn: arn, arnForObjects: (pattern) => `${arn}/${pattern}` },
      { keyArn, keyId: key.keyId, alias },
    );
    world.setBucketPolicy(bucket, policyOf(statements));
  }
}

function policyOf(statements: readonly Statement[]): object {
  return { Version: '2012-10-17', Statement: statements };
}

/** A new job like the first one, as the pipeline starts when the stage is retried. */
export function retryStage({ pipeline, job }: Stage): Job {
  const { artifactCredentials: _expired, ...data } = job.data;
  return pipeline.createJob(data);
}

/** The bytes of an artifact. */
export function contentOf(recipe: ContentRecipe): Content {
  return 'file' in recipe ? fromFile(recipe.file) : generated(recipe.sizeBytes, recipe.seed);
}

/** Makes the buckets of inputs and outputs; invalid names are left for the function to complain about. */
function addSources(pipeline: LocalPipeline, event: ReplayEvent, scenario: Scenario): void {
  const { encryptionKeyId } = event;
  if (encryptionKeyId) requestedKey(pipeline.world, encryptionKeyId, event.accountId, event.region);
  // S3 cannot use a key of another region: such a bucket gets one of its own.
  const usable = (regionOfKey(encryptionKeyId ?? '') ?? event.region) === event.region;
  const names = new Set([...event.inputs, ...event.outputs].map(({ bucket }) => bucket));
  for (const name of names) {
    if (!BUCKET_NAME.test(name)) continue;
    pipeline.addSource(name, {
      key: sharedKey(pipeline.world, event.accountId, event.region, usable ? encryptionKeyId : undefined),
      versioning: scenario.unversionedSource ? 'Unversioned' : 'Enabled',
      role: scenario.roleMayNotReadSource ? 'nothing' : 'bucket and key',
    });
  }
}

function propertiesOf({ name }: ArtifactLocation, scenario: Scenario): PutOptions {
  return {
    contentType: 'application/zip',
    metadata: { 'pipeline-artifact': name },
    // Only the role may read tags: artifactCredentials cover the objects' content.
    tags: scenario.roleMayNotReadSource ? {} : { artifact: name },
    ...(scenario.sourceWithoutChecksum ? { checksum: 'none' } : {}),
  };
}

function recipeOf(
  { name }: ArtifactLocation,
  index: number,
  scenario: Scenario,
  artifacts: ReadonlyMap<string, ArtifactSource>,
): ContentRecipe {
  const given = artifacts.get(name);
  if (given && 'file' in given) return given;
  const sizeBytes = given?.sizeBytes ?? scenario.artifactBytes?.[name] ?? DEFAULT_ARTIFACT_BYTES;
  return { sizeBytes, seed: index + 1 };
}

/** Makes a destination bucket with what the role needs, and gives the ARN of the key that its copies must have. */
function addDestination(
  pipeline: LocalPipeline,
  { bucket: name, region, ownerAccountId, kmsKeyId }: DestinationBucket,
  scenario: Scenario,
): string | undefined {
  const { world } = pipeline;
  const role = kmsKeyId || scenario.deniedKeyBuckets?.includes(name) ? 'bucket' : 'bucket and key';
  const existing = world.buckets.get(name);
  if (existing) pipeline.allowWriting(existing, role);
  const bucket =
    existing ??
    pipeline.addDestination(name, {
      region,
      ownerAccountId,
      key: scenario.bucketsWithoutKmsKey?.includes(name) ? 'none' : sharedKey(world, ownerAccountId, region),
      role,
    });
  if (kmsKeyId === undefined) return bucket.encryption?.keyId;
  requestedKey(world, kmsKeyId, ownerAccountId, region);
  const arn = world.keys.find(kmsKeyId, ownerAccountId, region)?.arn;
  if (arn !== undefined && !scenario.deniedKeyBuckets?.includes(name)) pipeline.allowKey(arn);
  return arn;
}

/** The given key if there is one, else the one that all buckets of an account have in a region. */
function sharedKey(world: World, accountId: string, region: string, keyId?: string): KmsKey {
  return (
    (keyId ? world.keys.find(keyId, accountId, region) : undefined) ??
    world.keys.find(KEY_ALIAS, accountId, region) ??
    world.createKey({ accountId, region, alias: KEY_ALIAS })
  );
}

/**
 * Makes the key that an event names by ARN, alias ARN, id or alias, unless it is there. Nothing is made for a name that
 * KMS would not know as one of these, so that the function finds what it would find on AWS: no key.
 */
function requestedKey(world: World, id: string, accountId: string, region: string): void {
  const [, ofRegion = region, ofAccount = accountId, keyId, alias] = KEY_ARN.exec(id) ?? [];
  if (world.keys.find(id, ofAccount, ofRegion)) return;
  const named = alias ?? (id.startsWith('alias/') ? id : undefined);
  const bareId = keyId ?? id;
  if (named === undefined && !KEY_ID.test(bareId)) return;
  world.createKey({
    accountId: ofAccount,
    region: ofRegion,
    ...(named === undefined ? { keyId: bareId } : { alias: named }),
  });
}
