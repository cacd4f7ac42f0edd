// A service that stays silent: whatever request it leaves unanswered, the job is answered before Lambda ends the function.
import { expect, it } from 'vitest';
import { SILENCE } from '../harness/faults.ts';
import { MULTIPART_BYTES, TestPipeline } from '../harness/test-pipeline.ts';

const SERVER_SIDE = [
  'HeadObject',
  'GetObjectTagging',
  'HeadBucket',
  'GetBucketEncryption',
  'ListMultipartUploads',
  'CreateMultipartUpload',
  'UploadPartCopy',
  'CompleteMultipartUpload',
];
const RELAYED = ['GetObject', 'CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload'];
const LIMIT_MS = 8_000;
/** A dozen jobs that all are answered in their last moment would be in each other's way. */
const APART_MS = 200;

it('an invocation answers once before its deadline, whichever operation of S3 is never answered', async () => {
  await using pipeline = await TestPipeline.start();
  const cases = [
    ...SERVER_SIDE.map((stalled) => ({ stalled, Mode: 'auto' })),
    ...RELAYED.map((stalled) => ({ stalled, Mode: 'relay' })),
  ].map((sample) => ({ ...sample, name: `${sample.stalled}-${sample.Mode}`.toLowerCase() }));
  for (const { name } of cases) {
    pipeline.addArtifact(name, MULTIPART_BYTES);
    pipeline.addDestination(name);
  }
  pipeline.faults = ({ operation, phase, bucket, key = '' }) => {
    const isStalled = cases.some(
      ({ stalled, name }) =>
        stalled === operation && (bucket === name || key.startsWith(`pipeline/${name}/`)),
    );
    return isStalled && phase === 'before' ? SILENCE : undefined;
  };

  const ends = await Promise.all(
    cases.map(async ({ name, Mode }, index) => {
      const inputArtifacts = pipeline.artifacts.filter((artifact) => artifact.name === name);
      const job = pipeline.job({ DestinationBucket: name, Mode }, { inputArtifacts });
      const endsAtMs = Date.now() + LIMIT_MS + index * APART_MS;
      const remainingMs = () => endsAtMs - Date.now();
      const settings = { retryBudgetMs: 60_000, stallMs: 30_000 };
      const { thrown } = await pipeline.run(job.event, { settings, remainingMs });
      const answers = pipeline.aws.codePipeline.results.filter(({ jobId }) => jobId === job.id);
      return { name, thrown, answers: answers.length, isInTime: remainingMs() > 0 };
    }),
  );

  expect(ends).toEqual(cases.map(({ name }) => ({ name, thrown: undefined, answers: 1, isInTime: true })));
});
