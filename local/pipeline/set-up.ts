// Builds the world that an event speaks of: keys, buckets, artifacts, the function's role and the job.

import { type Content, fromFile, generated } from '../aws/content/content.ts';
import type { Bucket } from '../aws/state/buckets.ts';
import type { Job } from '../aws/state/code-pipeline-jobs.ts';
import type { Credentials } from '../aws/state/identities.ts';
import type { KmsKey } from '../aws/state/kms-keys.ts';
import type { World } from '../aws/state/world.ts';
import { FUNCTION_NAME } from '../lambda/lambda.ts';
import type { ArtifactSource } from '../replay/options.ts';
import type { ArtifactLocation, DestinationBucket, ReplayEvent } from './event.ts';
import { roleGrants, roleSessionArn } from './identities.ts';
import { DEFAULT_ARTIFACT_BYTES, type Scenario } from './scenarios.ts';

/** Where the bytes of an artifact come from, so that another thread can make them too. */
export type ContentRecipe = { readonly file: string } | { readonly sizeBytes: number; readonly seed: number };

/** What was set up, as far as it is needed later. */
export interface Stage {
  readonly job: Job;
  readonly role: Credentials;
  /** Of the on-failure destination: it may fail jobs, nothing else. */
  readonly lostJobRole: Credentials;
  /** By artifact name; artifacts that are missing on purpose are not in it. */
  readonly recipes: ReadonlyMap<string, ContentRecipe>;
  readonly sizesBytes: ReadonlyMap<string, number>;
  /** ARN of the key that copies in a bucket must be encrypted with, by bucket; none for a bucket without one. */
  readonly keyArns: ReadonlyMap<string, string>;
}

const KEY_ALIAS = 'alias/artifacts';
const KEY_ARN = /^arn:aws[\w-]*:kms:([\w-]+):(\d{12}):(?:key\/([\w-]+)|(alias\/.+))$/;
/** S3 user guide, bucket naming rules; names that are none are left for the function to complain about. */
const BUCKET_NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** Sets everything up in an empty world. */
export function setUp(
  world: World,
  event: ReplayEvent,
  scenario: Scenario,
  artifacts: ReadonlyMap<string, ArtifactSource>,
): Stage {
  const home = { region: event.region, accountId: event.accountId };
  if (event.encryptionKeyId) requestedKey(world, event.encryptionKeyId, home.accountId, home.region);
  const sourceBuckets = new Map<string, Bucket>();
  for (const { bucket } of [...event.inputs, ...event.outputs]) {
    if (!world.buckets.has(bucket) && BUCKET_NAME.test(bucket)) {
      sourceBuckets.set(bucket, keyedBucket(world, bucket, event.encryptionKeyId, home));
    }
  }
  const recipes = new Map<string, ContentRecipe>();
  const sizesBytes = new Map<string, number>();
  for (const [index, input] of event.inputs.entries()) {
    const bucket = sourceBuckets.get(input.bucket);
    if (!bucket || scenario.missingArtifacts?.includes(input.name)) continue;
    const recipe = recipeOf(input, index, scenario, artifacts);
    const content = contentOf(recipe);
    recipes.set(input.name, recipe);
    sizesBytes.set(input.name, content.sizeBytes);
    world.putObject(bucket, input.key, content, {
      contentType: 'application/zip',
      metadata: { 'pipeline-artifact': input.name },
      // Only the role may read tags: artifactCredentials cover the objects' content.
      tags: scenario.roleMayNotReadSource ? {} : { artifact: input.name },
    });
  }
  const destinations = event.destinations.filter(({ bucket }) => BUCKET_NAME.test(bucket));
  for (const destination of destinations) addDestination(world, destination, scenario);
  const keyArns = new Map(
    destinations.flatMap((destination) => {
      const arn = expectedKey(world, destination)?.arn;
      return arn === undefined ? [] : [[destination.bucket, arn] as const];
    }),
  );
  const reads = scenario.roleMayNotReadSource ? [] : [...sourceBuckets.values()];
  const role = world.addIdentity({
    principalArn: roleSessionArn(event.accountId, FUNCTION_NAME),
    accountId: event.accountId,
    expiresAt: new Date(Date.now() + ROLE_SESSION_MS),
    may: roleGrants({
      sourceBuckets: reads.map(({ name }) => name),
      sourceKeyArns: reads.flatMap((bucket) => defaultKey(world, bucket)?.arn ?? []),
      destinationBuckets: destinations.map(({ bucket }) => bucket),
      destinationKeyArns: destinations.flatMap(({ bucket }) =>
        scenario.deniedKeyBuckets?.includes(bucket) ? [] : (keyArns.get(bucket) ?? []),
      ),
    }),
  });
  const lostJobRole = world.addIdentity({
    principalArn: roleSessionArn(event.accountId, 'lost-job'),
    accountId: event.accountId,
    expiresAt: new Date(Date.now() + ROLE_SESSION_MS),
    may: [{ actions: ['codepipeline:PutJobFailureResult'], resources: ['*'] }],
  });
  const job = world.codePipeline.createJob({
    jobId: event.jobId,
    accountId: event.accountId,
    data: event.data,
  });
  return { job, role: role.credentials, lostJobRole: lostJobRole.credentials, recipes, sizesBytes, keyArns };
}

/** The bytes of an artifact. */
export function contentOf(recipe: ContentRecipe): Content {
  return 'file' in recipe ? fromFile(recipe.file) : generated(recipe.sizeBytes, recipe.seed);
}

/** Lambda renews a role's credentials long before they end; a replay is over sooner. */
const ROLE_SESSION_MS = 24 * 3_600_000;

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

function addDestination(world: World, destination: DestinationBucket, scenario: Scenario): void {
  const { bucket, region, ownerAccountId, kmsKeyId } = destination;
  if (kmsKeyId) requestedKey(world, kmsKeyId, ownerAccountId, region);
  if (world.buckets.has(bucket)) return;
  if (scenario.bucketsWithoutKmsKey?.includes(bucket)) {
    world.createBucket({ name: bucket, region, ownerAccountId, versioning: 'Enabled' });
  } else {
    keyedBucket(world, bucket, undefined, { region, accountId: ownerAccountId });
  }
}

/** A bucket that encrypts with a customer managed key of its own account and region. */
function keyedBucket(
  world: World,
  name: string,
  keyId: string | undefined,
  { region, accountId }: { readonly region: string; readonly accountId: string },
): Bucket {
  const key =
    (keyId ? world.keys.find(keyId, accountId, region) : undefined) ??
    world.keys.find(KEY_ALIAS, accountId, region) ??
    world.createKey({ accountId, region, alias: KEY_ALIAS });
  return world.createBucket({
    name,
    region,
    ownerAccountId: accountId,
    versioning: 'Enabled',
    encryption: { algorithm: 'aws:kms', keyId: key.arn, bucketKey: true },
  });
}

/** Makes the key that an event names, be it by ARN, alias ARN, id or alias, unless it is there. */
function requestedKey(world: World, id: string, accountId: string, region: string): void {
  const [, ofRegion = region, ofAccount = accountId, keyId, alias] = KEY_ARN.exec(id) ?? [];
  if (world.keys.find(id, ofAccount, ofRegion) || (id.startsWith('arn:') && !keyId && !alias)) return;
  const named = alias ?? (id.startsWith('alias/') ? id : undefined);
  const bareId = keyId ?? (named ? undefined : id);
  world.createKey({
    accountId: ofAccount,
    region: ofRegion,
    ...(bareId ? { keyId: bareId } : {}),
    ...(named ? { alias: named } : {}),
  });
}

function expectedKey(
  world: World,
  { bucket, region, ownerAccountId, kmsKeyId }: DestinationBucket,
): KmsKey | undefined {
  const made = world.buckets.get(bucket);
  return kmsKeyId ? world.keys.find(kmsKeyId, ownerAccountId, region) : made && defaultKey(world, made);
}

function defaultKey(world: World, { encryption, ownerAccountId, region }: Bucket): KmsKey | undefined {
  return encryption?.keyId ? world.keys.find(encryption.keyId, ownerAccountId, region) : undefined;
}
