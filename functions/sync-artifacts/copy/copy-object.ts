// Copies an object of up to 5 GiB with one CopyObject request.
import { CopyObjectCommand } from '@aws-sdk/client-s3';
import { request } from '../aws/s3-request.ts';
import type { JobContext } from '../context/context.ts';
import { requireReachableProof } from '../plan/reachable-proof.ts';
import type { CopyTask } from '../types.ts';
import { writeConditionally } from './conditional-write.ts';
import {
  copiedTagFields,
  copyTarget,
  destinationFields,
  encryptionFields,
  sourceFields,
  writtenObject,
} from './request-fields.ts';
import type { CopyResult } from './strategy.ts';

/** Copies in one request, unless the deadline is too near to begin. */
export async function copyObject(task: CopyTask, context: JobContext): Promise<CopyResult> {
  const { source, destination } = task;
  const started = await context.slots.start(async (): Promise<CopyResult> => {
    if (!context.deadline.fits(source.sizeBytes)) return { finished: false, finishedParts: 0 };
    return await writeConditionally(
      task,
      context,
      async (condition) => {
        const output = await request(
          context,
          copyTarget(task, 'CopyObject'),
          (options) =>
            context.s3.role(destination.region).send(
              new CopyObjectCommand({
                ...destinationFields(task),
                ...condition,
                ...sourceFields(task),
                ...encryptionFields(task),
                ...copiedTagFields(task),
                AnnotationDirective: context.job.annotations === 'copy' ? 'COPY' : 'EXCLUDE',
                ...(source.checksum?.type === 'FULL_OBJECT'
                  ? { ChecksumAlgorithm: source.checksum.algorithm }
                  : {}),
              }),
              options,
            ),
          source.sizeBytes,
        );
        const how = { sameLayout: false, hashedInTransit: false, resumed: false };
        return { finished: true, written: writtenObject(output.CopyObjectResult ?? {}, output, how) };
      },
      (seen) => requireReachableProof(seen, { strategy: 'object' }, context.job.minimumProof, true),
    );
  });
  return await started.done;
}
