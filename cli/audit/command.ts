// The command `artifact-sync audit`: are the copies in the buckets still what was built?
import { writeFile } from 'node:fs/promises';
import { DESTINATION_SETS_VARIABLE } from '../../functions/sync-artifacts/job/destination-sets.ts';
import { omitUndefined } from '../../functions/sync-artifacts/util.ts';
import { type AwsAccess, AwsClients } from '../aws-clients.ts';
import { type Output, printResult } from '../output.ts';
import { UsageError } from '../usage-error.ts';
import { audit } from './audit.ts';
import { readExecution } from './execution.ts';
import type { ExpectedCopy } from './expected.ts';
import { readEvent } from './job.ts';
import { readManifest } from './manifest.ts';
import { auditPage } from './page.ts';
import { renderAudit } from './render.ts';

/** The options as the command line has them. */
export interface AuditArguments {
  readonly manifest?: readonly string[];
  readonly event?: string;
  readonly pipeline?: string;
  readonly execution?: string;
  readonly action?: string;
  readonly deep?: boolean;
  readonly json?: boolean;
  readonly report?: string;
  readonly region?: string;
  readonly profile?: string;
}

/**
 * Runs the command.
 * @returns the exit code: 0 when every copy is what was built, else 1
 * @throws UsageError when an option cannot be used
 */
export async function runAudit(
  given: AuditArguments,
  output: Output,
  access: AwsAccess = {},
): Promise<number> {
  const { manifest, event, pipeline } = given;
  const ways = [manifest, event, pipeline].filter((way) => way !== undefined);
  if (ways.length !== 1) {
    throw new UsageError(
      `${ways.length === 0 ? 'Nothing to audit' : 'Too much to audit'}: give exactly one of --manifest FILE|s3://BUCKET/KEY, --event FILE, --pipeline NAME.`,
    );
  }
  const aws = new AwsClients(access, given);
  const expected = await expectedCopies(given, aws);
  const result = await audit(expected, aws, given.deep === true);
  if (given.report !== undefined) {
    const subject = manifest?.join(', ') ?? event ?? `${pipeline ?? ''} ${expected[0]?.executionId ?? ''}`;
    try {
      await writeFile(given.report, auditPage(result, subject));
    } catch (cause) {
      throw new UsageError(`--report ${given.report} cannot be written: ${(cause as Error).message}`, {
        cause,
      });
    }
  }
  return printResult(result, output, given.json, renderAudit);
}

async function expectedCopies(given: AuditArguments, aws: AwsClients): Promise<readonly ExpectedCopy[]> {
  const { manifest, event, pipeline, execution, action } = given;
  if (manifest !== undefined) {
    return (await Promise.all(manifest.map(async (location) => await readManifest(location, aws)))).flat();
  }
  if (event !== undefined) return await readEvent(event, aws, process.env[DESTINATION_SETS_VARIABLE]);
  return await readExecution({ pipeline: pipeline ?? '', ...omitUndefined({ execution, action }) }, aws);
}
