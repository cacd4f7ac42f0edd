#!/usr/bin/env node
// The command `artifact-sync`: each subcommand loads only what it needs.
import './node-20.ts';
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { endWithReader } from '../local/command-line.ts';
import type { AdoptArguments } from './adopt/command.ts';
import type { AuditArguments } from './audit/command.ts';
import type { DoctorArguments } from './doctor/command.ts';
import { UsageError } from './usage-error.ts';

endWithReader();

const program = new Command('artifact-sync')
  .description(
    'Artifact sync for CodePipeline: add it to a pipeline, check it before the first run, audit its copies later, and run a job on this machine.',
  )
  .version(version())
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .showHelpAfterError('(--help shows all options)');

const several = (value: string, previous: readonly string[] = []): readonly string[] => [...previous, value];
program
  .command('adopt')
  .description('add a Sync stage to a pipeline that exists')
  .argument(
    '<file>',
    'output of "aws codepipeline get-pipeline", or a CloudFormation template, in JSON or YAML',
  )
  .option(
    '--before <STAGE>',
    'stage to put Sync before (default: the first stage with an action in another region)',
  )
  .option(
    '--destination <BUCKET>',
    "bucket to copy to, or Bucket=NAME,Region=REGION,KmsKeyId=KEY,BucketOwner=ACCOUNT,Key=TEMPLATE (repeatable; default: the pipeline's artifact stores in other regions)",
    several,
  )
  .option(
    '--destination-set <NAME>',
    "set of destinations in the function's configuration (SYNC_DESTINATION_SETS) to copy to, instead of buckets",
  )
  .option(
    '--input <ARTIFACT>',
    'artifact to copy (repeatable; default: those that later actions in other regions use)',
    several,
  )
  .option('--function <NAME|ARN>', 'the function', 'sync-artifacts')
  .option('--function-role <ARN>', "the function's role, for the policies that name it")
  .option('--pipeline <LOGICAL-ID>', 'which pipeline of a template with several')
  .option('--region <REGION>', 'region of the pipeline, where the file does not say it')
  .option('--stage-name <NAME>', 'name of the new stage', 'Sync')
  .option('--namespace <NAME>', 'namespace of the output variables', 'Sync')
  .option('--write', 'change the file; without it, only print what would change')
  .action(async (file: string, options: AdoptArguments) => {
    const { runAdopt } = await import('./adopt/command.ts');
    await runAdopt(file, options, process.stdout);
  });

program
  .command('doctor')
  .description('say before the first run whether the Sync action of a pipeline will work')
  .option('--pipeline <NAME>', 'pipeline with the Sync action')
  .option('--action <STAGE/ACTION>', 'which of several Invoke actions')
  .option('--function <NAME|ARN>', 'the function, where there is no pipeline yet')
  .option('--user-parameters <JSON|@FILE>', 'its UserParameters, with --function')
  .option('--region <REGION>', 'region of the pipeline or function (default: as for the AWS CLI)')
  .option('--profile <NAME>', 'profile of the AWS configuration')
  .option('--json', 'print everything that was found as JSON')
  .addHelpText('after', '\nExit code: 0 nothing is an error, 1 something is, 2 it could not be looked at.')
  .action(async (options: DoctorArguments) => {
    const { runDoctor } = await import('./doctor/command.ts');
    process.exitCode = await runDoctor(options, process.stdout);
  });

program
  .command('audit')
  .description('say whether the copies in the buckets are still what was built')
  .option(
    '--manifest <FILE|s3://BUCKET/KEY>',
    'sync-manifest.json, or the zip of the output artifact that holds it (repeatable)',
    several,
  )
  .option('--event <FILE>', 'event of a job: its copies are held against its sources as they are now')
  .option('--pipeline <NAME>', 'pipeline whose latest copies to audit')
  .option('--execution <ID>', 'another execution of it')
  .option('--action <STAGE/ACTION>', 'which of several Invoke actions')
  .option('--deep', 'read and hash every byte instead of believing stored checksums')
  .option('--report <FILE.html>', 'write a page, too')
  .option('--region <REGION>', 'region to begin in (default: as for the AWS CLI)')
  .option('--profile <NAME>', 'profile of the AWS configuration')
  .option('--json', 'print everything that was found as JSON')
  .addHelpText(
    'after',
    '\nExit code: 0 every copy is what was built, 1 one is not or cannot be shown to be, 2 nothing could be audited.',
  )
  .action(async (options: AuditArguments) => {
    const { runAudit } = await import('./audit/command.ts');
    process.exitCode = await runAudit(options, process.stdout);
  });

const LOCAL_COMMANDS = [
  {
    name: 'replay',
    does: 'run a job on this machine, on the built function and an embedded AWS',
    run: () => import('../local/replay.ts'),
  },
  {
    name: 'local-aws',
    does: 'serve the embedded AWS for any S3 client until it is stopped',
    run: () => import('../local/local-aws.ts'),
  },
];
for (const { name, does, run } of LOCAL_COMMANDS) {
  program
    .command(name)
    .description(does)
    .argument('[args...]', `see artifact-sync ${name} --help`)
    .allowUnknownOption()
    .helpOption(false)
    .action(async () => {
      // It reads its arguments where `npm run` would put them.
      process.argv.splice(2, 1);
      await run();
    });
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = 2;
}

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    readonly version: string;
  };
  return version;
}
