// Cleans up what earlier invocations of a job began, when the job fails before it gets to resume it.
import { forCleanUp, type JobContext } from './context/context.ts';
import { abortOwnUploads } from './copy/upload/resume-upload.ts';
import { readDestination } from './facts/destination.ts';
import { destinationKeys } from './job/destination-key.ts';
import type { SyncJob } from './types.ts';

/** Aborts our unfinished uploads at the keys of the job. What cannot be found is left to the bucket's lifecycle rule. */
export async function abandonUploads(job: SyncJob, context: JobContext): Promise<void> {
  const cleanUp = forCleanUp(context);
  await Promise.all(
    job.destinations.map(async (request) => {
      const destination = await readDestination(request, [], cleanUp).catch(() => undefined);
      if (destination === undefined) return;
      for (const key of destinationKeys(request, job)) {
        await abortOwnUploads({ destination: destination.facts, key }, undefined, context);
      }
    }),
  );
}
