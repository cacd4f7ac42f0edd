// Writes the page of a replay to a file.
import { writeFile } from 'node:fs/promises';
import type { LoggedRequest } from '../../aws/state/request-log.ts';
import { EventError } from '../../pipeline/event/event.ts';
import type { ReplayReport } from '../report-schema.ts';
import { replayPage } from './page.ts';

/** @throws EventError when the file cannot be written */
export async function writePage(
  file: string,
  report: ReplayReport,
  requests: readonly LoggedRequest[],
): Promise<void> {
  try {
    await writeFile(file, replayPage(report, requests));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EventError(`The report cannot be written: ${reason}. Give --report another FILE.`, { cause });
  }
}
