// What the commands say for --help, and when they cannot start.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CommanderError } from '@commander-js/extra-typings';
import { describe, expect, it } from 'vitest';
import { parseOptions } from '../../local/wan/options.ts';

/** Runs a command of `local/` to its end. */
function stderrOf(file: string, args: readonly string[]): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const path = fileURLToPath(new URL(`../../local/${file}`, import.meta.url));
  execFile(process.execPath, [path, ...args], { timeout: 20_000 }, (error, _stdout, stderr) =>
    resolve(error === null ? 'it ended well' : stderr),
  );
  return promise;
}

describe('--help', () => {
  it.each([
    'local/replay.ts',
    'local/licences.ts',
    'local/local-aws.ts',
    'local/soak.ts',
    'local/foundation.ts',
    'local/wan.ts',
    'bench/bench.ts',
    'bench/cold-start.ts',
    'bench/profile.ts',
    'bench/relay.ts',
    'bench/sweep.ts',
    'bench/timeline.ts',
  ])('of %s says what the command does, and does nothing', async (file) => {
    const path = fileURLToPath(new URL(`../../${file}`, import.meta.url));
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [path, '--help']);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^Usage: npm run [\w:-]+ -- \[options\].*\n\n[A-Z][\s\S]*?\.\n/);
  });
});

describe('npm run soak', () => {
  it('refuses what is not a number', async () => {
    const stderr = await stderrOf('soak.ts', ['--jobs', 'many']);
    expect(stderr).toMatch(/--jobs.*'many'.*Expected a number/);
  });
});

describe('a port in use', () => {
  it.each([
    ['local-aws.ts', []],
    ['wan.ts', ['--upstream', 'http://127.0.0.1:1']],
  ])('makes %s say what to do, without a stack trace', async (file, args) => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const stderr = await stderrOf(file, [...args, '--port', String(port)]);
    server.close();
    expect(stderr).toMatch(/^error: listen EADDRINUSE.*Choose another --port/);
    expect(stderr).not.toContain('    at ');
  });
});

describe('npm run wan', () => {
  it.each([
    [['--upstream', 'https://127.0.0.1:9000'], /--upstream.*begins with http:/],
    [['--upstream', 'nonsense'], /--upstream.*begins with http:/],
    [['--upstream', 'http://127.0.0.1:1', '--round-trip', 'eu-west-1'], /REGION=MILLISECONDS/],
    [['--upstream', 'http://127.0.0.1:1', '--port', '99999'], /--port.*0 to 65535/],
    [[], /--upstream is needed/],
  ])('answers %j with what is expected', (args, message) => {
    let printed = '';
    const writeErr = (text: string): void => {
      printed += text;
    };
    expect(() => parseOptions(args, { writeErr })).toThrow(CommanderError);
    expect(printed).toMatch(message);
  });

  it('refuses without a stack trace', async () => {
    const stderr = await stderrOf('wan.ts', []);
    expect(stderr).toMatch(/^error: --upstream is needed/);
    expect(stderr).not.toContain('    at ');
  });
});
