// Jobs that continue in another invocation on S3 servers that list unfinished uploads otherwise than AWS, or not at all.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { generated } from '../../../../local/aws/content/content.ts';
import { type EmbeddedAws, startEmbeddedAws } from '../../../../local/aws/embedded-aws.ts';
import { type Lacks, startLimitedServer } from '../../harness/limited-server.ts';
import { createStage, expectRightCopies, MIB, partsWrittenTwice, runOnce } from './resume-stage.ts';

let aws: EmbeddedAws;
beforeAll(async () => {
  aws = await startEmbeddedAws();
});
afterAll(() => aws.close());

const INITIATOR = /<Initiator>.*?<\/Initiator>/gs;

/** A Lambda limit that is as good as over once this many parts of this invocation are copied. */
function timeForParts(parts: number): () => number {
  const before = aws.world.requests.length;
  const copied = (): number =>
    aws.world.requests.slice(before).filter(({ operation }) => operation === 'UploadPartCopy').length;
  return () => (copied() < parts ? 900_000 : 5_000);
}

const LACKS: readonly (readonly [string, Lacks])[] = [
  ['names initiators nowhere', { rewrite: (xml) => xml.replaceAll(INITIATOR, '') }],
  [
    'names us otherwise in ListParts',
    {
      rewrite: (xml) =>
        xml.includes('<ListPartsResult')
          ? xml.replaceAll(INITIATOR, '<Initiator><ID>somebody</ID></Initiator>')
          : xml,
    },
  ],
  [
    'does not list uploads',
    {
      answer: ({ method, query }) => (method === 'GET' && query.has('uploads') ? { status: 501 } : undefined),
    },
  ],
];

it.each(LACKS)('a server that %s: no part is copied twice', async (_what, lacks) => {
  await using server = await startLimitedServer(aws.endpoint, lacks);
  const stage = createStage(aws, {
    artifacts: [{ name: 'Image', content: generated(6 * 1024 * MIB, 1) }],
    destinationCount: 1,
  });
  const options = { environment: { SYNC_MAX_CONCURRENCY: '2' }, endpoint: server.endpoint };
  const firstRequest = aws.world.requests.length;
  const jobs = [stage.job];
  const unsubscribe = aws.world.codePipeline.onJob((job) => void jobs.push(job));
  for (const job of jobs) await runOnce(stage, { ...options, remainingMs: timeForParts(5) }, job.event);
  unsubscribe();
  expect(jobs.length).toBeGreaterThan(1);
  expectRightCopies(stage);
  expect(partsWrittenTwice(aws.world.requests.slice(firstRequest))).toEqual([]);
  expect(stage.destinations.map(({ uploads }) => uploads.size)).toEqual([0]);
});
