// Unmodified clients against the embedded AWS, each where it is installed: aws-cli, rclone, s3cmd, boto3, minio-js.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { generated, toBuffer } from '../../local/aws/content/content.ts';
import { useAws } from '../local/aws/running-aws.ts';

const run = promisify(execFile);
/** More than any of the clients sends in one part. */
const LARGE_BYTES = 9 * 1024 ** 2;

/** A script, what it is called with before endpoint, name and directory, and how to get it where it is missing. */
interface Client {
  readonly name: string;
  readonly command: readonly string[] | undefined;
  readonly install: string;
}

/** All executables of a name on the path, each once. */
function onPath(executable: string): string[] {
  const found = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin']
    .map((directory) => join(directory, executable))
    .filter((file) => existsSync(file));
  return [...new Map(found.map((file) => [realpathSync(file), file])).values()];
}

const script = (name: string): string => join(import.meta.dirname, name);

async function output(file: string, ...args: string[]): Promise<string> {
  const { stdout } = await run(file, args).catch(() => ({ stdout: '' }));
  return stdout.trim();
}

async function findAwsCli(major: 1 | 2): Promise<Client> {
  const versions = await Promise.all(
    onPath('aws').map(async (file) => ({ file, version: await output(file, '--version') })),
  );
  const found = versions.find(({ version }) => version.startsWith(`aws-cli/${major}.`))?.file;
  const install = major === 1 ? 'pip install awscli' : 'apt-get install awscli';
  return {
    name: `aws-cli v${major}`,
    command: found === undefined ? undefined : [script('aws-cli.sh'), found],
    install,
  };
}

async function findBoto3(): Promise<Client> {
  const having = await Promise.all(
    onPath('python3').map(async (file) => ((await output(file, '-c', 'import boto3; print(1)')) ? file : '')),
  );
  const found = having.find((file) => file !== '');
  const command = found === undefined ? undefined : [found, script('boto3-client.py')];
  return { name: 'boto3', command, install: 'apt-get install python3-boto3' };
}

function findTool(name: 'rclone' | 's3cmd'): Client {
  const [found] = onPath(name);
  return {
    name,
    command: found === undefined ? undefined : [script(`${name}.sh`), found],
    install: `apt-get install ${name}`,
  };
}

function findMinio(): Client {
  const install = 'npm install --no-save minio';
  try {
    const location = createRequire(import.meta.url).resolve('minio');
    return { name: 'minio-js', command: [process.execPath, script('minio.mjs'), location], install };
  } catch {
    return { name: 'minio-js', command: undefined, install };
  }
}

const CLIENTS: readonly Client[] = [
  ...(await Promise.all([findAwsCli(1), findAwsCli(2), findBoto3()])),
  ...[findTool('rclone'), findTool('s3cmd'), findMinio()],
];

// Interpreters start slowly where other tests keep the processors busy.
describe.concurrent('unmodified clients', { timeout: 400_000 }, () => {
  const aws = useAws();
  const directory = mkdtempSync(join(tmpdir(), 'clients-'));
  const large = toBuffer(generated(LARGE_BYTES, 42));

  afterAll(() => rmSync(directory, { recursive: true }));

  /** Nothing of the environment's own AWS settings reaches the client. */
  function environment(home: string): NodeJS.ProcessEnv {
    const own = Object.entries(process.env).filter(([name]) => !/^(AWS_|RCLONE_)|_proxy$/i.test(name));
    return {
      ...Object.fromEntries(own),
      HOME: home,
      LC_ALL: 'C.UTF-8',
      AWS_ACCESS_KEY_ID: aws().admin.accessKeyId,
      AWS_SECRET_ACCESS_KEY: aws().admin.secretAccessKey,
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_EC2_METADATA_DISABLED: 'true',
    };
  }

  test.for(CLIENTS)(
    '$name copies across regions and leaves nothing',
    async ({ name, command, install }, context) => {
      const [file, ...args] = command ?? [];
      if (file === undefined) {
        context.skip(`${name} is not installed (${install})`);
        return;
      }
      const home = join(directory, name);
      const bucket = name.replaceAll(' ', '-');
      mkdirSync(join(home, 'up', 'dir'), { recursive: true });
      writeFileSync(join(home, 'up', 'large'), large);
      writeFileSync(join(home, 'up', 'dir', 'small'), 'small');

      await run(file, [...args, aws().endpoint, bucket, home], { env: environment(home) });

      const copies = aws().world.requests.filter(
        (request) =>
          request.bucket === `${bucket}-there` && /^(CopyObject|UploadPartCopy)$/.test(request.operation),
      );
      expect(new Set(copies.map(({ region }) => region))).toEqual(new Set(['eu-west-1']));
      expect([...aws().world.buckets.keys()].filter((each) => each.startsWith(bucket))).toEqual([]);
    },
  );
});
