// Reads sync-manifest.json: a file or an object, as it is or in the zip that the action's output artifact is.
import { readFile } from 'node:fs/promises';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { strFromU8, unzipSync } from 'fflate';
import * as v from 'valibot';
import { CHECKSUM_ALGORITHMS } from '../../functions/sync-artifacts/checksums.ts';
import { omitUndefined } from '../../functions/sync-artifacts/util.ts';
import { type AwsClients, awsMessage, orUsageError } from '../aws-clients.ts';
import { UsageError } from '../usage-error.ts';
import type { ExpectedCopy } from './expected.ts';

/** Name of the manifest inside the output artifact. */
const MANIFEST_FILE = 'sync-manifest.json';

const place = { bucket: v.string(), key: v.string(), region: v.string(), versionId: v.optional(v.string()) };
const manifestSchema = v.object({
  version: v.literal(1),
  executionId: v.optional(v.string()),
  copies: v.pipe(
    v.array(
      v.object({
        artifact: v.string(),
        source: v.object({ ...place, eTag: v.string(), revision: v.optional(v.string()) }),
        destination: v.object(place),
        bytes: v.number(),
        strategy: v.string(),
        checksum: v.optional(
          v.object({
            algorithm: v.picklist(CHECKSUM_ALGORITHMS),
            type: v.picklist(['FULL_OBJECT', 'COMPOSITE']),
            value: v.string(),
          }),
        ),
        proof: v.optional(v.object({ kmsKeyArn: v.string() })),
      }),
    ),
    v.minLength(1),
  ),
});

/**
 * The copies that a manifest is about.
 * @throws UsageError when it cannot be read, or is not a manifest
 */
export async function readManifest(location: string, aws: AwsClients): Promise<ExpectedCopy[]> {
  const text = textOf(location, await readBytes(location, aws));
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new UsageError(
      `--manifest ${location} is not JSON: expected a ${MANIFEST_FILE}, or the zip that holds it.`,
      { cause },
    );
  }
  const parsed = v.safeParse(manifestSchema, json);
  if (!parsed.success) {
    const [{ message, path }] = parsed.issues;
    throw new UsageError(
      `--manifest ${location} is not a ${MANIFEST_FILE} of version 1: ${(path ?? []).map(({ key }) => String(key)).join('.')}: ${message}.`,
    );
  }
  const { executionId, copies } = parsed.output;
  return copies.map(
    ({ artifact, source: { revision, ...source }, destination, bytes, strategy, checksum, proof }) => ({
      artifact,
      bytes,
      ...(strategy === 'same-object' ? { isSource: true as const } : {}),
      source: { ...omitUndefined(source), bucket: source.bucket, key: source.key },
      destination: { ...omitUndefined(destination), bucket: destination.bucket, key: destination.key },
      ...omitUndefined({ executionId, revision, checksum, kmsKeyArn: proof?.kmsKeyArn || undefined }),
    }),
  );
}

async function readBytes(location: string, aws: AwsClients): Promise<Uint8Array> {
  const [, Bucket, Key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(location) ?? [];
  return await orUsageError(
    async () => {
      if (Bucket === undefined || Key === undefined) return await readFile(location);
      const { Body } = await aws.s3(await aws.region()).send(new GetObjectCommand({ Bucket, Key }));
      return (await Body?.transformToByteArray()) ?? new Uint8Array();
    },
    (cause) => `--manifest ${location} cannot be read: ${awsMessage(cause)}`,
  );
}

function textOf(location: string, bytes: Uint8Array): string {
  // Zip files begin with PK.
  if (bytes[0] !== 0x50 || bytes[1] !== 0x4b) return strFromU8(bytes);
  try {
    const file = unzipSync(bytes, { filter: ({ name }) => name === MANIFEST_FILE })[MANIFEST_FILE];
    if (file !== undefined) return strFromU8(file);
  } catch (cause) {
    throw new UsageError(`--manifest ${location} is a damaged zip: ${(cause as Error).message}`, { cause });
  }
  throw new UsageError(
    `--manifest ${location} is a zip without ${MANIFEST_FILE}: is it the output artifact of the Sync action?`,
  );
}
