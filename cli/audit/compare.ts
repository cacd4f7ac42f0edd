// Compares a copy with its source as far as more requests show it: headers, metadata, tags, and every byte.
import {
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { type ComputedAlgorithm, isComputed } from '../../functions/sync-artifacts/checksums.ts';
import { runningHash } from '../../functions/sync-artifacts/copy/relay/hashing.ts';
import { toFacts } from '../../functions/sync-artifacts/facts/head-object.ts';
import type { ObjectFacts } from '../../functions/sync-artifacts/types.ts';
import { omitUndefined } from '../../functions/sync-artifacts/util.ts';
import { awsMessage } from '../aws-clients.ts';
import type { ExpectedCopy, ExpectedObject } from './expected.ts';

/** Which of headers, metadata and tags differ from those of the source that was copied. */
export async function compareDescriptions(
  { source, destination }: ExpectedCopy,
  stored: ObjectFacts,
  client: S3Client,
  sourceClient: S3Client,
): Promise<{ readonly differing: readonly string[]; readonly notes: readonly string[] }> {
  let original: ObjectFacts;
  try {
    original = toFacts(await sourceClient.send(new HeadObjectCommand(headOf(source))));
  } catch (error) {
    const why = statusOf(error) === 404 ? 'the source is gone' : `the source: ${awsMessage(error)}`;
    return { differing: [], notes: [`Headers and tags were not compared: ${why}.`] };
  }
  if (source.versionId === undefined && source.eTag !== undefined && original.etag !== source.eTag) {
    return {
      differing: [],
      notes: ['Headers and tags were not compared: the source is another object now.'],
    };
  }
  const differing = (['headers', 'metadata'] as const).filter(
    (name) => canonical(original[name]) !== canonical(stored[name]),
  );
  try {
    const [theirs, ours] = await Promise.all([
      tagsOf(sourceClient, source),
      tagsOf(client, versionOf(destination, stored)),
    ]);
    return { differing: [...differing, ...(theirs === ours ? [] : ['tags'])], notes: [] };
  } catch (error) {
    return { differing, notes: [`Tags were not compared: ${awsMessage(error)}.`] };
  }
}

/** The very version that was looked at. */
function versionOf(destination: ExpectedObject, { versionId }: ObjectFacts): ExpectedObject {
  return { ...destination, ...omitUndefined({ versionId }) };
}

async function tagsOf(client: S3Client, object: ExpectedObject): Promise<string> {
  const { ChecksumMode: _, ...where } = headOf(object);
  const { TagSet = [] } = await client.send(new GetObjectTaggingCommand(where));
  return canonical(Object.fromEntries(TagSet.map(({ Key = '', Value = '' }) => [Key, Value])));
}

function canonical(fields: object): string {
  return JSON.stringify(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Reads the copy, and where its checksum is not one of all bytes that can be computed, the source too. */
export async function compareByReading(
  { checksum, source, destination }: ExpectedCopy,
  stored: ObjectFacts,
  client: S3Client,
  sourceClient: S3Client,
): Promise<{ readonly same: boolean; readonly detail: string }> {
  const known =
    checksum?.type === 'FULL_OBJECT' && isComputed(checksum.algorithm) ? checksum.algorithm : undefined;
  const algorithm = known ?? 'SHA256';
  const [actual, wanted] = await Promise.all([
    hashOf(client, versionOf(destination, stored), algorithm),
    known === undefined ? hashOf(sourceClient, source, algorithm) : checksum?.value,
  ]);
  return actual === wanted
    ? { same: true, detail: `All ${stored.sizeBytes} bytes were read: same ${algorithm}.` }
    : {
        same: false,
        detail: `All ${stored.sizeBytes} bytes were read: ${algorithm} ${actual} instead of ${wanted ?? 'none'}.`,
      };
}

async function hashOf(
  client: S3Client,
  object: ExpectedObject,
  algorithm: ComputedAlgorithm,
): Promise<string> {
  const { ChecksumMode: _, ...where } = headOf(object);
  const { Body } = await client.send(new GetObjectCommand(where));
  const hash = runningHash(algorithm);
  for await (const piece of (Body ?? []) as AsyncIterable<Uint8Array>) hash.update(piece);
  return Buffer.from(await hash.digest()).toString('base64');
}

/** The parameters of HeadObject for an object. */
export function headOf({ bucket, key, versionId, owner }: ExpectedObject) {
  return {
    Bucket: bucket,
    Key: key,
    ChecksumMode: 'ENABLED' as const,
    ...omitUndefined({ VersionId: versionId, ExpectedBucketOwner: owner }),
  };
}

/** The HTTP status of what AWS answered, if it did. */
export function statusOf(error: unknown): number | undefined {
  return (error as { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata?.httpStatusCode;
}
