// Unmodified clients (aws-cli, rclone, boto3) against the embedded AWS: 100 MiB up, copied, listed, down, compared.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { compareContent, fromFile, generated, toBuffer } from '../../../local/aws/content/content.ts';
import { latest } from '../../../local/aws/state/buckets.ts';
import { useAws } from './running-aws.ts';

const run = promisify(execFile);
const SIZE_BYTES = 100 * 1024 ** 2;
const KEY = 'dir/large file+ü.bin';

/** Where Debian's packages put the clients; other places may hold wrappers of other versions. */
const AWS_CLI = '/usr/bin/aws';
const RCLONE = '/usr/bin/rclone';
const PYTHON = '/usr/bin/python3';

const BOTO3_SCRIPT = `
import sys, boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
endpoint, source, back = sys.argv[1:]
s3 = boto3.client('s3', endpoint_url=endpoint, config=Config(signature_version='s3v4'))
s3.create_bucket(Bucket='by-boto3')
parts = TransferConfig(multipart_threshold=20 << 20, multipart_chunksize=20 << 20)
checked = {'ChecksumAlgorithm': 'SHA256', 'Metadata': {'a': 'b'}}
s3.upload_file(source, 'by-boto3', '${KEY}', ExtraArgs=checked, Config=parts)
s3.copy({'Bucket': 'by-boto3', 'Key': '${KEY}'}, 'by-boto3', 'copy', Config=parts)
print([found['Key'] for found in s3.list_objects_v2(Bucket='by-boto3')['Contents']])
s3.download_file('by-boto3', 'copy', back)
import urllib.request
link = s3.generate_presigned_url('get_object', Params={'Bucket': 'by-boto3', 'Key': 'copy'})
print(len(urllib.request.urlopen(link).read()))
`;

/** Python starts slowly where other tests keep the processors busy. */
const TIMEOUT_MS = 180_000;

describe('unmodified clients', { timeout: TIMEOUT_MS }, () => {
  const aws = useAws();
  const directory = mkdtempSync(join(tmpdir(), 'clients-'));
  const source = join(directory, 'source');
  const back = join(directory, 'back');

  beforeAll(() => writeFileSync(source, toBuffer(generated(SIZE_BYTES, 42))));
  afterAll(() => rmSync(directory, { recursive: true }));

  /** Nothing of the environment's own AWS settings or certificates reaches the client. */
  function environment(): Record<string, string> {
    return {
      PATH: '/usr/bin:/bin',
      HOME: directory,
      LC_ALL: 'C.UTF-8',
      AWS_ACCESS_KEY_ID: aws().admin.accessKeyId,
      AWS_SECRET_ACCESS_KEY: aws().admin.secretAccessKey,
      AWS_DEFAULT_REGION: 'us-east-1',
    };
  }

  async function call(file: string, ...args: string[]): Promise<string> {
    const { stdout } = await run(file, args, { env: environment() });
    return stdout;
  }

  function needs(context: TestContext, path: string, what: string): void {
    if (!existsSync(path)) {
      context.skip(`${path} is not installed (apt-get install ${what})`);
    }
  }

  function expectCopies(bucket: string, ...keys: string[]): void {
    const original = fromFile(source);
    for (const key of keys) {
      const stored = latest(aws().world.bucket(bucket), key);
      expect(stored && compareContent(stored.content, original), key).toBe(true);
    }
    expect(compareContent(fromFile(back), original)).toBe(true);
  }

  test('aws-cli', async (context) => {
    needs(context, AWS_CLI, 'awscli');
    const cli = (...args: string[]) => call(AWS_CLI, '--endpoint-url', aws().endpoint, 's3', ...args);
    await cli('mb', 's3://by-cli');
    await cli('cp', '--no-progress', source, `s3://by-cli/${KEY}`);
    await cli('cp', '--no-progress', `s3://by-cli/${KEY}`, 's3://by-cli/copy');
    expect(await cli('ls', '--recursive', 's3://by-cli')).toMatch(
      /104857600 copy\n.*104857600 dir\/large file\+ü\.bin/,
    );
    await cli('cp', '--no-progress', 's3://by-cli/copy', back);
    expectCopies('by-cli', KEY, 'copy');
    await cli('rb', '--force', 's3://by-cli');
    expect(aws().world.buckets.has('by-cli')).toBe(false);
  });

  test('rclone', async (context) => {
    needs(context, RCLONE, 'rclone');
    const config = join(directory, 'rclone.conf');
    writeFileSync(
      config,
      `[s3]\ntype = s3\nprovider = Other\nendpoint = ${aws().endpoint}\nenv_auth = true\nregion = us-east-1\n`,
    );
    const rclone = (...args: string[]) => call(RCLONE, '--config', config, ...args);
    await rclone('mkdir', 's3:by-rclone');
    await rclone('copyto', source, `s3:by-rclone/${KEY}`);
    await rclone('copyto', `s3:by-rclone/${KEY}`, 's3:by-rclone/copy');
    await rclone('--s3-copy-cutoff', '20M', 'copyto', `s3:by-rclone/${KEY}`, 's3:by-rclone/copy-in-parts');
    expect((await rclone('lsf', '-R', 's3:by-rclone')).trim().split('\n').sort()).toEqual(
      ['copy', 'copy-in-parts', 'dir/', KEY].sort(),
    );
    await rclone('copyto', 's3:by-rclone/copy-in-parts', back);
    expectCopies('by-rclone', KEY, 'copy', 'copy-in-parts');
    await rclone('purge', 's3:by-rclone');
    expect(aws().world.buckets.has('by-rclone')).toBe(false);
  });

  test('boto3', async (context) => {
    needs(context, '/usr/lib/python3/dist-packages/boto3', 'python3-boto3');
    const output = await call(PYTHON, '-c', BOTO3_SCRIPT, aws().endpoint, source, back);
    expect(output).toBe(`['copy', '${KEY}']\n${SIZE_BYTES}\n`);
    expectCopies('by-boto3', KEY, 'copy');
    const uploaded = latest(aws().world.bucket('by-boto3'), KEY);
    expect(uploaded?.checksum).toMatchObject({ algorithm: 'SHA256', type: 'COMPOSITE' });
  });
});
