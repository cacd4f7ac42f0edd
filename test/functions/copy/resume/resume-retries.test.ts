// Parts that are copied are not copied again, whatever happens to the requests of the invocation that resumes them.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { generated } from '../../../../local/aws/content/content.ts';
import { type EmbeddedAws, startEmbeddedAws } from '../../../../local/aws/embedded-aws.ts';
import type { Fault, FaultHook } from '../../../../local/aws/faults/faults.ts';
import { continueAfterParts, GIB, SLOW } from './continued-job.ts';
import { expectRightCopies, lastResult, MIB, partsWrittenTwice, runOnce } from './resume-stage.ts';

let faults: FaultHook | undefined;
let aws: EmbeddedAws;
beforeAll(async () => {
  aws = await startEmbeddedAws({ faults: (point) => faults?.(point) });
});
afterAll(() => aws.close());
afterEach(() => {
  faults = undefined;
});

/** Lets one thing go wrong with the first request that begins an upload. */
function failCreateOnce(phase: 'before' | 'after', fault: Fault): void {
  let struck = false;
  faults = (point) => {
    if (struck || point.operation !== 'CreateMultipartUpload' || point.phase !== phase) return undefined;
    struck = true;
    return fault;
  };
}

const SLOW_DOWN: Fault = { kind: 'error', status: 503, code: 'SlowDown' };

describe.each([
  ['by ARN', false],
  ['by alias', true],
] as const)('the parts of a copy whose key is given %s', (_, keysByAlias) => {
  it.each([
    ['is asked to slow down', 'before', SLOW_DOWN],
    ['gets no answer to what took effect', 'after', { kind: 'reset' }],
  ] as const)('are kept when the request that begins an upload %s', async (_what, phase, fault) => {
    const before = aws.world.requests.length;
    const { stage, next } = await continueAfterParts(aws, {
      artifacts: [{ name: 'Image', content: generated(6 * GIB, 1) }],
      destinationCount: 1,
      keysByAlias,
    });
    failCreateOnce(phase, fault);

    await runOnce(stage, { environment: SLOW }, next.event);

    expect(lastResult(stage).input.continuationToken).toBeUndefined();
    expect(partsWrittenTwice(aws.world.requests.slice(before))).toEqual([]);
    expect(stage.destinations.map(({ uploads }) => uploads.size)).toEqual([0]);
  });
});

describe('an invocation whose time is up while it opens an upload', () => {
  it.each([
    ['of parts that tell their source', {}],
    [
      'in the parts of its source',
      { put: { checksum: { algorithm: 'CRC32', type: 'COMPOSITE' }, partSizeBytes: 128 * MIB } },
    ],
  ] as const)('leaves what is in it to the next one (%s)', async (_what, artifact) => {
    const before = aws.world.requests.length;
    const { stage, next } = await continueAfterParts(aws, {
      artifacts: [{ name: 'Image', content: generated(6 * GIB, 1), ...artifact }],
      destinationCount: 1,
    });
    const never = Promise.withResolvers<undefined>();
    faults = ({ operation, phase }) =>
      operation === 'CreateMultipartUpload' && phase === 'before'
        ? { kind: 'wait', until: never.promise }
        : undefined;
    const deadlineMs = Date.now() + 1_500;
    const jobs = [next];
    const unsubscribe = aws.world.codePipeline.onJob((job) => void jobs.push(job));

    await runOnce(stage, { environment: SLOW, remainingMs: () => deadlineMs - Date.now() }, next.event);
    faults = undefined;
    never.resolve(undefined);
    const third = jobs.at(-1);
    await runOnce(stage, { environment: SLOW }, third?.event);
    unsubscribe();

    expect(jobs).toHaveLength(2);
    expectRightCopies(stage);
    expect(partsWrittenTwice(aws.world.requests.slice(before))).toEqual([]);
  });
});
