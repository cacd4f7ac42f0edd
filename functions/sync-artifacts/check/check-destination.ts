// Checks one destination: finds the bucket and its key, then begins and at once aborts an upload at every key.
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { isUnsupported } from '../aws/other-servers.ts';
import { send } from '../aws/s3-request.ts';
import { type JobContext, withGracePeriod } from '../context/context.ts';
import { tagging } from '../copy/request-fields.ts';
import { sendAbort, sendCreate } from '../copy/upload/upload-requests.ts';
import { SyncError } from '../errors.ts';
import { readDestination } from '../facts/destination.ts';
import { isSameKey } from '../facts/kms-key.ts';
import { type CopyPlace, destinationFields, destinationTarget } from '../facts/object-fields.ts';
import { GRACE_MS } from '../speeds.ts';
import type { DestinationRequest, Tag } from '../types.ts';
import { findingOf } from './finding.ts';
import type { DestinationCheck, Finding } from './report.ts';

/** Checks a destination at the keys of all artifacts; `tags` are those that copies would carry. Never throws. */
export async function checkDestination(
  destination: DestinationRequest,
  keys: readonly string[],
  tags: readonly Tag[],
  context: JobContext,
): Promise<DestinationCheck> {
  const { bucket } = destination;
  const findings: Finding[] = [];
  // What a job would only log is a warning here.
  const warn: JobContext['telemetry']['warn'] = (message, fields = {}) => {
    const details = Object.entries(fields).map(([name, value]) => `${name} ${String(value)}`);
    findings.push({ severity: 'warning', message: `${message} (${details.join(', ')}).` });
  };
  const listening: JobContext = { ...context, telemetry: { ...context.telemetry, warn } };
  let reading: Awaited<ReturnType<typeof readDestination>>;
  try {
    reading = await readDestination(destination, [], listening);
  } catch (error) {
    return { bucket, keys, writable: false, findings: [...findings, findingOf(error)] };
  }
  const { region, encryption } = reading.facts;
  let kmsKeyArn: string | undefined;
  for (const key of keys) {
    const place: CopyPlace = { destination: reading.facts, key };
    try {
      kmsKeyArn = (await tryUpload(place, tags, listening)) ?? kmsKeyArn;
    } catch (error) {
      findings.push(findingOf(error));
    }
  }
  const writable = !findings.some(({ severity }) => severity === 'error');
  const [key] = keys;
  if (key !== undefined)
    findings.push(...(await checkListing({ destination: reading.facts, key }, listening)));
  return {
    bucket,
    keys,
    region,
    encryption: { ...encryption, ...(kmsKeyArn === undefined ? {} : { kmsKeyArn }) },
    writable,
    findings,
  };
}

/**
 * Begins an upload as a copy would, and aborts it: nothing is left.
 * @returns the key that S3 will encrypt with
 */
async function tryUpload(
  place: CopyPlace,
  tags: readonly Tag[],
  context: JobContext,
): Promise<string | undefined> {
  const {
    UploadId = '',
    ServerSideEncryption,
    SSEKMSKeyId,
  } = await sendCreate(place, { Tagging: tagging(tags) }, withGracePeriod(context, GRACE_MS));
  await sendAbort(place, UploadId, context);
  const { bucket, encryption } = place.destination;
  const { algorithm, kmsKeyId } = encryption;
  if (ServerSideEncryption === undefined) return SSEKMSKeyId;
  if (ServerSideEncryption === algorithm && isSameKey(kmsKeyId, SSEKMSKeyId)) return SSEKMSKeyId;
  throw new SyncError(
    'JobFailed',
    `S3 would encrypt s3://${bucket}/${place.key} with ${ServerSideEncryption} and ${SSEKMSKeyId ?? 'no key'} instead of ${algorithm} with ${kmsKeyId}: check the bucket's policy and default encryption.`,
  );
}

/** Without this permission, a continued job copies parts again that are there. */
async function checkListing(place: CopyPlace, context: JobContext): Promise<Finding[]> {
  const { Bucket, ExpectedBucketOwner } = destinationFields(place);
  const { key: _, ...target } = destinationTarget(place, 'ListMultipartUploads');
  try {
    const fields = { Bucket, ExpectedBucketOwner, Prefix: place.key, MaxUploads: 1 };
    await send(context, target, new ListMultipartUploadsCommand(fields));
    return [];
  } catch (error) {
    return isUnsupported(error) ? [] : [findingOf(error, 'warning')];
  }
}
