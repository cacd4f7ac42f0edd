// `npm run pipeline` as a command: its options, what it refuses, and what it prints and writes.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runCommand } from '../../../local/foundation/command.ts';
import { parseOptions } from '../../../local/foundation/options.ts';
import { createTerminal } from '../../../local/replay/terminal/terminal.ts';
import { type SampleFoundation, sample, small } from './sample.ts';

const folder = await mkdtemp(join(tmpdir(), 'pipeline-command-'));
afterAll(() => rm(folder, { recursive: true }));

describe('npm run pipeline', () => {
  const report = join(folder, 'run.html');
  const whole = command('--approve', 'all', '--accesses', '--statements', '--json', '--report', report);

  it('shows each action, the roles, and the verdict', async () => {
    const { code, text } = await whole;
    expect(code).toBe(0);
    expect(text).toMatch(/Sync 111122223333\n +✓ us-east-1 +Synced 1 artifact/);
    expect(text).toContain('✓ Source → ✓ Sync → ✓ Dev → ✓ Test → ✓ Prod');
    expect(text).toMatch(/artsync-pipeline +111122223333 +\d+ +8 of 8/);
    expect(text).toMatch(/── Succeeded ─/);
  });

  it('lists every access with the statements that decided it', async () => {
    const { text } = await whole;
    expect(text).toMatch(
      / {4}artsync-pipeline: lambda:InvokeFunction\n.*\n +by artsync-pipeline\/InvokeSync\n/,
    );
    expect(text).toContain('by artsync-sync-artifacts/DecryptSources and');
  });

  it('lists every statement with what used it, and the actions that nothing asked for', async () => {
    const { text } = await whole;
    expect(text).toMatch(/HandOverLostJobs +Deployment: 7 stacks, and 1 more/);
    expect(text).toMatch(/FindSources +Afterwards: Missing revision/);
    expect(text).toMatch(/not asked for: cloudformation:DeleteChangeSet/);
  });

  it('says in the end what failed, what AWS says, and which policy lacks what', async () => {
    const { code, text } = await command('--approve', 'all', '--without', 'InvokeSync');
    expect(code).toBe(1);
    expect(text).toContain('✓ Source → ✗ Sync → Dev → Test → Prod');
    expect(text).toMatch(/── Failed: Sync ─/);
    expect(flat(text)).toContain(
      "No statement of the role's own policies allows artsync-pipeline lambda:InvokeFunction on lambda:eu-west-1:111122223333:function:artsync-sync-artifacts.",
    );
  });

  it('shows what the function advises to the role that is denied', async () => {
    const denial = 'artsync-sync-artifacts kms:GenerateDataKey';
    const { code, text } = await command('--approve', 'all', '--deny', denial);
    expect(code).toBe(1);
    expect(flat(text)).toMatch(/An explicit deny in an identity-based policy refuses kms:GenerateDataKey/);
    expect(flat(text)).toContain('artsync-sync-artifacts/AddedDeny denies artsync-sync-artifacts');
  });

  it('says so when what was changed makes no difference', async () => {
    const { code, text } = await commandOn(small, [
      '--approve',
      'all',
      '--deny',
      'small-pipeline s3:DeleteObject',
    ]);
    expect(code).toBe(0);
    expect(text).toContain('Nothing was denied: small-pipeline was not seen to ask for s3:DeleteObject.');
  });

  it('asks the person at the terminal, and stops at a no', async () => {
    const questions: string[] = [];
    const { code, text } = await commandOn(small, [], (question) => {
      questions.push(question);
      return Promise.resolve(false);
    });
    expect(questions).toEqual(['Approve Dev?']);
    expect(code).toBe(1);
    expect(text).toContain('Dev was not approved.');
  });

  it('writes one document with --json and one page with --report, and no credentials anywhere', async () => {
    const { document, text } = await whole;
    const page = await readFile(report, 'utf8');
    expect(document).toMatchObject({ schema: 1, succeeded: true, pipeline: 'artsync-reference' });
    expect(page).toContain('Run of artsync-reference');
    expect(page).not.toMatch(/<script|https?:\/\//);
    const all = [JSON.stringify(document), text, page].join('\n');
    expect(all).not.toMatch(/A[SK]IA[0-9A-F]{16}|secretAccessKey|sessionToken/);
  });
});

describe('what cannot be run', () => {
  it.each([
    [
      [],
      /Prod waits for an approval, and there is no terminal to ask on: add --approve Prod, or --approve all/,
    ],
    [['--approve', 'Pord'], /no stage of that name waits for an approval.*Did you mean Prod/],
    [
      ['--without', 'FindArtifacts'],
      /means 3 statements\. Give one of:\n {2}artsync-deploy-roles-dev\/artsync-pipeline-action/,
    ],
    [['--without', 'InvokeSink'], /There is no statement "InvokeSink".*Did you mean InvokeSync\?/s],
    [['--deny', 'nobody s3:GetObject'], /There is no role "nobody"\. Give one of:\n/],
    [
      ['--deny', 'artsync-pipeline-action s3:GetObject'],
      /means 2 roles\. Give one of:\n {2}artsync-deploy-roles-dev\/artsync-pipeline-action\n/,
    ],
  ])('is refused with what there is: %j', async (argv, message) => {
    await expect(command(...argv)).rejects.toThrow(message);
  });

  it.each([
    [['--deny', 'artsync-pipeline'], /Expected a role and an action/],
    [['--topology', 'missing.ts'], /There is no file missing\.ts/],
    [['--release', folder], /There is no file /],
    [['--statement'], /unknown option '--statement'/],
    [['--each-statement', '--deny', 'a s3:GetObject'], /cannot be used with option '--deny/],
  ])('is refused by its options: %j', (argv, message) => {
    let printed = '';
    const writeErr = (text: string): void => {
      printed += text;
    };
    expect(() => parseOptions(argv, { writeErr })).toThrow();
    expect(printed).toMatch(message);
  });
});

/** Runs the command on the sample foundation, with nobody at the terminal. */
function command(...argv: readonly string[]) {
  return commandOn(sample, argv);
}

/** Runs the command on a log of 100 columns. */
async function commandOn(
  foundation: SampleFoundation,
  argv: readonly string[],
  ask?: (question: string) => Promise<boolean>,
) {
  let text = '';
  let printed = '';
  const code = await runCommand(foundation, parseOptions(argv), {
    terminal: createTerminal({ write: (part) => (text += part) }, {}),
    ask,
    print: (part) => {
      printed += part;
    },
  });
  return { code, text, document: printed === '' ? undefined : (JSON.parse(printed) as unknown) };
}

function flat(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}
