// `npm run local-aws`: the embedded AWS alone, for any S3 client, until SIGTERM.
import { once } from 'node:events';
import { InvalidArgumentError, program } from 'commander';
import { startEmbeddedAws } from './aws/embedded-aws.ts';
import { calledAs } from './called-as.ts';
import { listenProblem } from './listen-problem.ts';

interface Options {
  readonly port: number;
  readonly host: string;
  readonly spoolDirectory?: string;
}

program
  .name(calledAs('local-aws'))
  .description(
    'Starts the embedded AWS (S3, CodePipeline, KMS, IAM, STS), prints what a shell needs to use it, serves until SIGTERM.',
  )
  .option('--port <number>', 'port to listen on; 0 takes a free one', readPort, 0)
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option(
    '--spool-directory <path>',
    "where uploads over 1 MiB go once they are 256 MiB in all (default: the system's temporary directory)",
  )
  .parse();

const aws = await startEmbeddedAws(program.opts<Options>()).catch((error: unknown) =>
  program.error(`error: ${listenProblem(error)}`),
);
const region = 'us-east-1';
const settings = {
  AWS_ENDPOINT_URL: aws.endpoint,
  AWS_ACCESS_KEY_ID: aws.admin.accessKeyId,
  AWS_SECRET_ACCESS_KEY: aws.admin.secretAccessKey,
  AWS_REGION: region,
  // What boto3 and the first version of aws-cli read instead.
  AWS_DEFAULT_REGION: region,
};
for (const [name, value] of Object.entries(settings)) {
  process.stdout.write(`export ${name}=${value}\n`);
}
await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
await aws.close();

function readPort(value: string): number {
  const port = Number(value);
  if (!/^\d+$/.test(value) || port > 65_535) {
    throw new InvalidArgumentError('a port is a number from 0 to 65535');
  }
  return port;
}
