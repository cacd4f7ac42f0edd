// The command `artifact-sync doctor`: what it prints, its exit codes, and what it does with options that it cannot use.
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { type DoctorArguments, runDoctor } from '../../../cli/doctor/command.ts';
import type { Diagnosis } from '../../../cli/doctor/diagnosis.ts';
import { DOCTOR_PERMISSIONS } from '../../../cli/doctor/permissions.ts';
import { UsageError } from '../../../cli/usage-error.ts';
import { AP, EU, FUNCTION, FUNCTION_ROLE, PatientWorld } from './patient.ts';

async function run(
  world: PatientWorld,
  options: DoctorArguments = { pipeline: 'shop' },
): Promise<{ readonly exitCode: number; readonly text: string }> {
  let text = '';
  const write = (more: string): void => {
    text += more;
  };
  const output = { write, columns: 110 };
  const exitCode = await runDoctor(options, output, world.access);
  return { exitCode, text };
}

describe('doctor on a terminal', () => {
  it('shows pipeline, function, sources and destinations, and ends with 0 when nothing is wrong', async () => {
    await using world = await PatientWorld.start();

    const { exitCode, text } = await run(world);

    expect(exitCode).toBe(0);
    expect(text).toContain('shop, action Sync/SyncArtifacts');
    expect(text).toContain('App: s3://pipeline-artifacts/pipeline/App/abc.zip');
    expect(text).toMatch(new RegExp(`${EU} +eu-west-1 .*✓ started`));
    expect(text).toMatch(/Nothing is wrong\.\n$/);
  });

  it('gathers the statements for one policy, and ends with 1', async () => {
    await using world = await PatientWorld.start();
    world.revoke('s3:PutObject', 'destination objects');
    world.revoke('s3:AbortMultipartUpload', 'destination objects');

    const { exitCode, text } = await run(world);

    expect(exitCode).toBe(1);
    const [, statements = ''] = text.split(`Add to the IAM policy of ${FUNCTION_ROLE}:\n\n`);
    const parsed = JSON.parse(statements.slice(0, statements.indexOf('\n\n'))) as {
      readonly Action: readonly string[];
      readonly Resource: string;
    }[];
    expect(parsed.map(({ Resource }) => Resource).sort()).toEqual([
      `arn:aws:s3:::${AP}/*`,
      `arn:aws:s3:::${EU}/*`,
    ]);
    for (const { Action } of parsed) {
      expect(Action).toEqual(expect.arrayContaining(['s3:AbortMultipartUpload', 's3:PutObject']));
    }
  });

  it('takes a statement that it gave as the cure', async () => {
    await using world = await PatientWorld.start();
    world.revoke('s3:PutObject', 'destination objects');
    const before = await world.diagnose();

    const statements = before.findings.flatMap(({ remedy }) => remedy?.statement ?? []);
    world.jobs.role.may = [...world.jobs.role.may, ...statements];
    const after = await world.diagnose();

    expect(statements).not.toEqual([]);
    expect(after.findings).toEqual([]);
  });
});

describe('doctor without a pipeline', () => {
  it('checks a function with the parameters that are given', async () => {
    await using world = await PatientWorld.start();
    const userParameters = JSON.stringify({ DestinationBucket: EU, InputArtifacts: ['App', 'Templates'] });

    const { exitCode, text } = await run(world, { function: FUNCTION, userParameters, json: true });

    const diagnosis = JSON.parse(text) as Diagnosis;
    expect(exitCode).toBe(0);
    expect(diagnosis.findings).toEqual([]);
    expect(diagnosis.sources).toEqual([]);
    expect(diagnosis.destinations.map(({ bucket }) => bucket)).toEqual([EU]);
  });
});

describe('doctor whose caller lacks a permission', () => {
  it.each([
    ['iam:SimulatePrincipalPolicy', 'error'],
    ['lambda:InvokeFunction', 'error'],
    ['lambda:GetFunctionConfiguration', 'error'],
    ['lambda:GetFunctionEventInvokeConfig', 'warning'],
    ['codepipeline:ListActionExecutions', 'warning'],
    ['s3:GetEncryptionConfiguration', 'warning'],
    ['s3:GetBucketObjectLockConfiguration', 'warning'],
    ['s3:GetBucketPolicy', 'warning'],
    ['s3:GetBucketVersioning', 'warning'],
    ['s3:GetLifecycleConfiguration', 'warning'],
  ])('says what it could not check without %s', async (action, severity) => {
    await using world = await PatientWorld.start();
    const [statement] = world.caller.may;
    if (statement === undefined) throw new Error('the caller may nothing');
    const left = [statement.Action].flat().filter((each) => each !== action);
    world.caller.may = [{ ...statement, Action: left }];

    const { findings, ok } = await world.diagnose();

    expect(findings.map((finding) => finding.remedy?.command)).toEqual(
      expect.arrayContaining([expect.stringContaining(action)]),
    );
    expect(new Set(findings.map((finding) => finding.severity))).toContain(severity);
    expect(ok).toBe(severity === 'warning');
  });

  it('cannot look at a pipeline that it may not read', async () => {
    await using world = await PatientWorld.start();
    world.caller.may = [];
    await expect(run(world)).rejects.toThrow(
      /--pipeline shop: AccessDeniedException.*codepipeline:GetPipeline/,
    );
  });
});

describe('doctor refuses', () => {
  it.each<[string, DoctorArguments, RegExp]>([
    ['no options', {}, /give --pipeline NAME, or --function/],
    ['a function without parameters', { function: FUNCTION }, /--user-parameters/],
    ['both ways at once', { pipeline: 'shop', function: FUNCTION }, /leave out --function/],
    ['a version', { function: 'sync:3', userParameters: '{}' }, /without a version or alias/],
    [
      'a file that is not there',
      { function: FUNCTION, userParameters: '@no/file' },
      /no\/file cannot be read/,
    ],
    ['a pipeline that is not there', { pipeline: 'shoe' }, /PipelineNotFoundException/],
    ['an action that is not there', { pipeline: 'shop', action: 'Sync/Other' }, /one of Sync\/SyncArtifacts/],
  ])('%s', async (_, options, message) => {
    await using world = await PatientWorld.start();
    const failure = await run(world, options).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UsageError);
    expect((failure as Error).message).toMatch(message);
  });
});

it('asks for the permissions that its documents list', async () => {
  const text = await readFile(new URL('../../../docs/doctor.md', import.meta.url), 'utf8');
  const [, json = ''] = /```json\n([\s\S]*?)```/.exec(text) ?? [];
  const { Statement } = JSON.parse(json) as { readonly Statement: { readonly Action: string[] }[] };
  expect(Statement.flatMap(({ Action }) => Action).sort()).toEqual(
    Object.values(DOCTOR_PERMISSIONS).flat().sort(),
  );
});
