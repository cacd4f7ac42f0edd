// Loads an entry of the functions from its source in this process, as a cold start would, and keeps what it prints.
import { randomUUID } from 'node:crypto';
import { vi } from 'vitest';
import type { CheckReport } from '../../../functions/sync-artifacts/check/report.ts';
import { jsonLines } from './bundle-runs.ts';

export const context = { awsRequestId: randomUUID(), getRemainingTimeInMillis: () => 30_000 };

interface Entry {
  handler(event: unknown, lambda: typeof context): Promise<CheckReport | undefined>;
}

/** Loads an entry again, in the environment as it is now. */
export async function coldStart(entry: 'handler' | 'lost-job'): Promise<Entry['handler']> {
  vi.resetModules();
  const { handler } = (await import(`../../../functions/sync-artifacts/${entry}.ts`)) as Entry;
  return handler;
}

/** What an entry prints about an event in a cold start. */
export async function printedInColdStart(
  entry: 'handler' | 'lost-job',
  event: unknown,
): Promise<readonly Record<string, unknown>[]> {
  const handler = await coldStart(entry);
  return await printedBy(() => handler(event, context));
}

/** What is printed meanwhile. */
export async function printedBy(work: () => Promise<unknown>): Promise<readonly Record<string, unknown>[]> {
  let printed = '';
  const keep = (text: string | Uint8Array): boolean => {
    printed += String(text);
    return true;
  };
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation(keep),
  );
  try {
    await work();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return jsonLines(printed);
}
