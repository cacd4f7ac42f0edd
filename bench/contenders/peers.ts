// The tools that people use today, at their defaults: aws-cli, rclone, boto3's s3transfer.
import { fileURLToPath } from 'node:url';
import { HOME_REGION } from '../job/cases.ts';
import type { BenchJob, Contender, Sample } from '../job/job.ts';
import { spread } from '../measure/statistics.ts';
import { type Command, findProgram, firstLine, peerEnvironment, timed } from './processes.ts';

/** How often the start of a peer's process is measured. */
const START_RUNS = 3;

const TRANSFER_SCRIPT = fileURLToPath(new URL('./s3transfer_peer.py', import.meta.url));

/** Names of the peers, as results and pictures have them. */
export const PEER_NAMES = ['aws-cli', 's3transfer', 'rclone'];

/** All peers, installed or not. */
export function peerContenders(): Contender[] {
  return [awsCli(), rclone(), s3transfer()];
}

function awsCli(): Contender {
  return processContender({
    name: 'aws-cli',
    version: () => firstLine('aws', ['--version']),
    program: 'aws',
    copy: (job, file, { bucket, region }) => {
      const { isOne, path } = copiedPath(job);
      return {
        file,
        args: [
          ...['s3', 'cp', `s3://${job.sourceBucket}/${path}`, `s3://${bucket}/${path}`],
          ...(isOne ? [] : ['--recursive']),
          // With --source-region it would look for the source at the real S3; so it is redirected to the source's region, which costs it one round trip.
          ...['--region', region],
          ...['--endpoint-url', job.endpoint, '--only-show-errors'],
        ],
        environment: peerEnvironment(job),
      };
    },
    // Parses, loads the service model, builds the client, and sends nothing.
    start: (job, file) => ({
      file,
      args: [
        ...['s3', 'cp', '--dryrun', file, 's3://bucket/key'],
        ...['--region', HOME_REGION, '--endpoint-url', job.endpoint],
      ],
      environment: peerEnvironment(job),
    }),
  });
}

function rclone(): Contender {
  const remote = (name: string, job: BenchJob, region: string): Record<string, string> => ({
    [`RCLONE_CONFIG_${name}_TYPE`]: 's3',
    // With "AWS" it insists on bucket names in host names, which an address has none of.
    [`RCLONE_CONFIG_${name}_PROVIDER`]: 'Other',
    [`RCLONE_CONFIG_${name}_ENV_AUTH`]: 'true',
    [`RCLONE_CONFIG_${name}_ENDPOINT`]: job.endpoint,
    [`RCLONE_CONFIG_${name}_REGION`]: region,
    [`RCLONE_CONFIG_${name}_FORCE_PATH_STYLE`]: 'true',
    [`RCLONE_CONFIG_${name}_NO_CHECK_BUCKET`]: 'true',
    // Else it takes the ETag of an encrypted object for an MD5, and every copy for a broken one.
    [`RCLONE_CONFIG_${name}_SERVER_SIDE_ENCRYPTION`]: 'aws:kms',
  });
  return processContender({
    name: 'rclone',
    version: () => firstLine('rclone', ['version']),
    program: 'rclone',
    copy: (job, file, { bucket, region, keyArn }) => {
      const { isOne, path } = copiedPath(job);
      return {
        file,
        args: [
          isOne ? 'copyto' : 'copy',
          `from:${job.sourceBucket}/${path}`,
          `to:${bucket}/${path}`,
          // Two remotes, since the regions differ; without this rclone downloads and uploads.
          '--server-side-across-configs',
        ],
        environment: {
          ...rcloneEnvironment(job),
          ...remote('FROM', job, HOME_REGION),
          ...remote('TO', job, region),
          RCLONE_CONFIG_TO_SSE_KMS_KEY_ID: keyArn,
          // Buckets have no ACLs by default; it sends "private" by itself, which S3 refuses there.
          RCLONE_CONFIG_TO_ACL: 'bucket-owner-full-control',
        },
      };
    },
    start: (job, file) => ({ file, args: ['version'], environment: rcloneEnvironment(job) }),
  });
}

/** The key of the one artifact, else the prefix of all. */
function copiedPath({ artifacts: [first, ...others], prefix }: BenchJob): { isOne: boolean; path: string } {
  const isOne = first !== undefined && others.length === 0;
  return { isOne, path: isOne ? first.key : prefix };
}

/** Its AWS SDK refuses to read `AWS_CA_BUNDLE`, since rclone brings a transport of its own. */
function rcloneEnvironment(job: BenchJob): Record<string, string> {
  const { AWS_CA_BUNDLE: _, ...environment } = peerEnvironment(job);
  return { ...environment, ...(job.authorityFile && { RCLONE_CA_CERT: job.authorityFile }) };
}

interface ProcessPeer {
  readonly name: string;
  readonly program: string;
  version(): Promise<string | undefined>;
  /** The command that copies all artifacts to one destination. */
  copy(job: BenchJob, file: string, destination: BenchJob['destinations'][number]): Command;
  /** A command that does everything but copy. */
  start(job: BenchJob, file: string): Command;
}

/** One process for each destination, all at once. Warm is the time without that of as many processes that copy nothing. */
function processContender(peer: ProcessPeer): Contender {
  return {
    name: peer.name,
    version: peer.version,
    open: async (job) => {
      const file = (await findProgram(peer.program)) ?? peer.program;
      const starts: number[] = [];
      const nothing = job.destinations.map(() => peer.start(job, file));
      for (let run = 0; run < START_RUNS; run++) starts.push((await timed(nothing, job.core)).elapsedMs);
      const startMs = spread(starts).median;
      return {
        warmUps: 0,
        run: async () => {
          const copies = job.destinations.map((destination) => peer.copy(job, file, destination));
          const { elapsedMs } = await timed(copies, job.core);
          return samplesOf(elapsedMs, elapsedMs - startMs);
        },
        [Symbol.asyncDispose]: async () => undefined,
      };
    },
  };
}

function samplesOf(coldMs: number, warmMs: number): Sample[] {
  return [
    { temperature: 'cold', elapsedMs: coldMs },
    { temperature: 'warm', elapsedMs: warmMs },
  ];
}

/** boto3's managed copies, in one process with a thread for each destination; warm is what the process itself measures. */
function s3transfer(): Contender {
  return {
    name: 's3transfer',
    version: () =>
      firstLine('python3', [
        '-c',
        'import boto3, s3transfer; print("boto3", boto3.__version__, "s3transfer", s3transfer.__version__)',
      ]),
    open: async (job) => {
      const file = (await findProgram('python3')) ?? 'python3';
      return {
        warmUps: 0,
        run: async () => {
          const args = [TRANSFER_SCRIPT, JSON.stringify({ ...job, homeRegion: HOME_REGION })];
          const command = { file, args, environment: peerEnvironment(job) };
          const { elapsedMs, outputs } = await timed([command], job.core);
          return samplesOf(elapsedMs, Number(outputs[0]));
        },
        [Symbol.asyncDispose]: async () => undefined,
      };
    },
  };
}
