// The command `npm run mutants`: breaks the function in one line, and expects the named check to fail, for each mutant of the table.
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { Command } from 'commander';
import { MUTANTS, type Mutant, mutate } from './mutants.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What a copy of the project does without. */
const LEFT_OUT = /^(?:node_modules|dist|cdk\.out|coverage|\.git)$/;
/** A check that takes longer than this has found nothing. */
const TIMEOUT_MS = 15 * 60_000;

const command = new Command('mutants')
  .description('Break the function in one line at a time, and see that the named check fails.')
  .option('--only <text>', 'only mutants whose name contains this text')
  .parse();
const { only = '' } = command.opts<{ only?: string }>();
const chosen = MUTANTS.filter(({ name }) => name.includes(only));
if (chosen.length === 0)
  command.error(
    `error: no mutant is named like "${only}"; there are: ${MUTANTS.map(({ name }) => name).join('; ')}`,
  );

const copy = await mkdtemp(join(tmpdir(), 'mutants-'));
const table = new Table({ head: ['mutant', 'check', 'caught', 'seconds'], style: { head: [], border: [] } });
let survivors = 0;
try {
  await cp(ROOT, copy, { recursive: true, filter: (path) => !LEFT_OUT.test(path.slice(ROOT.length)) });
  await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  // A check that fails on the code as it is would "catch" everything.
  for (const check of new Set(chosen.map((mutant) => mutant.check))) {
    process.stderr.write(`unchanged: ${check}\n`);
    const { failed, output } = await run(check, copy);
    if (failed) throw new Error(`"${check}" fails without any mutant:\n${output.slice(-4000)}`);
  }
  for (const mutant of chosen) {
    process.stderr.write(`${mutant.name}: ${mutant.check}\n`);
    const started = performance.now();
    const { failed } = await tryOut(mutant);
    survivors += failed ? 0 : 1;
    table.push([
      mutant.name,
      mutant.check,
      failed ? 'yes' : 'NO',
      Math.round((performance.now() - started) / 1000),
    ]);
  }
} finally {
  await rm(copy, { recursive: true });
}
process.stdout.write(
  `${table.toString()}\n${chosen.length - survivors} of ${chosen.length} mutants caught\n`,
);
process.exitCode = survivors > 0 ? 1 : 0;

async function tryOut(mutant: Mutant): Promise<CheckResult> {
  const file = join(copy, mutant.file);
  const code = await readFile(file, 'utf8');
  await writeFile(file, mutate(code, mutant));
  try {
    return await run(mutant.check, copy);
  } finally {
    await writeFile(file, code);
  }
}

interface CheckResult {
  readonly failed: boolean;
  readonly output: string;
}

/** Runs a check in a copy of the project; one that does not end is none that fails. */
async function run(check: string, cwd: string): Promise<CheckResult> {
  const child = spawn(check, { cwd, shell: true, stdio: ['ignore', 'pipe', 'pipe'], timeout: TIMEOUT_MS });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on('error', reject).on('close', (...ended) => resolve(ended));
  });
  if (signal !== null) throw new Error(`"${check}" was ended by ${signal}`);
  return { failed: code !== 0, output };
}
