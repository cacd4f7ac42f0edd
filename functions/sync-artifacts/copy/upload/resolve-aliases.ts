// Learns which keys aliases mean: an alias can be pointed at another key at any time, so no key that S3 shows proves it by itself.
import { MIN_PART_BYTES } from '../../aws/limits.ts';
import { type JobContext, withGracePeriod } from '../../context/context.ts';
import { isAlias } from '../../facts/kms-key.ts';
import { GRACE_MS } from '../../speeds.ts';
import type { CopyTask, DestinationFacts } from '../../types.ts';
import { groupBy } from '../../util.ts';
import { abortOwnUploads } from './resume-upload.ts';
import { abortUpload, sendCreate } from './upload-requests.ts';

/**
 * The tasks with the keys that the aliases of their destinations mean, as S3 answers when an upload is started there, which is aborted at
 * once: it needs no permission that a copy does not need. Only where it matters, since something is there already or parts of an
 * earlier attempt may be. What cannot be found out stays open: then the object is copied again rather than believed.
 */
export async function resolveAliases(
  tasks: readonly CopyTask[],
  context: JobContext,
): Promise<readonly CopyTask[]> {
  const asked = tasks.filter(
    ({ destination, existing, source }) =>
      isAlias(destination.encryption.kmsKeyId) &&
      (existing !== undefined || source.sizeBytes > MIN_PART_BYTES),
  );
  const resolved = new Map<DestinationFacts, DestinationFacts>();
  await Promise.all(
    [...groupBy(asked, ({ destination }) => destination)].map(async ([destination, [task]]) => {
      const keyArn = task && (await askForKey(task, context));
      if (keyArn !== undefined)
        resolved.set(destination, { ...destination, encryption: { ...destination.encryption, keyArn } });
    }),
  );
  return tasks.map((task) => ({ ...task, destination: resolved.get(task.destination) ?? task.destination }));
}

async function askForKey(task: CopyTask, context: JobContext): Promise<string | undefined> {
  try {
    context.signal.throwIfAborted();
    const output = await sendCreate(task, {}, withGracePeriod(context, GRACE_MS));
    context.afterwards.push(abortUpload(task, { uploadId: output.UploadId ?? '' }, context));
    if ((output.$metadata.attempts ?? 1) > 1) await abortOwnUploads(task, undefined, context, 'empty');
    return output.SSEKMSKeyId;
  } catch (error) {
    context.signal.throwIfAborted();
    // Whatever is wrong, the copy will meet it and say so.
    context.telemetry.debug('The key that an alias means could not be found out', {
      bucket: task.destination.bucket,
      kmsKeyId: task.destination.encryption.kmsKeyId,
      reason: error instanceof Error ? error.message : String(error),
    });
    return undefined;
  }
}
