// Says in the end what came of a replay: the table of copies, the job result, and the verdict in words.
import { formatBytes, plural } from '../../../functions/sync-artifacts/result/summary.ts';
import { formatDuration } from '../quantity.ts';
import type { CopyOutcome, JobOutcome, ReplayReport, RunReport } from '../report-schema.ts';
import { beside, type Column, failureSection, section, table, wrap } from './render.ts';
import type { Colour, Paint } from './terminal.ts';
import { strategyWords } from './watch.ts';

/** What came of it. */
export function conclusion(report: ReplayReport, width: number, paint: Paint): string {
  const marked = [
    ...problems(report),
    ...faults(report),
    ...changes(report),
    ...verdict(report),
    ...manifest(report),
    ...retried(report),
  ];
  return [
    ...(report.copies.length > 0 ? ['', table(columnsFor(report, paint), report.copies, width, paint)] : []),
    '',
    resultSection(report.result, width, paint),
    '',
    ...marked.flatMap(([mark, text]) => beside(paint(MARKS[mark], mark), text, width)),
    ...wrap(`    ${figures(report)}`, width).map((line) => paint('dim', line)),
    '',
  ].join('\n');
}

const MARKS = { '✓': 'green', '✗': 'red', '!': 'yellow' } as const satisfies Record<string, Colour>;
type Line = readonly [mark: keyof typeof MARKS, text: string];
const good = (text: string): Line => ['✓', text];
const bad = (text: string): Line => ['✗', text];
const note = (text: string): Line => ['!', text];

function columnsFor({ copies }: ReplayReport, paint: Paint): Column<CopyOutcome>[] {
  const compared = copies.some(({ identical }) => identical !== undefined);
  const columns: Column<CopyOutcome>[] = [
    { title: 'Artifact', shortest: 10, cell: ({ artifact }) => artifact },
    { title: 'Destination', shortest: 16, dropped: 5, cell: ({ bucket }) => bucket },
    { title: 'Region', cell: ({ region }) => region },
    {
      title: 'Size',
      align: 'right',
      dropped: 2,
      cell: ({ sizeBytes }) => (sizeBytes === undefined ? '' : formatBytes(sizeBytes)),
    },
    { title: 'How', cell: howCopied },
    { title: 'Proof', dropped: 3, cell: ({ proof }) => proof ?? '' },
    {
      title: 'Time',
      align: 'right',
      dropped: 4,
      cell: ({ durationMs }) => (durationMs ? formatDuration(durationMs) : ''),
    },
  ];
  if (!compared) return columns;
  const bytes: Column<CopyOutcome> = {
    title: 'Bytes',
    cell: ({ identical }) =>
      identical === undefined ? '' : identical ? paint('green', '✓ same') : paint('red', '✗ wrong'),
  };
  return [...columns, bytes];
}

function howCopied({ status, strategy = '', error }: CopyOutcome): string {
  if (status === 'failed') return error?.httpStatus ? `failed (${error.httpStatus})` : 'failed';
  return status === 'not-finished' ? 'not finished' : strategyWords(strategy);
}

function resultSection(result: JobOutcome, width: number, paint: Paint): string {
  const title = 'What the pipeline shows';
  switch (result.status) {
    case 'Succeeded': {
      const variables = Object.entries(result.outputVariables ?? {});
      const nameWidth = Math.max(0, ...variables.map(([name]) => name.length));
      const lines = [
        paint('green', 'Succeeded'),
        result.summary ?? '',
        ...(variables.length > 0 ? ['', paint('dim', 'Output variables')] : []),
        ...variables.map(([name, value]) => `  ${name.padEnd(nameWidth)}  ${value}`),
      ];
      return section(title, lines, width, 'green', paint);
    }
    case 'Failed':
      return failureSection(title, `Failed: ${result.failureType}`, result.message ?? '', width, paint);
    case 'NoAnswer': {
      const why = `The action would wait for 20 minutes and then fail: ${result.message}`;
      return failureSection(title, 'No answer', why, width, paint);
    }
  }
}

function problems({ copies }: ReplayReport): Line[] {
  return copies.flatMap(({ bucket, key, problems: found = [] }) =>
    found.map((problem) => bad(`s3://${bucket}/${key} ${problem}`)),
  );
}

function faults({ faults: struck }: ReplayReport): Line[] {
  const kinds = Object.entries(struck);
  const hit = kinds.filter(([, count]) => count > 0).map(([kind, count]) => `${count} × ${kind}`);
  const missed = kinds.filter(([, count]) => count === 0).map(([kind]) => kind);
  const lines: Line[] = [];
  if (hit.length > 0) lines.push(note(`Faults that struck: ${hit.join(', ')}.`));
  if (missed.length > 0)
    lines.push(
      note(
        `No fault struck of ${missed.join(', ')}: try a higher rate, another --seed, or a job with more requests.`,
      ),
    );
  return lines;
}

function changes({ changedSources, result }: ReplayReport): Line[] {
  if (changedSources.length === 0) return [];
  const copied = result.status === 'Succeeded' ? '; the version that the job began with was copied' : '';
  const source = changedSources.length === 1 ? 'The source' : 'The sources';
  return [note(`${source} of ${changedSources.join(', ')} changed mid-job${copied}.`)];
}

function verdict(report: ReplayReport): Line[] {
  const { verdict: found, copies, result, expectedFailure, memoryMib, functionPeakBytes } = report;
  switch (found) {
    case 'succeeded':
      return successes(report);
    case 'wrong-copies': {
      const wrong = copies.filter(({ identical }) => identical === false).length;
      const are = wrong === 1 ? 'is' : 'are';
      return [
        bad(
          `The job succeeded, but ${wrong} of ${plural(copies.length, 'copy', 'copies')} ${are} not right.`,
        ),
      ];
    }
    case 'out-of-memory': {
      const needed = functionPeakBytes === undefined ? 'more memory' : formatBytes(functionPeakBytes);
      return [
        bad(
          `Lambda kills the function: it needed ${needed}, and has ${memoryMib} MiB. Give it more with --memory.`,
        ),
      ];
    }
    case 'failed-as-expected':
      return [
        note(`This sample is meant to fail, and failed as it should: ${expectedFailure}. ${written(report)}`),
        note('A failed job ends the replay with exit code 1.'),
      ];
    case 'no-result':
    case 'failed': {
      const instead =
        expectedFailure === undefined ? '' : ` This sample is meant to end with ${expectedFailure}.`;
      const what = result.status === 'Failed' ? 'The job failed.' : 'The job got no result.';
      return [bad(`${what} ${written(report)}${instead}`)];
    }
  }
}

function written({ copies }: RunReport): string {
  const made = copies.filter(({ status }) => status === 'copied').length;
  return made === 0
    ? 'No copy had been made by then.'
    : `${made} of ${plural(copies.length, 'copy', 'copies')} had been made by then.`;
}

function successes(report: ReplayReport): Line[] {
  const { copies, comparedBytes, compareMs, target } = report;
  const count = (status: CopyOutcome['status']): number =>
    copies.filter((copy) => copy.status === status).length;
  const [copied, there, sources] = [count('copied'), count('already-there'), count('is-source')];
  const lines: Line[] = [];
  const compared = copies.filter(({ identical }) => identical).length;
  if (compared > 0) {
    const all =
      compared === 1 ? 'The copy is' : compared === 2 ? 'Both copies are' : `All ${compared} copies are`;
    const keys = compared === 1 ? "its region's KMS key" : "their regions' KMS keys";
    const how = `compared ${formatBytes(comparedBytes)} over the wire in ${formatDuration(compareMs)}`;
    lines.push(good(`${all} byte-identical and encrypted under ${keys} (${how}).`));
  }
  if (target === 'live' && copied > 0)
    lines.push(
      good(`${plural(copied, 'copy', 'copies')} made and proved as the table says; nothing was read back.`),
    );
  if (there > 0) {
    const were = there === 1 ? 'was' : 'were';
    lines.push(good(`${plural(there, 'copy was', 'copies were')} there already and ${were} not made again.`));
  }
  if (sources > 0) {
    const are = plural(sources, 'destination is', 'destinations are');
    lines.push(good(`${are} the source itself: nothing was written there.`));
  }
  return lines;
}

function manifest(report: ReplayReport): Line[] {
  const found = report.manifest as { readonly copies?: readonly unknown[] } | undefined;
  if (found === undefined) return [];
  const copies = plural(found.copies?.length ?? 0, 'copy', 'copies');
  return [good(`sync-manifest.json is in the output artifact: ${copies}.`)];
}

function retried({ firstRun, requests, target }: ReplayReport): Line[] {
  if (!firstRun) return [];
  const first = `${firstRun.result.status === 'Succeeded' ? 'succeeded' : 'failed'} after ${formatDuration(firstRun.jobMs)}`;
  const counts =
    target === 'live' ? '' : `; ${plural(total(firstRun.requests), 'request')} then, ${total(requests)} now`;
  return [note(`The first run ${first}${counts}. The table shows the second.`)];
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function figures(report: ReplayReport): string {
  const { invocations, jobMs, functionPeakBytes, memoryMib, requests, target } = report;
  const count = plural(invocations.length, 'invocation');
  const asked = target === 'live' ? '' : `, ${plural(total(requests), 'request')}`;
  const memory =
    functionPeakBytes === undefined ? '' : `, ${formatBytes(functionPeakBytes)} of ${memoryMib} MiB memory`;
  return `Function: ${count}, ${formatDuration(jobMs)}${asked}${memory}.`;
}
