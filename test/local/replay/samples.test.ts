// Every sample event, replayed as a user would: the expected end, right bytes, no secret, sound JSON.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import pLimit from 'p-limit';
import { beforeAll, describe, expect, it } from 'vitest';
import { SAMPLES_FOLDER, SCENARIOS } from '../../../local/pipeline/scenarios.ts';
import type { ReplayReport } from '../../../local/replay/report.ts';
import { type Output, replay, sampleFile } from './command.ts';

const SAMPLES = readdirSync(SAMPLES_FOLDER)
  .filter((file) => file.endsWith('.json'))
  .map((file) => basename(file, '.json'));

function jobOf(name: string): { id: string; accountId: string; data: Record<string, unknown> } {
  const event = JSON.parse(readFileSync(sampleFile(name), 'utf8')) as Record<
    string,
    ReturnType<typeof jobOf>
  >;
  const job = event['CodePipeline.job'];
  if (!job) throw new Error(`${name} is no job event`);
  return job;
}

describe('sample events', () => {
  it('are all described, and all that is described is there', () => {
    const readme = readFileSync(join(SAMPLES_FOLDER, 'README.md'), 'utf8');
    expect(SAMPLES.toSorted()).toEqual(Object.keys(SCENARIOS).toSorted());
    expect(SAMPLES.filter((name) => !readme.includes(`[${name}](${name}.json)`))).toEqual([]);
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
  const outputs = new Map<string, Output>();
  beforeAll(async () => {
    const limit = pLimit(2);
    const runs = SAMPLES.map((name) =>
      limit(async () => {
        // Beyond 8 GiB most bytes are compared as extents: quicker than 7 GiB, and still more than one CopyObject takes.
        const size = name === 'seven-gib' ? ['--artifact', 'MachineImage=9GiB'] : [];
        const environment = [
          '--env',
          'POWERTOOLS_LOG_LEVEL=TRACE',
          '--env',
          'SYNC_ACCESS_DENIED_RETRY_MS=100',
        ];
        outputs.set(name, await replay([sampleFile(name), '--json', ...size, ...environment]));
      }),
    );
    await Promise.all(runs);
  }, 600_000);

  const report = (name: string): ReplayReport => JSON.parse(outputs.get(name)?.stdout ?? '') as ReplayReport;

  it.each(SAMPLES.filter((name) => !SCENARIOS[name]?.fails))(
    '%s succeeds with every byte in place',
    (name) => {
      const { result, passed, copies } = report(name);
      expect(result).toMatchObject({ status: 'Succeeded' });
      expect(copies.length).toBeGreaterThan(0);
      expect(copies.flatMap(({ problems }) => problems ?? ['not compared'])).toEqual([]);
      expect(copies.map(({ strategy }) => typeof strategy)).toEqual(copies.map(() => 'string'));
      expect({ passed, exitCode: outputs.get(name)?.exitCode }).toEqual({ passed: true, exitCode: 0 });
    },
  );

  it.each(SAMPLES.filter((name) => SCENARIOS[name]?.fails))('%s fails as it is meant to', (name) => {
    const { result, passed } = report(name);
    expect(result).toMatchObject({ status: 'Failed', failureType: SCENARIOS[name]?.fails });
    expect({ passed, exitCode: outputs.get(name)?.exitCode }).toEqual({ passed: false, exitCode: 1 });
  });

  it.each(SAMPLES)('%s prints nothing of artifactCredentials, at the most verbose log level', (name) => {
    const { secretAccessKey, sessionToken } = jobOf(name).data.artifactCredentials as Record<string, string>;
    const { stdout = '', stderr = '' } = outputs.get(name) ?? {};
    for (const secret of [secretAccessKey, sessionToken]) {
      expect(secret).toBeTypeOf('string');
      expect(stdout + stderr).not.toContain(secret);
    }
  });

  it('uses the strategies that the samples are there to show', () => {
    const strategies = (name: string): unknown[] => [
      ...new Set(report(name).copies.map((copy) => copy.strategy)),
    ];
    expect(strategies('three-regions')).toEqual(expect.arrayContaining(['multipart', 'object']));
    expect(strategies('seven-gib')).toEqual(['multipart']);
    expect(strategies('relay')).toEqual(['relay']);
  });

  it('tells what is wrong in terms of what the operator can change', () => {
    expect(report('fails-bad-parameters').result.message).toMatch(/InputArtefacts.*InputArtifacts/s);
    expect(report('fails-missing-artifact').result.message).toContain('web-shop/Templates/gone123.zip');
    expect(report('fails-denied-key').result.message).toMatch(/kms:/);
    expect(report('fails-no-kms-key').result.message).toContain('web-shop-plain-bucket-eu-west-1');
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
