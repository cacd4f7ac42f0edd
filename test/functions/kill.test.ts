// The process is killed at every request of a job, and Lambda's retry of the same event must put everything right.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generated } from '../../local/aws/content/content.ts';
import { type EmbeddedAws, startEmbeddedAws } from '../../local/aws/embedded-aws.ts';
import type { Fault, FaultPoint } from '../../local/aws/faults/faults.ts';
import type { SimpleIdentity } from '../../local/aws/state/identities.ts';
import { LambdaFunction } from '../../local/lambda/lambda.ts';
import { HANDLER_FILE } from '../../local/replay/run.ts';
import {
  createStage,
  expectRightCopies,
  finalResults,
  HOME_REGION,
  MIB,
  type Stage,
  type StageArtifact,
} from './copy/resume/resume-stage.ts';

/**
 * `npm run test:kill` kills before and after each request of each job took effect. The suite kills after every second one (before the next
 * one leaves S3 in the same state), and less often in the job with all strategies at once, whose copies are also jobs of their own.
 */
const EVERYTHING = process.env.KILL_EVERYWHERE === '1';
const STRIDE = EVERYTHING ? 1 : 2;
const STRIDE_AT_ONCE = EVERYTHING ? 1 : 8;
/** Jobs under way at once: one embedded AWS keeps one core busy, the functions another. */
const LANES = 3;

const strikes = new Map<string, (point: FaultPoint) => Fault | undefined>();
let aws: EmbeddedAws;
beforeAll(async () => {
  aws = await startEmbeddedAws({ faults: (point) => strikes.get(point.accessKeyId)?.(point) });
});
afterAll(() => aws.close());

type MakeStage = (role?: SimpleIdentity) => Stage;

const makes =
  (artifacts: readonly StageArtifact[]): MakeStage =>
  (role) =>
    createStage(aws, { role, destinationCount: 2, artifacts, outputArtifact: true });

/** One artifact for each way to copy, to two destinations each. */
const STRATEGIES: Readonly<Record<string, StageArtifact>> = {
  'in one request': { name: 'Templates', content: generated(38_000, 1) },
  'in parts': { name: 'App', content: generated(24 * MIB, 2) },
  'in the parts of a COMPOSITE source': {
    name: 'Layers',
    content: generated(12 * MIB, 3),
    put: { partSizeBytes: 5 * MIB, checksum: { algorithm: 'SHA256', type: 'COMPOSITE' } },
  },
  'by relay': { name: 'Vendor', content: generated(5.5 * MIB, 4), roleMayNotRead: true },
};

/** Tells every request of a job, whoever signed it, to the listener. */
function watch(stage: Stage, onRequest: (point: FaultPoint) => Fault | undefined): void {
  strikes.set(stage.role.credentials.accessKeyId, onRequest);
  strikes.set(stage.job.data.artifactCredentials.accessKeyId, onRequest);
}

function functionOf(stage: Stage): LambdaFunction {
  return new LambdaFunction({
    handlerFile: HANDLER_FILE,
    region: HOME_REGION,
    accountId: stage.job.accountId,
    credentials: stage.role.credentials,
    timeoutMs: 60_000,
    memoryMb: 1024,
    environment: {
      AWS_ENDPOINT_URL_S3: aws.endpoint,
      AWS_ENDPOINT_URL_CODEPIPELINE: aws.endpoint,
      // The relay begins with a denial; believing it at once saves time and changes nothing else.
      SYNC_ACCESS_DENIED_RETRY_MS: '0',
    },
  });
}

/** Requests that a job makes when nobody interferes. */
async function countRequests(newStage: MakeStage): Promise<number> {
  const stage = newStage();
  let count = 0;
  watch(stage, ({ phase }) => {
    if (phase === 'before') count += 1;
    return undefined;
  });
  await using lambda = functionOf(stage);
  await lambda.invoke(stage.job.event);
  expectRightCopies(stage);
  return count;
}

interface Kill {
  readonly job: string;
  readonly newStage: MakeStage;
  /** Of the request, from 1. */
  readonly index: number;
  /** When the request arrives, or when it (or the first one after it that succeeds) has taken effect. */
  readonly phase: FaultPoint['phase'];
}

const PHASES: readonly FaultPoint['phase'][] = EVERYTHING ? ['before', 'after'] : ['after'];

/** Every request of a job, or one of each `stride`, but not the last, which is its result. */
async function killsOf(copied: string, newStage: MakeStage, stride = STRIDE): Promise<Kill[]> {
  const total = await countRequests(newStage);
  const indices = Array.from({ length: Math.ceil((total - 1) / stride) }, (_, at) => 1 + at * stride);
  return indices.flatMap((index) =>
    PHASES.map((phase) => ({ job: `${copied} (${total} requests)`, newStage, index, phase })),
  );
}

/** Kills the function at one request, retries the event as Lambda does, and looks at what came of it. */
async function killAndRetry({ index, phase }: Kill, stage: Stage, lambda: LambdaFunction): Promise<void> {
  let count = 0;
  let struck = false;
  watch(stage, (point) => {
    if (point.phase === 'before') count += 1;
    if (struck || count < index || point.phase !== phase) return undefined;
    struck = true;
    lambda.kill();
    return { kind: 'reset' };
  });
  const requestId = randomUUID();
  const killed = await lambda.invoke(stage.job.event, requestId);
  expect(killed.outcome).toBe('crash');
  watch(stage, () => undefined);
  const retried = await lambda.invoke(stage.job.event, requestId);
  expect(retried.outcome).toBe('ok');
  expect(finalResults(stage).map(({ operation }) => operation)).toEqual(['PutJobSuccessResult']);
  expectRightCopies(stage);
}

/** Gives each kill a job of its own. */
async function killAll(kills: Kill[]): Promise<readonly string[]> {
  const failures: string[] = [];
  // The process that completes one job is the next one's victim: half the cold starts, and warm victims as well as cold ones.
  const lane = async (): Promise<void> => {
    let lambda: LambdaFunction | undefined;
    let role: SimpleIdentity | undefined;
    for (let next = kills.shift(); next !== undefined; next = kills.shift()) {
      const { job, index, phase, newStage } = next;
      const stage = newStage(role);
      role = stage.role;
      lambda ??= functionOf(stage);
      await killAndRetry(next, stage, lambda).catch((error: unknown) => {
        failures.push(`${job} killed ${phase} request ${index}: ${String(error)}`);
      });
      // Nobody needs the content any more: that of a hundred relays would not fit into memory.
      for (const { name } of [...stage.sourceBuckets, ...stage.destinations]) aws.world.deleteBucket(name);
    }
    await lambda?.[Symbol.asyncDispose]();
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return failures;
}

describe('a function that is killed at any request', { timeout: 900_000 }, () => {
  it('leaves what the retry of its event completes, with one final result and no upload left', async () => {
    const artifacts = Object.entries(STRATEGIES);
    const kills = [
      ...(await killsOf('all at once', makes(Object.values(STRATEGIES)), STRIDE_AT_ONCE)),
      ...(
        await Promise.all(artifacts.map(([copied, artifact]) => killsOf(copied, makes([artifact]))))
      ).flat(),
    ];
    expect(kills.length).toBeGreaterThanOrEqual(EVERYTHING ? 300 : 50);
    expect(await killAll(kills)).toEqual([]);
  });
});
