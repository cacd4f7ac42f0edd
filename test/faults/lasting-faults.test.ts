// Faults that last: the job fails with the right type, says the cause, and leaves nothing wrong and nothing unfinished.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FaultKind } from '../../local/aws/faults/fault-kinds.ts';
import { type SoakWishes, soakJob } from '../../local/soak/job.ts';
import { SoakHarness, type SoakResult } from '../../local/soak/soak-harness.ts';

const JOBS = Number(process.env.FAULT_JOBS ?? 4);

describe('a fault that lasts', () => {
  let harness: SoakHarness;
  let nextSeed = 1;
  beforeAll(async () => {
    // Nothing is denied for a while only, so that no denial need be doubted.
    harness = await SoakHarness.open({ SYNC_ACCESS_DENIED_RETRY_MS: '0' });
  });
  afterAll(() => harness[Symbol.asyncDispose]());

  const struck = async (kind: FaultKind, wishes: SoakWishes = {}): Promise<SoakResult[]> => {
    const results: SoakResult[] = [];
    // Seeds of its own for each series: a warm function remembers the buckets of earlier jobs.
    const first = nextSeed;
    nextSeed += JOBS;
    for (let seed = first; seed < first + JOBS; seed += 1) {
      const job = soakJob(seed, { ...wishes, faults: { [kind]: 1 }, timeoutMs: 60_000 });
      const small = job.artifacts.map((artifact) => ({
        ...artifact,
        sizeBytes: artifact.sizeBytes % MAX_BYTES,
      }));
      results.push(await harness.run({ ...job, artifacts: small }));
    }
    expect(results.flatMap(({ violations }) => violations)).toEqual([]);
    const hit = results.filter((result) => result.struck.has(kind));
    expect(hit.length).toBeGreaterThan(0);
    return hit;
  };
  const outcomes = (results: readonly SoakResult[]): string[] => [
    ...new Set(results.map(({ outcome }) => outcome)),
  ];
  const messages = (results: readonly SoakResult[]): string[] =>
    results.map(({ run }) => {
      const { failureDetails = {} } = run.results.at(-1)?.input ?? {};
      return (failureDetails as { readonly message?: string }).message ?? '';
    });

  it('a key disabled mid-job fails it as ConfigurationError that names the key', async () => {
    const results = await struck('key-disabled');
    expect(outcomes(results)).toEqual(['ConfigurationError']);
    for (const message of messages(results)) expect(message).toMatch(/KMS key arn:aws:kms:\S+ .*is disabled/);
  });

  it('a destination bucket deleted mid-job fails it as ConfigurationError that names the bucket', async () => {
    const results = await struck('bucket-deleted');
    expect(outcomes(results)).toEqual(['ConfigurationError']);
    for (const message of messages(results)) expect(message).toMatch(/Bucket soak-\d+-to-\d does not exist/);
  });

  it('a source overwritten mid-job is copied as it was when its bucket has versions', async () => {
    expect(outcomes(await struck('source-overwritten', { sourceVersioned: true }))).toEqual(['Succeeded']);
  });

  it('a source deleted mid-job is copied as it was when its bucket has versions', async () => {
    expect(outcomes(await struck('source-deleted', { sourceVersioned: true }))).toEqual(['Succeeded']);
  });

  it('a source overwritten mid-job in a bucket without versions is RevisionOutOfSync', async () => {
    const results = await struck('source-overwritten', { sourceVersioned: false });
    expect(outcomes(results)).toEqual(['RevisionOutOfSync']);
  });

  it('a source deleted mid-job in a bucket without versions is RevisionOutOfSync', async () => {
    const results = await struck('source-deleted', { sourceVersioned: false });
    expect(outcomes(results)).toEqual(['RevisionOutOfSync']);
  });

  it('a source whose bytes change under the same version is never a success with other bytes', async () => {
    const results = await struck('source-corrupted', { roleMayReadSource: true });
    expect(outcomes(results)).toContain('JobFailed');
  });

  it('a function that dies in every attempt is reported as a failure by the on-failure destination', async () => {
    const results = await struck('oom');
    expect(outcomes(results)).toEqual(['JobFailed']);
    for (const message of messages(results)) expect(message).toMatch(/ran out of memory/);
  });
});

/** Some parts each: the SHA-256 of a gigabyte takes longer than its copy. */
const MAX_BYTES = 48 * 2 ** 20;
