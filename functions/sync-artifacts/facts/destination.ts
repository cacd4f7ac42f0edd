// Reads the facts of a destination bucket and of what is there already; decides nothing but the encryption, which must not be guessed.
import { setImmediate } from 'node:timers/promises';
import {
  GetBucketEncryptionCommand,
  HeadBucketCommand,
  type ServerSideEncryptionByDefault,
} from '@aws-sdk/client-s3';
import {
  errorCode,
  httpStatus,
  isAccessDenied,
  isNotFound,
  type RequestTarget,
  redirectRegion,
} from '../aws/errors.ts';
import { isUnsupported } from '../aws/other-servers.ts';
import { send } from '../aws/s3-request.ts';
import type { JobContext } from '../context/context.ts';
import { ConfigurationError } from '../errors.ts';
import type { DestinationEncryption, DestinationFacts, DestinationRequest, ObjectFacts } from '../types.ts';
import { headObject } from './head-object.ts';
import { askInRegion } from './in-region.ts';
import { isAlias, qualifyKey, regionOfKey } from './kms-key.ts';

/** A destination bucket and, in the order of the keys asked for, the objects that it has there. */
export interface DestinationReading {
  readonly facts: DestinationFacts;
  readonly existing: readonly (ObjectFacts | undefined)[];
}

/**
 * Reads region and encryption of a destination, and the objects at the given keys.
 * @throws ConfigurationError when no customer managed KMS key is given or set on the bucket
 * @throws S3RequestError
 */
export async function readDestination(
  destination: DestinationRequest,
  keys: readonly string[],
  context: JobContext,
): Promise<DestinationReading> {
  const known = await regionOf(destination, keys.length + 1, context);
  const region = known ?? context.settings.region;
  const { bucket } = destination;
  return await askInRegion(
    { bucket, region },
    context,
    (asked) => {
      const located = { ...destination, region: asked };
      return known === undefined && asked === region
        ? readWhereKeyIs(located, keys, context)
        : readIn(located, keys, context);
    },
    (actual) =>
      context.telemetry.warn(
        'The region of a destination was corrected: set Region in UserParameters to it or leave it out',
        { bucket, given: region, actual },
      ),
  );
}

/**
 * What a copy must know of a destination, when all of it is known without a request: from a set of the function's configuration, or
 * since this container looked it up. An alias is not: which key it means now shows only when it is asked for.
 * @throws ConfigurationError for a key that cannot be used there
 */
export function knownDestination(
  destination: DestinationRequest,
  { facts }: Pick<JobContext, 'facts'>,
): DestinationFacts | undefined {
  const { bucket, bucketOwner } = destination;
  const found = facts.region(bucket);
  const region = destination.region ?? found;
  if (region === undefined || (found ?? region) !== region) return undefined;
  const encryption = knownEncryption({ ...destination, region }, facts);
  if (encryption === undefined || isAlias(encryption.kmsKeyId)) return undefined;
  return { bucket, bucketOwner, region, encryption };
}

/** A destination in which every artifact is its own source: nothing is written there, so its encryption does not matter. */
export async function readSameBucket(
  destination: DestinationRequest,
  context: JobContext,
): Promise<DestinationReading> {
  const { bucket, bucketOwner } = destination;
  const region = (await regionOf(destination, 0, context)) ?? context.settings.region;
  return { facts: { bucket, bucketOwner, region, encryption: NO_ENCRYPTION_NEEDED }, existing: [] };
}

/** A destination in the region where it is, or is believed to be. */
interface Located extends DestinationRequest {
  readonly region: string;
}

const NO_ENCRYPTION_NEEDED: DestinationEncryption = { algorithm: 'aws:kms', kmsKeyId: '' };

/** On a server that does not tell a bucket's region: it is where the key is, since S3 encrypts with no key of another region. */
async function readWhereKeyIs(
  destination: Located,
  keys: readonly string[],
  context: JobContext,
): Promise<DestinationReading> {
  const { bucket, kmsKeyId } = destination;
  const keyId = kmsKeyId ?? (await readDefaultEncryption(destination, context))?.KMSMasterKeyID ?? '';
  const region = regionOfKey(keyId) ?? destination.region;
  context.facts.setRegion(bucket, region);
  return await readIn({ ...destination, region }, keys, context);
}

async function readIn(
  destination: Located,
  keys: readonly string[],
  context: JobContext,
): Promise<DestinationReading> {
  const { bucket, bucketOwner, region } = destination;
  const [encryption, ...existing] = await Promise.all([
    readEncryption(destination, context),
    ...keys.map((key) => readExisting(destination, key, context)),
  ]);
  return { facts: { bucket, bucketOwner, region, encryption }, existing };
}

/** The region that is given, was found out not long ago, or is found out now. */
async function regionOf(
  destination: DestinationRequest,
  requestCount: number,
  context: JobContext,
): Promise<string | undefined> {
  const { region, bucket } = destination;
  return region ?? context.facts.region(bucket) ?? (await findRegion(destination, requestCount, context));
}

/**
 * Any region's endpoint knows where a bucket is: the answer says so even when it is a redirect or a denial. `undefined` on a server
 * that has no regions. For the requests that will follow there, connections are opened.
 */
async function findRegion(
  { bucket, bucketOwner }: DestinationRequest,
  requestCount: number,
  context: JobContext,
): Promise<string | undefined> {
  const { region: home } = context.settings;
  const target: RequestTarget = { operation: 'HeadBucket', side: 'destination', bucket, region: home };
  let region: string | undefined;
  try {
    const command = new HeadBucketCommand({ Bucket: bucket, ExpectedBucketOwner: bucketOwner });
    region = (await send(context, target, command)).BucketRegion;
  } catch (error) {
    if (isNotFound(error)) throw noSuchBucket(bucket);
    region = redirectRegion(error);
    // A denial does not end it: the role may be allowed to write without being allowed to list.
    if (region === undefined && !isAccessDenied(error) && !isUnsupported(error)) throw error;
  }
  if (region === undefined || region === '') return undefined;
  context.facts.setRegion(bucket, region);
  void context.s3.preconnect([{ bucket, region, count: requestCount }]);
  // To all destinations that have answered by now, before the first requests are made ready: handshakes take a while by themselves.
  await setImmediate();
  return region;
}

/** Fails closed: without a customer managed key nothing is copied. */
async function readEncryption(destination: Located, context: JobContext): Promise<DestinationEncryption> {
  const known = knownEncryption(destination, context.facts);
  if (known !== undefined) return known;
  const { bucket, bucketOwner, kmsKeyId } = destination;
  if (kmsKeyId !== undefined) {
    const algorithm = await readStrongerAlgorithm(destination, context);
    const given: DestinationEncryption = { algorithm, kmsKeyId: qualifyKey(kmsKeyId, destination) };
    context.facts.setEncryption(bucket, bucketOwner, given, kmsKeyId);
    return given;
  }
  const rule = await readDefaultEncryption(destination, context);
  const { SSEAlgorithm: algorithm, KMSMasterKeyID: keyId } = rule ?? {};
  if ((algorithm !== 'aws:kms' && algorithm !== 'aws:kms:dsse') || keyId === undefined || keyId === '') {
    const given =
      algorithm === undefined
        ? 'no default encryption'
        : `default encryption ${algorithm} without a key of yours`;
    throw new ConfigurationError(
      `Bucket ${bucket} has ${given}, and no KmsKeyId is given for it; expected a customer managed KMS key, as the bucket's default encryption or as KmsKeyId of the destination. Nothing was copied.`,
    );
  }
  const encryption: DestinationEncryption = { algorithm, kmsKeyId: qualifyKey(keyId, destination) };
  context.facts.setEncryption(bucket, bucketOwner, encryption);
  return encryption;
}

/** What a set of the configuration says, or what was looked up not long ago. */
function knownEncryption(
  destination: Located,
  facts: JobContext['facts'],
): DestinationEncryption | undefined {
  const { bucket, bucketOwner, kmsKeyId, configured } = destination;
  return kmsKeyId !== undefined && configured
    ? { algorithm: 'aws:kms', kmsKeyId: qualifyKey(kmsKeyId, destination) }
    : facts.encryption(bucket, bucketOwner, kmsKeyId);
}

/** Dual-layer encryption where the bucket's default asks for it, whatever the key; a default that may not be read asks for nothing. */
async function readStrongerAlgorithm(
  destination: Located,
  context: JobContext,
): Promise<DestinationEncryption['algorithm']> {
  const settings = { ...context.settings, accessDeniedRetryMs: 0 };
  try {
    const rule = await readDefaultEncryption(destination, { ...context, settings });
    return rule?.SSEAlgorithm === 'aws:kms:dsse' ? 'aws:kms:dsse' : 'aws:kms';
  } catch (error) {
    if (isAccessDenied(error)) return 'aws:kms';
    throw error;
  }
}

async function readDefaultEncryption(
  { bucket, bucketOwner, region }: Located,
  context: JobContext,
): Promise<Partial<ServerSideEncryptionByDefault> | undefined> {
  const target: RequestTarget = { operation: 'GetBucketEncryption', side: 'destination', bucket, region };
  try {
    const command = new GetBucketEncryptionCommand({ Bucket: bucket, ExpectedBucketOwner: bucketOwner });
    const output = await send(context, target, command);
    return output.ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault;
  } catch (error) {
    if (errorCode(error) === 'NoSuchBucket') throw noSuchBucket(bucket, error);
    if (redirectRegion(error) === undefined && isUnsupported(error)) return undefined;
    throw error;
  }
}

/** What is at the destination; `undefined` also when it may not be looked at, since writing may still be allowed. */
async function readExisting(
  { bucket, bucketOwner, region }: Located,
  key: string,
  context: JobContext,
): Promise<ObjectFacts | undefined> {
  const target: RequestTarget = { operation: 'HeadObject', side: 'destination', bucket, key, region };
  try {
    return await headObject(context, target, { Bucket: bucket, Key: key, ExpectedBucketOwner: bucketOwner });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    // 400: what is there is encrypted with a key that is no longer usable, which is no reason not to replace it.
    const unreadable = httpStatus(error) === 400 && redirectRegion(error) === undefined;
    if (!unreadable && !isAccessDenied(error)) throw error;
    context.telemetry.debug('The destination may not be looked at; it is copied without a look', {
      bucket,
      key,
      region,
    });
    return undefined;
  }
}

function noSuchBucket(bucket: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError(
    `Destination bucket ${bucket} does not exist: create it, or correct its name in UserParameters or in the set of destinations.`,
    { cause },
  );
}
