// The command line of `npm run pipeline`: each option once, with what it means and the error for a wrong value.
import { statSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import type { CommandOutput } from '../command-line.ts';

/** What the user asked for. */
export type PipelineOptions = ReturnType<typeof parseOptions>;

const NAME = 'npm run pipeline --';

const EXAMPLES = `
Examples:
  npm run pipeline
  ${NAME} --approve all --accesses
  ${NAME} --approve all --without artsync-pipeline/InvokeSync
  ${NAME} --approve all --deny "artsync-sync-artifacts kms:GenerateDataKey"
  ${NAME} --approve all --statements
  ${NAME} --topology my-topology.ts --approve Prod --report pipeline.html

Exit code: 0 when the pipeline succeeded and nothing was denied on the way, 1 when not,
2 when there was nothing to run.
`;

/** Parses the arguments. @throws CommanderError after help (`exitCode` 0) or what is wrong has been printed */
export function parseOptions(argv: readonly string[], output: CommandOutput = {}) {
  const command = new Command(NAME)
    .description(
      'Deploys the synthesised foundation into an AWS that is embedded in this command, and runs the reference pipeline there: ' +
        'each action with its own role, every access decided by the policies of the templates.',
    )
    .option(
      '--topology <file>',
      'topology to synthesise (default: what ARTIFACT_SYNC_TOPOLOGY names, else the sample)',
      file,
    )
    .option(
      '--release <zip>',
      'release to upload, with template.yaml in it (default: the sample workload)',
      file,
    )
    .addOption(
      new Option('--approve <stage>', 'approve a stage, or "all"; can be repeated. Without it you are asked')
        .argParser(collect)
        .default(NONE, 'none'),
    )
    .addOption(
      new Option(
        '--without <statement>',
        'take a statement out of the templates first: SID, ROLE/SID or STACK/RESOURCE/SID; can be repeated',
      )
        .argParser(collect)
        .default(NONE, 'none'),
    )
    .addOption(
      new Option('--deny <role-and-action>', 'deny a role an action first: "ROLE ACTION"; can be repeated')
        .argParser(deny)
        .default<readonly Denial[]>([], 'none'),
    )
    .option('--accesses', 'list every access: who, what, and the statements that decided')
    .option(
      '--statements',
      'list every statement with the step that used it; releases twice, and loses a job',
    )
    .addOption(
      new Option(
        '--each-statement',
        'take out each statement in turn, and list which step fails then; takes minutes',
      ).conflicts(['accesses', 'statements', 'without', 'deny', 'report']),
    )
    .option('--report <file>', 'write what happened as one HTML page')
    .option('--json', 'print one JSON document instead; with --each-statement, one for each line')
    .addHelpText('after', EXAMPLES)
    .exitOverride()
    .configureOutput(output)
    .parse(argv, { from: 'user' });
  return command.opts();
}

const NONE: readonly string[] = [];

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

function file(value: string): string {
  if (statSync(value, { throwIfNoEntry: false })?.isFile()) return value;
  throw new InvalidArgumentError(`There is no file ${value}.`);
}

/** A role and an action of it. */
export interface Denial {
  readonly role: string;
  readonly action: string;
}

function deny(value: string, previous: readonly Denial[]): readonly Denial[] {
  const [, role, action] = /^(\S+)\s+([a-z0-9-]+:\S+)$/.exec(value.trim()) ?? [];
  if (role === undefined || action === undefined) {
    throw new InvalidArgumentError('Expected a role and an action, such as "artsync-pipeline s3:PutObject".');
  }
  return [...previous, { role, action }];
}
