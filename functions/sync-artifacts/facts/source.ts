// Reads the facts of a source artifact, with whichever identity may read them; decides nothing.
import {
  GetObjectAttributesCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  type ObjectPart,
} from '@aws-sdk/client-s3';
import { httpStatus, isAccessDenied, isNotFound } from '../aws/errors.ts';
import { MAX_PARTS } from '../aws/limits.ts';
import { isUnsupported } from '../aws/other-servers.ts';
import { type RequestContext, send } from '../aws/s3-request.ts';
import type { JobContext } from '../context/context.ts';
import { ConfigurationError, SyncError } from '../errors.ts';
import { CLOCK_SKEW_MS } from '../speeds.ts';
import type { Artifact, ObjectFacts, SourceFacts, SourcePin, SourceReader, SyncJob, Tag } from '../types.ts';
import { headObject } from './head-object.ts';
import { askInRegion } from './in-region.ts';
import { type SourcePlace, sourceObject, sourceTarget } from './object-fields.ts';
import { hasPinnedEtag } from './object-identity.ts';

/** The source that an earlier invocation of the job began to copy, and when the job began. */
interface PinnedSource extends SourcePin {
  readonly jobStartedAtMs: number;
}

/**
 * Reads size, ETag, version, checksum, headers, metadata and tags of an artifact.
 * @param pin  what an earlier invocation pinned: it is still there, or the job is out of sync.
 * @throws S3RequestError or SyncError
 */
export async function readSource(
  artifact: Artifact,
  job: Pick<SyncJob, 'mode' | 'accountId'>,
  context: JobContext,
  pin?: PinnedSource,
): Promise<SourceFacts> {
  const candidates = readersOf(job, context).map((readableBy) => ({
    artifact,
    bucketOwner: job.accountId,
    readableBy,
    region: context.facts.region(artifact.bucket) ?? context.settings.region,
    context,
  }));
  let denial: unknown;
  for (const source of candidates) {
    try {
      return await askInRegion({ bucket: artifact.bucket, region: source.region }, context, (region) =>
        readAs({ ...source, region }, pin),
      );
    } catch (error) {
      if (!isAccessDenied(error)) throw error;
      denial ??= error;
    }
  }
  throw denial;
}

/**
 * Looks at a source once more. What neither a version, a checksum nor the server's own conditions protect may have changed while it was
 * copied: some servers ignore `x-amz-copy-source-if-match` on parts.
 * @throws SyncError when it is no longer what was read first
 */
export async function requireUnchanged(source: SourceFacts, context: JobContext): Promise<void> {
  const { artifact, etag, sizeBytes } = source;
  const now = await undefinedIfGone(headSource({ ...source, context }, undefined));
  if (now !== undefined && now.etag === etag && now.sizeBytes === sizeBytes) return;
  throw new SyncError(
    'RevisionOutOfSync',
    `Artifact ${artifact.name} at s3://${artifact.bucket}/${artifact.key} changed while it was being copied: release the change again.`,
  );
}

/** Who asks, for what, where. */
interface SourceRequest extends SourcePlace {
  readonly context: JobContext;
}

/** Role first, since only it can copy server-side; a relay reads with the job's credentials in any case. */
function readersOf({ mode }: Pick<SyncJob, 'mode'>, { s3 }: JobContext): readonly SourceReader[] {
  if (mode === 'copy') return ['role'];
  if (mode === 'auto' || mode === 'audit')
    return s3.hasArtifactCredentials ? ['role', 'artifactCredentials'] : ['role'];
  if (s3.hasArtifactCredentials) return ['artifactCredentials'];
  throw new ConfigurationError(
    'UserParameters property Mode is "relay", but the job has no artifactCredentials; expected "auto" or "copy".',
  );
}

async function readAs(source: SourceRequest, pin: PinnedSource | undefined): Promise<SourceFacts> {
  // Asked for beside the HEAD and so unpinned, to save a round trip; asked again if they turn out to be another version's.
  const mayTag = source.readableBy === 'role' ? source.context : withoutDenialRetries(source.context);
  const early = valueOrError(readTags(source, pin?.versionId, mayTag));
  const facts = await readFacts(source, pin);
  const partSizesBytes = await readPartSizes(source, facts);
  const tags = await readableTags(await early, [source, ...otherIdentity(source)], facts.versionId);
  if (tags === undefined) {
    source.context.telemetry.warn('Tags of the source may not be read, so they are not copied', {
      artifact: source.artifact.name,
    });
  }
  return {
    ...facts,
    artifact: source.artifact,
    bucketOwner: source.bucketOwner,
    region: source.region,
    readableBy: source.readableBy,
    tags,
    ...(partSizesBytes === undefined ? {} : { partSizesBytes }),
  };
}

async function readFacts(source: SourceRequest, pin: PinnedSource | undefined): Promise<ObjectFacts> {
  if (pin === undefined) return await headSource(source, undefined);
  const { name, bucket, key } = source.artifact;
  const [pinned, latest] = await Promise.all([
    undefinedIfGone(headSource(source, pin.versionId)),
    pin.versionId === undefined ? undefined : undefinedIfGone(headSource(source, undefined)),
  ]);
  // A version that was not the latest when the job began is none that the job can have pinned.
  const overtaken = latest !== undefined && latest.versionId !== pin.versionId;
  const inTime = !overtaken || (latest.lastModified?.getTime() ?? 0) >= pin.jobStartedAtMs - CLOCK_SKEW_MS;
  if (pinned !== undefined && hasPinnedEtag(pinned, pin) && inTime) return pinned;
  throw new SyncError(
    'RevisionOutOfSync',
    `Artifact ${name} at s3://${bucket}/${key} is no longer what this job began to copy: release the change again.`,
  );
}

function headSource(source: SourceRequest, versionId: string | undefined): Promise<ObjectFacts> {
  return headObject(source.context, sourceTarget(source, 'HeadObject'), sourceObject(source, versionId));
}

async function undefinedIfGone(facts: Promise<ObjectFacts>): Promise<ObjectFacts | undefined> {
  try {
    return await facts;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** A delete marker answers 405 to a HEAD of its own version. */
function isGone(error: unknown): boolean {
  return isNotFound(error) || httpStatus(error) === 405;
}

/** The job's credentials are seldom allowed to read tags: asking them again would only delay every relay. */
function withoutDenialRetries({ s3, signal, settings }: JobContext): RequestContext {
  return { s3, signal, settings: { ...settings, accessDeniedRetryMs: 0 } };
}

/** Whatever the mode, tags are read with whichever identity may. */
function otherIdentity(source: SourceRequest): readonly SourceRequest[] {
  if (source.readableBy === 'artifactCredentials') return [{ ...source, readableBy: 'role' }];
  return source.context.s3.hasArtifactCredentials ? [{ ...source, readableBy: 'artifactCredentials' }] : [];
}

interface TagReading {
  readonly tags: readonly Tag[];
  readonly versionId: string | undefined;
}

async function readTags(
  source: SourceRequest,
  versionId: string | undefined,
  context: RequestContext = source.context,
): Promise<TagReading> {
  const command = new GetObjectTaggingCommand(sourceObject(source, versionId));
  const output = await send(context, sourceTarget(source, 'GetObjectTagging'), command);
  return {
    tags: (output.TagSet ?? []).map(({ Key = '', Value = '' }) => ({ Key, Value })),
    versionId: output.VersionId,
  };
}

/** The tags as the first identity that may read them sees them; `undefined` when none may; none on a server without tags. */
async function readableTags(
  early: ValueOrError<TagReading>,
  [first, ...others]: readonly [SourceRequest, ...SourceRequest[]],
  versionId: string | undefined,
): Promise<readonly Tag[] | undefined> {
  let result = early;
  if ('value' in result && versionId !== undefined && (result.value.versionId ?? versionId) !== versionId) {
    result = await valueOrError(readTags(first, versionId));
  }
  for (const other of others) {
    if ('value' in result || !isAccessDenied(result.error)) break;
    result = await valueOrError(readTags(other, versionId, withoutDenialRetries(other.context)));
  }
  if ('value' in result) return result.value.tags;
  if (isAccessDenied(result.error)) return undefined;
  if (isUnsupported(result.error)) return [];
  throw result.error;
}

/**
 * The part sizes of an object with a COMPOSITE checksum, in bytes. `undefined` when they cannot be had: the copy is then proved
 * less strongly, as it says.
 */
async function readPartSizes(
  source: SourceRequest,
  facts: ObjectFacts,
): Promise<readonly number[] | undefined> {
  if (facts.checksum?.type !== 'COMPOSITE') return undefined;
  const count = Number(/-(\d+)$/.exec(facts.checksum.value)?.[1]);
  if (!Number.isInteger(count) || count < 1) return undefined;
  if (count === 1) return [facts.sizeBytes];
  const sizes = (await listPartSizes(source, facts)) ?? (await headPartSizes(source, facts, count));
  const whole = sizes?.length === count && sizes.reduce((sum, size) => sum + size, 0) === facts.sizeBytes;
  return whole ? sizes : undefined;
}

const MAX_PAGES = 1 + MAX_PARTS / 1000;

/** From GetObjectAttributes, up to 1000 parts a request; `undefined` without s3:GetObjectAttributes or on a server that lacks it. */
async function listPartSizes(
  source: SourceRequest,
  facts: ObjectFacts,
): Promise<readonly number[] | undefined> {
  const target = sourceTarget(source, 'GetObjectAttributes');
  const parts: ObjectPart[] = [];
  let marker: string | undefined;
  // However many pages a server says there are: an object has no more parts than fit on these.
  for (let pageNumber = 0; pageNumber < MAX_PAGES; pageNumber++) {
    const command = new GetObjectAttributesCommand({
      ...sourceObject(source, facts.versionId),
      ObjectAttributes: ['ObjectParts'],
      MaxParts: 1000,
      PartNumberMarker: marker,
    });
    const page = await valueOrError(send(source.context, target, command));
    if ('error' in page) {
      if (isAccessDenied(page.error) || isUnsupported(page.error)) return undefined;
      throw page.error;
    }
    const { Parts = [], IsTruncated, NextPartNumberMarker } = page.value.ObjectParts ?? {};
    parts.push(...Parts);
    marker = IsTruncated === true ? NextPartNumberMarker : undefined;
    if (marker === undefined) break;
  }
  return parts.map(({ Size = 0 }) => Size);
}

/** From a HEAD of the first part: with equal parts, as all tools make them, the others follow from it. */
async function headPartSizes(
  source: SourceRequest,
  facts: ObjectFacts,
  count: number,
): Promise<readonly number[] | undefined> {
  const command = new HeadObjectCommand({ ...sourceObject(source, facts.versionId), PartNumber: 1 });
  const result = await valueOrError(send(source.context, sourceTarget(source, 'HeadObject'), command));
  if ('error' in result) return undefined;
  const sizeBytes = result.value.ContentLength ?? 0;
  const lastBytes = facts.sizeBytes - sizeBytes * (count - 1);
  if (sizeBytes <= 0 || lastBytes <= 0 || lastBytes > sizeBytes) return undefined;
  return Array.from({ length: count }, (_, index) => (index === count - 1 ? lastBytes : sizeBytes));
}

type ValueOrError<T> = { readonly value: T } | { readonly error: unknown };

function valueOrError<T>(promise: Promise<T>): Promise<ValueOrError<T>> {
  return promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
}
