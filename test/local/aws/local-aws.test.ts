// The command `local-aws`: prints what a shell needs and nothing else, serves, and ends on SIGTERM.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { S3 } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, test } from 'vitest';

const LINES = 5;

describe('local-aws', () => {
  let child: ChildProcess | undefined;
  afterEach(() => child?.kill('SIGKILL'));

  async function start(file: string, ...args: string[]) {
    child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines: string[] = [];
    if (child.stdout !== null) {
      for await (const line of createInterface(child.stdout)) {
        lines.push(line);
        if (lines.length === LINES) {
          break;
        }
      }
    }
    return { child, lines };
  }

  test('prints export lines that an S3 client can use, and ends with 0 on SIGTERM', async () => {
    const { child: server, lines } = await start(process.execPath, 'local/local-aws.ts', '--port', '0');
    const settings = Object.fromEntries(
      lines.map(
        (line) => /^export ([A-Z_]+)=([^\s'"$;&]+)$/.exec(line)?.slice(1, 3) ?? [line, 'not an export line'],
      ),
    );
    expect(Object.keys(settings)).toEqual([
      'AWS_ENDPOINT_URL',
      'AWS_ACCESS_KEY_ID',
      'AWS_SECRET_ACCESS_KEY',
      'AWS_REGION',
      'AWS_DEFAULT_REGION',
    ]);
    const s3 = new S3({
      endpoint: settings.AWS_ENDPOINT_URL ?? '',
      region: settings.AWS_REGION ?? '',
      credentials: {
        accessKeyId: settings.AWS_ACCESS_KEY_ID ?? '',
        secretAccessKey: settings.AWS_SECRET_ACCESS_KEY ?? '',
      },
    });
    await s3.createBucket({ Bucket: 'my-bucket' });
    expect((await s3.headBucket({ Bucket: 'my-bucket' })).BucketRegion).toBe('us-east-1');
    s3.destroy();
    const exited = once(server, 'exit');
    server.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  });

  test('ends with the npm that started it', async () => {
    const { child: npm, lines } = await start('npm', '--silent', 'run', 'local-aws', '--', '--port', '0');
    const endpoint = lines[0]?.split('=')[1] ?? '';
    expect((await fetch(endpoint)).status).toBe(403);
    const exited = once(npm, 'exit');
    npm.kill('SIGTERM');
    await exited;
    await expect
      .poll(async () => fetch(endpoint).catch((error: Error) => error.message), { timeout: 30_000 })
      .toBe('fetch failed');
  });

  test('refuses a port that is none', async () => {
    child = spawn(process.execPath, ['local/local-aws.ts', '--port', 'http'], { stdio: 'ignore' });
    expect((await once(child, 'exit'))[0]).toBe(1);
  });
});
