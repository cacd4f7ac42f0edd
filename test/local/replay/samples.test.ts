// Every sample event: described, within CodePipeline's limits, and replayed to the end that it is there to show.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import pLimit from 'p-limit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SAMPLES_FOLDER, SCENARIOS } from '../../../local/pipeline/scenarios.ts';
import type { ReplayReport } from '../../../local/replay/report-schema.ts';
import { endPlaying, type Played, play, sampleFile } from './command.ts';

const SAMPLES = readdirSync(SAMPLES_FOLDER)
  .filter((file) => file.endsWith('.json'))
  .map((file) => basename(file, '.json'));

/** Less to compare, where that shows the same. Beyond 8 GiB most bytes are compared as extents. */
const SMALLER: Readonly<Record<string, readonly string[]>> = {
  'three-regions': ['--artifact', 'App=24MiB'],
  'five-artifacts': ['--artifact', 'LambdaLayers=30MiB', '--artifact', 'App=24MiB'],
  'seven-gib': [
    '--artifact',
    'MachineImage=9GiB',
    '--user-parameters',
    '{"DestinationBucket":"web-shop-artifacts-us-east-1"}',
  ],
  'destination-set': ['--artifact', 'App=24MiB'],
  relay: ['--artifact', 'Vendor=20MiB'],
  'unusual-keys': ['--artifact', 'Spaces=24MiB'],
  'output-artifact': ['--artifact', 'App=24MiB'],
};

function jobOf(name: string): { id: string; accountId: string; data: Record<string, unknown> } {
  const event = JSON.parse(readFileSync(sampleFile(name), 'utf8')) as Record<
    string,
    ReturnType<typeof jobOf>
  >;
  const job = event['CodePipeline.job'];
  if (!job) throw new Error(`${name} is not a job event`);
  return job;
}

describe('sample events', () => {
  it('are all described, and all that is described is there', () => {
    const readme = readFileSync(join(SAMPLES_FOLDER, 'README.md'), 'utf8');
    expect(SAMPLES.toSorted()).toEqual(Object.keys(SCENARIOS).toSorted());
    expect(SAMPLES.filter((name) => !readme.includes(`[${name}](${name}.json)`))).toEqual([]);
  });

  it('show each type of failure', () => {
    const shown = new Set(Object.values(SCENARIOS).flatMap(({ fails }) => fails ?? []));
    expect([...shown].sort()).toEqual([
      'ConfigurationError',
      'JobFailed',
      'PermissionError',
      'RevisionOutOfSync',
      'RevisionUnavailable',
      'SystemUnavailable',
    ]);
  });

  it.each(SAMPLES)('%s keeps the limits of CodePipeline and holds no real credentials', (name) => {
    const { id, accountId, data } = jobOf(name);
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(accountId).toBe('111122223333');
    const { UserParameters } = (data.actionConfiguration as { configuration: Record<string, string> })
      .configuration;
    expect(UserParameters?.length).toBeLessThanOrEqual(1000);
    expect((data.inputArtifacts as unknown[]).length).toBeLessThanOrEqual(5);
    const { accessKeyId, secretAccessKey } = data.artifactCredentials as Record<string, string>;
    expect([accessKeyId, secretAccessKey].every((text) => text?.includes('EXAMPLE'))).toBe(true);
  });
});

describe('replaying the sample events', () => {
  const played = new Map<string, Played>();
  beforeAll(async () => {
    const limit = pLimit(3);
    const environment = ['--env', 'POWERTOOLS_LOG_LEVEL=TRACE', '--env', 'SYNC_ACCESS_DENIED_RETRY_MS=100'];
    const runs = SAMPLES.map((name) =>
      limit(async () => {
        const args = [sampleFile(name), '--verbose', ...environment, ...(SMALLER[name] ?? [])];
        played.set(name, await play(args));
      }),
    );
    await Promise.all(runs);
  }, 600_000);
  afterAll(endPlaying);

  const report = (name: string): ReplayReport => {
    const found = played.get(name);
    if (!found) throw new Error(`${name} was not replayed`);
    return found.report;
  };

  it.each(SAMPLES.filter((name) => !SCENARIOS[name]?.fails))(
    '%s succeeds with every byte in place',
    (name) => {
      const { verdict, exitCode, result, copies } = report(name);
      expect({ verdict, exitCode, status: result.status }).toEqual({
        verdict: 'succeeded',
        exitCode: 0,
        status: 'Succeeded',
      });
      expect(copies.length).toBeGreaterThan(0);
      expect(copies.flatMap(({ problems }) => problems ?? ['not compared'])).toEqual([]);
      expect(copies.map(({ status }) => status)).toEqual(copies.map(() => 'copied'));
    },
  );

  it.each(SAMPLES.filter((name) => SCENARIOS[name]?.fails))('%s fails as it is meant to', (name) => {
    const { verdict, exitCode, result, copies } = report(name);
    expect({ verdict, exitCode, type: result.failureType }).toEqual({
      verdict: 'failed-as-expected',
      exitCode: 1,
      type: SCENARIOS[name]?.fails,
    });
    expect(copies.filter(({ identical }) => identical !== undefined)).toEqual([]);
    expect(played.get(name)?.printed).toContain('meant to fail, and failed as it should');
  });

  it.each(SAMPLES)('%s prints nothing of artifactCredentials, at the most verbose log level', (name) => {
    const { secretAccessKey, sessionToken } = jobOf(name).data.artifactCredentials as Record<string, string>;
    const { printed, report: document } = played.get(name) ?? {};
    for (const secret of [secretAccessKey, sessionToken]) {
      expect(secret).toBeTypeOf('string');
      expect(printed + JSON.stringify(document)).not.toContain(secret);
    }
    // A function that is killed at its first request has logged nothing.
    if (name !== 'fails-function-lost') expect(printed).toContain('"message":');
  });

  it('uses the strategies that the samples are there to show', () => {
    const strategies = (name: string): unknown[] => [
      ...new Set(report(name).copies.map((copy) => copy.strategy)),
    ];
    expect(strategies('three-regions')).toEqual(expect.arrayContaining(['multipart', 'object']));
    expect(strategies('seven-gib')).toEqual(['multipart']);
    expect(strategies('relay')).toEqual(['relay']);
  });

  it('says what is wrong in terms of what the operator can change', () => {
    expect(report('fails-bad-parameters').result.message).toMatch(/InputArtefacts.*InputArtifacts/s);
    expect(report('fails-missing-artifact').result.message).toContain('web-shop/Templates/gone123.zip');
    expect(report('fails-denied-key').result.message).toMatch(/kms:/);
    expect(report('fails-no-kms-key').result.message).toContain('web-shop-plain-bucket-eu-west-1');
  });

  it('gives a denied copy its status and the answer that denied it', () => {
    const denied = report('fails-denied-key').copies.filter(({ status }) => status === 'failed');
    expect(denied).toMatchObject([
      { bucket: 'web-shop-artifacts-ap-southeast-2', error: { httpStatus: 403, code: 'AccessDenied' } },
    ]);
  });

  it('encrypts under the keys that KmsKeyId names', () => {
    const [first, second] = report('kms-key').copies;
    expect(first?.kmsKeyArn).toBe(
      'arn:aws:kms:us-east-1:111122223333:key/0f6a1c9e-5b7d-4c21-9e3f-7a8b2d4c6e10',
    );
    expect(second?.kmsKeyArn).toMatch(/^arn:aws:kms:eu-west-1:111122223333:key\//);
  });

  it('writes nothing when parameters are bad or a key is missing', () => {
    for (const name of ['fails-bad-parameters', 'fails-no-kms-key']) {
      const writes = Object.keys(report(name).requests).filter((operation) =>
        /Copy|Upload|Put(?!Job)/.test(operation),
      );
      expect(writes).toEqual([]);
    }
  });

  it('puts the manifest into the output artifact', () => {
    expect(report('output-artifact').manifest).toMatchObject({ copies: expect.any(Array) as unknown });
  });
});
