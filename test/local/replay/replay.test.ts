// The command `npm run replay`: what it shows, its options, and what it says about wrong ones.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { startEmbeddedAws } from '../../../local/aws/embedded-aws.ts';
import { readEvent } from '../../../local/pipeline/event.ts';
import { scenarioOf } from '../../../local/pipeline/scenarios.ts';
import { setUp } from '../../../local/pipeline/set-up.ts';
import { compareCopies } from '../../../local/replay/compare/compare.ts';
import type { PlanReport } from '../../../local/replay/dry-run.ts';
import type { ReplayReport } from '../../../local/replay/report.ts';
import { replay, sampleFile } from './command.ts';

describe('the replay command', () => {
  it('shows a person what happened, without control characters when it is no terminal', async () => {
    const { stdout, exitCode } = await replay([sampleFile('classic')]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('Replay of');
    expect(stdout).toContain('App → us-west-2: 25.2 MB');
    expect(stdout).toContain('Succeeded');
    expect(stdout).toContain('✓ The copy is byte-identical');
    expect(stdout).not.toContain('\u001B');
  });

  it('says of a failing sample what the operator sees and that it is meant to fail', async () => {
    const { stdout, exitCode } = await replay([sampleFile('fails-no-kms-key')]);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('Failed: ConfigurationError');
    expect(stdout).toContain('meant to fail');
  });

  it('copies a file of the user', async () => {
    const { stdout, exitCode } = await replay([
      sampleFile('classic'),
      '--json',
      '--artifact',
      'App=package-lock.json',
    ]);
    expect(exitCode).toBe(0);
    const { copies } = JSON.parse(stdout) as ReplayReport;
    expect(copies).toMatchObject([{ sizeBytes: readFileSync('package-lock.json').length, identical: true }]);
  });

  it('plays continuations: new jobs with fresh credentials, one result in the end', async () => {
    // One request at a time is slow enough for several invocations of two seconds.
    const large = ['--artifact', 'App=36GiB', '--timeout', '2s', '--env', 'SYNC_MAX_CONCURRENCY=1'];
    const { stdout, exitCode } = await replay([sampleFile('classic'), '--json', ...large]);
    const { continuations, invocations, result, copies } = JSON.parse(stdout) as ReplayReport;
    expect(continuations).toBeGreaterThanOrEqual(1);
    expect(new Set(invocations.map(({ jobId }) => jobId)).size).toBe(continuations + 1);
    expect(result).toMatchObject({ status: 'Succeeded' });
    expect(copies).toMatchObject([{ identical: true, strategy: 'multipart' }]);
    expect(exitCode).toBe(0);
  });

  it('prints the plan and copies nothing with --dry-run', async () => {
    const { stdout, exitCode } = await replay([sampleFile('seven-gib'), '--dry-run', '--json']);
    const { plan } = JSON.parse(stdout) as PlanReport;
    expect(exitCode).toBe(0);
    expect(plan.map(({ strategy, region }) => `${strategy} ${region}`)).toEqual([
      'multipart us-east-1',
      'multipart ap-southeast-2',
      'multipart sa-east-1',
    ]);
    for (const { parts, sizeBytes } of plan) {
      expect((parts?.count ?? 0) * (parts?.sizeBytes ?? 0)).toBeGreaterThanOrEqual(sizeBytes);
    }
  });

  it('takes as long with --wan as the model says, and compares without it', async () => {
    const { stdout, exitCode } = await replay([sampleFile('classic'), '--json', '--wan']);
    expect(exitCode).toBe(0);
    const { network, requests, jobMs } = JSON.parse(stdout) as ReplayReport;
    // From eu-central-1 to us-west-2: HEAD, one CopyObject, and the job result.
    const limitMs = 140 + (140 + 30 + (24 * 1_048_576) / 80_000) + 2;
    expect(network).toMatchObject({ homeRegion: 'eu-central-1', roundTripMs: { 'us-west-2': 140 } });
    expect(network?.limitMs).toBeCloseTo(limitMs);
    expect(jobMs).toBeGreaterThanOrEqual(limitMs);
    // Every request of the function was held back, none of the comparison's.
    expect(network?.answers).toBe(Object.values(requests).reduce((sum, count) => sum + count, 0));
  });

  it('says in one line that latency is modelled, and nothing of it without --wan', async () => {
    const modelled = await replay([sampleFile('fails-no-kms-key'), '--wan']);
    expect(modelled.stdout).toMatch(
      /^ {2}over {2}modelled round trips of .* ms; no client can be faster than /m,
    );
    const usual = await replay([sampleFile('fails-no-kms-key')]);
    expect(usual.stdout).not.toContain('modelled');
  });

  it('tells with --dry-run how a job would fail', async () => {
    const { stdout, exitCode } = await replay([sampleFile('fails-no-kms-key'), '--dry-run']);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('Failed: ConfigurationError');
  });

  it('copies with --live where the shell points, with the credentials of the shell, and gives no job a result', async () => {
    await using aws = await startEmbeddedAws();
    const event = await readEvent(sampleFile('release-bucket'));
    const stage = setUp(aws.world, event, scenarioOf('other.json'), new Map());
    const variables = {
      AWS_ENDPOINT_URL_S3: aws.endpoint,
      AWS_ACCESS_KEY_ID: aws.admin.accessKeyId,
      AWS_SECRET_ACCESS_KEY: aws.admin.secretAccessKey,
      AWS_REGION: event.region,
    };
    const dry = await replay([sampleFile('release-bucket'), '--live', '--dry-run', '--json'], variables);
    expect((JSON.parse(dry.stdout) as PlanReport).plan).toHaveLength(4);
    const { exitCode, stdout } = await replay([sampleFile('release-bucket'), '--live'], variables);
    expect(stdout).toContain('Succeeded');
    expect(exitCode).toBe(0);
    expect((await compareCopies(aws, stage, event.copies)).flatMap(({ problems }) => problems)).toEqual([]);
    expect(aws.world.codePipeline.results).toEqual([]);
  });

  it('says what --live needs when there are no credentials', async () => {
    const nothing = {
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    };
    const { exitCode, stderr } = await replay(['--live'], nothing);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('--live needs AWS credentials');
  });

  it.each([
    [['--timeout', 'soon'], /--timeout.*'soon'.*1s to 15min/],
    [['--timeout', '20min'], /--timeout.*'20min'.*1s to 15min/],
    [['--memory', '64'], /--memory.*'64'.*128 to 10240/],
    [['--artifact', 'App'], /--artifact.*'App'.*NAME=FILE or NAME=SIZE/],
    [['--artifact', 'App=2 parsecs'], /--artifact.*2 parsecs.*neither a file nor a size/],
    [['--artifact', 'Ap=2MiB'], /--artifact names "Ap".*App, Templates/],
    [['--live', '--artifact', 'App=2MiB'], /--artifact.*--live/],
    [['--live', '--wan'], /--wan.*--live.*latency/],
    [['--dry-run', '--wan'], /--wan.*--dry-run.*nothing is copied/],
    [['--dry-run', '--fault', 'stall'], /--fault.*--dry-run.*nothing is copied/],
    [['--env', 'X'], /--env.*'X'.*NAME=VALUE/],
    [['--tiemout', '20s'], /unknown option '--tiemout'.*--timeout/s],
    [['no/such/event.json'], /no\/such\/event\.json/],
    [['events/clasic.json'], /clasic\.json: there is no such file\. Did you mean events\/classic\.json\?/],
    [['events'], /event file events: it is a folder/],
    [['package.json'], /package\.json is no CodePipeline job event/],
  ])('answers %j with what is allowed', async (args, message) => {
    const { exitCode, stderr, stdout } = await replay(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('    at ');
  });

  it('explains its options', async () => {
    const { stdout, exitCode } = await replay(['--help']);
    expect(exitCode).toBe(0);
    for (const option of [
      '--artifact',
      '--timeout',
      '--memory',
      '--fault',
      '--seed',
      '--wan',
      '--dry-run',
      '--json',
      '--verbose',
      '--live',
    ]) {
      expect(stdout).toContain(option);
    }
  });
});
