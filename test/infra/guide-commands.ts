// Reads the commands of a guide as a shell would: each with its arguments, quotes and variables resolved.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A command and its arguments. */
export type Command = readonly string[];

/** The commands of the indented blocks of a guide that begin with one of these programs. */
export function commandsOf(file: string, programs: readonly string[]): Command[] {
  const lines = readFileSync(file, 'utf8')
    .replaceAll(/\\\n\s+/g, '')
    .split('\n')
    .map((line) => /^(?: {4}| {7})(\S.*)$/.exec(line)?.[1] ?? '')
    .filter((line) => programs.some((program) => new RegExp(`^(\\w+=\\$\\()?${program} `).test(line)));
  // Every program is a function that writes its arguments, each ended by a zero byte, to file descriptor 3.
  const script = [
    ...programs.map((program) => `${program}() { printf '%s\\0' ${program} "$@" $'\\n' >&3; echo a-value; }`),
    ...lines,
  ].join('\n');
  const written = execFileSync('bash', ['-euc', `exec 3>&1 >/dev/null\n${script}`], { encoding: 'utf8' });
  return written
    .split('\0\n\0')
    .map((command) => command.split('\0'))
    .filter(([program]) => program !== undefined && program !== '');
}

/** The values of `--name value`; a flag without value has none. */
export function optionsOf(command: Command): ReadonlyMap<string, string | undefined> {
  return new Map(
    command.flatMap((word, index) => {
      if (!word.startsWith('--')) return [];
      const next = command[index + 1];
      return [[word.slice(2), next?.startsWith('--') ? undefined : next] as const];
    }),
  );
}
