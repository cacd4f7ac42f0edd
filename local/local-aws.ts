// `npm run local-aws`: the embedded AWS alone, for any S3 client, until SIGTERM.
import { once } from 'node:events';
import { program } from '@commander-js/extra-typings';
import { startEmbeddedAws } from './aws/embedded-aws.ts';
import { calledAs, listenProblem, portParser } from './command-line.ts';

const options = program
  .name(calledAs('local-aws'))
  .description(
    'Starts the embedded AWS (S3, CodePipeline, KMS, IAM, STS), prints what a shell needs to use it, serves until SIGTERM.',
  )
  .option('--port <number>', 'port to listen on; 0 takes a free one', portParser(), 0)
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option(
    '--spool-directory <path>',
    "where uploads over 1 MiB go once they are 256 MiB in all (default: the system's temporary directory)",
  )
  .parse()
  .opts();

const aws = await startEmbeddedAws(options).catch((error: unknown) =>
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
