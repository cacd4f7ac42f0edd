// The command `npm run replay`: what it shows, in a process of its own where only a whole process can show it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { startEmbeddedAws } from '../../../local/aws/embedded-aws.ts';
import { readEvent } from '../../../local/pipeline/event/event.ts';
import { scenarioOf } from '../../../local/pipeline/scenarios.ts';
import { setUp } from '../../../local/pipeline/set-up.ts';
import { Comparer } from '../../../local/replay/compare/compare.ts';
import type { PlanReport } from '../../../local/replay/dry-run/dry-run.ts';
import type { ReplayReport } from '../../../local/replay/report-schema.ts';
import { answerTo, ENTRY, endPlaying, play, runHere, runProcess, sampleFile } from './command.ts';

describe('the replay command', () => {
  it('shows a person what happened, without control characters when it is not a terminal', async () => {
    const { stdout, exitCode } = await runProcess([sampleFile('classic')]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Starting the replay\.\n\n {2}Replay of events\/classic\.json\n/);
    expect(stdout).toContain('Lambda with 1769 MiB and 8 min');
    expect(stdout).toContain('App → us-west-2: 24 MiB');
    expect(stdout).toContain('Succeeded');
    expect(stdout).toContain('✓ The copy is byte-identical');
    expect(stdout).not.toContain('\u001B');
  });

  it('prints one document with --json, and ends with its exit code', async () => {
    const { stdout, stderr, exitCode } = await runProcess([sampleFile('fails-no-kms-key'), '--json']);
    const { verdict, exitCode: stated, event } = JSON.parse(stdout) as ReplayReport;
    expect({ exitCode, stated, verdict, event, stderr }).toEqual({
      exitCode: 1,
      stated: 1,
      verdict: 'failed-as-expected',
      event: 'events/fails-no-kms-key.json',
      stderr: '',
    });
  });

  it('prints the plan and copies nothing with --dry-run', async () => {
    const { stdout, exitCode } = await runHere([sampleFile('seven-gib'), '--dry-run', '--json']);
    const { plan, cost, check } = JSON.parse(stdout) as PlanReport;
    expect(exitCode).toBe(0);
    // Three times 7 GiB at 2 cents per GB.
    expect(cost?.transferUsd).toBeCloseTo(0.451, 3);
    expect(check?.destinations.map(({ writable }) => writable)).toEqual([true, true, true]);
    expect(plan.map(({ strategy, region }) => `${strategy} ${region}`)).toEqual([
      'multipart us-east-1',
      'multipart ap-southeast-2',
      'multipart sa-east-1',
    ]);
    for (const { parts, sizeBytes } of plan) {
      expect((parts?.count ?? 0) * (parts?.sizeBytes ?? 0)).toBeGreaterThanOrEqual(sizeBytes);
    }
  });

  it('says with --dry-run how a job would fail', async () => {
    const { stdout, exitCode } = await runHere([sampleFile('fails-no-kms-key'), '--dry-run']);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('Failed: ConfigurationError');
  });

  it('says one line when it is interrupted', async () => {
    const child = spawn(process.execPath, [ENTRY, sampleFile('seven-gib'), '--wan']);
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    // The first line is there before anything is loaded.
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    const [code] = await once(child, 'close');
    expect(code).toBe(130);
    expect(stderr).toMatch(/^\nInterrupted after \d+\.\d s\. .*nothing is left\.\n$/);
  });

  it('finds with --dry-run that a key may not be used, which only a write shows', async () => {
    const { stdout, exitCode } = await runHere([sampleFile('fails-denied-key'), '--dry-run']);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/✗ PermissionError: CreateMultipartUpload on/);
    expect(stdout).toMatch(/an\s+upload\s+was\s+started\s+and\s+aborted/);
  });

  it('explains its options and every kind of fault', async () => {
    const help = await answerTo(['--help']);
    expect(help).toContain('--user-parameters <JSON>');
    expect(help).toMatch(/slow-down +S3 answers 503 SlowDown \(default rate 0\.2\)/);
    expect(help).toMatch(/oom +the function runs out of memory.*\n?.*\(default\s+rate 1\)/);
    expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(110);
  });
});

describe('the replay command with --live', () => {
  afterEach(() => vi.unstubAllEnvs());
  const shellHas = (variables: Readonly<Record<string, string>>): void => {
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  };

  it('copies where the shell points, with its credentials, and gives no job a result', async () => {
    await using aws = await startEmbeddedAws();
    await using comparer = new Comparer();
    const event = await readEvent(sampleFile('release-bucket'));
    const small = new Map(event.inputs.map(({ name }) => [name, { sizeBytes: 100_000 }]));
    const stage = setUp(aws.world, event, scenarioOf('other.json'), small);
    shellHas({
      AWS_ENDPOINT_URL_S3: aws.endpoint,
      AWS_ACCESS_KEY_ID: aws.admin.accessKeyId,
      AWS_SECRET_ACCESS_KEY: aws.admin.secretAccessKey,
      AWS_REGION: event.region,
    });
    const live = [sampleFile('release-bucket'), '--live'];
    const dry = await runHere([...live, '--dry-run', '--json']);
    const planned = JSON.parse(dry.stdout) as PlanReport;
    expect(planned.plan).toHaveLength(4);
    expect(planned.unchecked).toContain('Not checked: whether the role may write');
    await expect(runHere(live)).rejects.toThrow(/This writes 4 copies to .*add --yes/);
    expect(aws.world.requests.filter(({ operation }) => operation.startsWith('Copy'))).toEqual([]);

    const { exitCode, stdout } = await runHere([...live, '--yes']);
    expect(stdout).toContain(`the S3 server at ${aws.endpoint}`);
    expect(stdout).toContain(`as    access key ${aws.admin.accessKeyId}`);
    expect(stdout).toContain('4 copies made and proved as the table says; nothing was read back.');
    expect(stdout).not.toContain('real AWS');
    expect(exitCode).toBe(0);
    const found = await comparer.compare(aws, stage, event.copies);
    expect(found.flatMap(({ problems }) => problems)).toEqual([]);
    expect(aws.world.codePipeline.results).toEqual([]);

    const again = await runHere([...live, '--yes']);
    expect(again.stdout).toContain('4 copies were there already and were not made again.');
  });

  it('says what it needs when there are no credentials', async () => {
    shellHas({
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    });
    await expect(runHere(['--live'])).rejects.toThrow('--live needs AWS credentials');
  });
});

describe('what the replay refuses', () => {
  it('ends the command with 2 and leaves standard output to documents', async () => {
    const { exitCode, stderr, stdout } = await runProcess(['no/such/event.json', '--json']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/^error: .*no\/such\/event\.json: there is no such file/);
    expect(stderr).not.toContain('    at ');
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
    [['--live', '--report', 'x.html'], /--report.*--live.*not recorded/],
    [['--dry-run', '--wan'], /--wan.*--dry-run.*nothing is copied/],
    [['--dry-run', '--twice'], /--twice.*--dry-run.*nothing is copied/],
    [['--dry-run', '--fault', 'stall'], /--fault.*--dry-run.*nothing is copied/],
    [['--yes'], /--yes.*needs.*--live/],
    [['--fault', 'stal'], /no fault "stal".*slow-down/],
    [['--fault', 'stall=2'], /--fault.*rate from 0 to 1/],
    [['--env', 'X'], /--env.*'X'.*NAME=VALUE/],
    [
      ['--env', 'SYNC_MAXCONCURRENCY=3'],
      /does not read SYNC_MAXCONCURRENCY\. Did you mean SYNC_MAX_CONCURRENCY\?/,
    ],
    [['--env', 'POWERTOOL_LOG_LEVEL=DEBUG'], /does not read .* Did you mean POWERTOOLS_LOG_LEVEL\?/],
    [['--user-parameters', '{"a"'], /--user-parameters.*Expected JSON/],
    [['--variable', 'x'], /--variable.*pipeline variable/],
    [['--bucket-region', 'web-shop-releases=eu-west-99'], /"eu-west-99", which is not an AWS region/],
    [['--tiemout', '20s'], /unknown option '--tiemout'.*--timeout/s],
    [['events/clasic.json'], /clasic\.json: there is no such file\. Did you mean events\/classic\.json\?/],
    [['events'], /event file events: it is a folder/],
    [['package.json'], /package\.json is not a CodePipeline job event/],
  ])('answers %j with what is expected', async (args, message) => {
    expect(await answerTo(args)).toMatch(message);
  });

  it('takes any variable of the function that is not one misspelt', async () => {
    await expect(answerTo(['--env', 'SYNC_STALL_MS=900', '--env', 'TEAM=web'])).rejects.toThrow(
      'was not refused',
    );
  });
});

describe('a file of the user', () => {
  afterAll(endPlaying);
  it('is what is copied', async () => {
    const { report } = await play([sampleFile('classic'), '--artifact', 'App=package-lock.json']);
    const sizeBytes = readFileSync('package-lock.json').length;
    expect(report.copies).toMatchObject([{ sizeBytes, identical: true }]);
  });
});
