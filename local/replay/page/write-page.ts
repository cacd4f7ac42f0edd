// Writes the page of a replay.
import { writeFile } from 'node:fs/promises';
import type { LoggedRequest } from '../../aws/state/request-log.ts';
import type { ReplayReport } from '../report-schema.ts';
import type { Replay } from '../run.ts';

/** Writes it to a file. */
export async function writePage(
  file: string,
  _prepared: Replay,
  report: ReplayReport,
  _requests: readonly LoggedRequest[],
): Promise<void> {
  await writeFile(file, JSON.stringify(report));
}
