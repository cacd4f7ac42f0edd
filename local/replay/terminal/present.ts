// Says on the terminal what is replayed, and in the end what came of it.

import { relative } from 'node:path';
import { formatBytes, plural } from '../../../functions/sync-artifacts/result/summary.ts';
import type { ReplayEvent } from '../../pipeline/event.ts';
import type { Scenario } from '../../pipeline/scenarios.ts';
import type { ReplayOptions } from '../options.ts';
import { formatDuration } from '../quantity.ts';
import type { CopyOutcome, InvocationOutcome, JobOutcome, ReplayReport } from '../report.ts';
import { box, type Paint, shorten, table, wrap } from './render.ts';

/** What the function runs against. */
export interface Surroundings {
  readonly place: string;
  /** The modelled network in one line, if there is one. */
  readonly network?: string | undefined;
  /** Columns to write in. */
  readonly width: number;
}

/** What is replayed, from where to where. */
export function header(
  options: ReplayOptions,
  event: ReplayEvent,
  scenario: Scenario,
  sizesBytes: ReadonlyMap<string, number> | undefined,
  { place, network, width: columns }: Surroundings,
  paint: Paint,
): string {
  const buckets = [...new Set(event.inputs.map(({ bucket }) => bucket))];
  const artifacts = event.inputs.map(({ name }) => {
    if (!sizesBytes) return name;
    const sizeBytes = sizesBytes.get(name);
    return `${name} ${paint('dim', sizeBytes === undefined ? 'missing' : formatBytes(sizeBytes))}`;
  });
  const width = Math.max(
    ...[...buckets, ...event.destinations.map(({ bucket }) => bucket)].map((name) => name.length),
  );
  const row = (title: string, bucket: string, region: string): string =>
    `  ${paint('dim', title.padEnd(5))} ${bucket.padEnd(width)}  ${paint('dim', region)}`;
  const to = event.destinations.map(({ bucket, region }, index) =>
    row(index === 0 ? 'to' : '', bucket, region),
  );
  return [
    '',
    `  ${paint('bold', `Replay of ${displayPath(options.eventFile)}`)}`,
    ...wrap(`  ${scenario.shows}`, columns),
    '',
    ...buckets.map((bucket, index) => row(index === 0 ? 'from' : '', bucket, event.region)),
    `        ${artifacts.join(paint('dim', ', '))}`,
    ...(to.length > 0 ? to : [row('to', '(nothing that can be read from UserParameters)', '')]),
    `  ${paint('dim', 'on')}    ${place}, Lambda with ${options.memoryMb} MB and ${formatDuration(options.timeoutMs)}`,
    ...(network === undefined ? [] : [`  ${paint('dim', 'over')}  ${network}`]),
    '',
  ].join('\n');
}

/** An event file's path as short as it can be said. */
export function displayPath(file: string): string {
  const path = relative(process.cwd(), file);
  return path.startsWith('..') ? file : path;
}

/** What came of it: the table of copies, the job result, and the verdict. */
export function conclusion(
  report: ReplayReport,
  options: ReplayOptions,
  width: number,
  paint: Paint,
): string {
  const finished = report.copies.filter(
    ({ strategy, identical }) => strategy !== undefined || identical !== undefined,
  );
  return [
    '',
    ...(finished.length > 0 ? [copiesTable(finished, width, paint), ''] : []),
    resultBox(report.result, width, paint),
    '',
    ...[
      ...problems(report, paint),
      ...faults(report, paint),
      ...verdict(report, paint),
      ...memoryWarning(report, options, paint),
    ].flatMap((line) => wrap(line, width)),
    ...wrap(`  ${figures(report, options)}`, width).map((line) => paint('dim', line)),
    '',
  ].join('\n');
}

/** What Lambda says about an invocation that it counts as failed. */
export function invocationFailure(invocation: InvocationOutcome, retries: boolean, paint: Paint): string {
  const next = retries ? 'Lambda tries again with the same event' : 'Lambda gives up';
  return `  ${paint('yellow', '!')} Invocation failed after ${formatDuration(invocation.durationMs)}: ${invocation.errorMessage}; ${next}.`;
}

/** What follows when Lambda gives up. */
export function onFailureDestination(paint: Paint): string {
  return `  ${paint('yellow', '!')} Lambda hands the event to its on-failure destination, which fails the job.`;
}

/** What the pipeline shows between two jobs of one action. */
export function continuation(input: Readonly<Record<string, unknown>>, paint: Paint): string {
  const { summary, percentComplete } = (input.executionDetails ?? {}) as Record<string, unknown>;
  const token = String(input.continuationToken ?? '').length;
  return `  ${paint('cyan', '↻')} ${percentComplete ?? '?'}%: ${String(summary)} ${paint('dim', `(token of ${token} characters)`)}`;
}

/** Artifact names can have 100 characters. */
const MAX_NAME = 24;
/** Columns of the table that take about the same room in every replay, with all gaps. */
const OTHER_COLUMNS = 58;
/** Bucket names that are cut to fewer characters tell nothing. */
const MIN_BUCKET = 16;

function copiesTable(copies: readonly CopyOutcome[], width: number, paint: Paint): string {
  const regionWidth = Math.max(...copies.map(({ region }) => region.length));
  const nameWidth = Math.max(
    ...copies.map(({ artifact }) => shorten(artifact, MAX_NAME).length),
    'Artifact'.length,
  );
  const bucketWidth = width - regionWidth - nameWidth - OTHER_COLUMNS;
  const compared = copies.some(({ identical }) => identical !== undefined);
  const columns: [name: string, cell: (copy: CopyOutcome) => string][] = [
    ['Artifact', ({ artifact }) => shorten(artifact, MAX_NAME)],
    ['Destination', ({ bucket }) => shorten(bucket, bucketWidth)],
    ['Region', ({ region }) => region],
    ['Size', ({ sizeBytes }) => (sizeBytes === undefined ? '' : formatBytes(sizeBytes))],
    ['Strategy', ({ strategy }) => strategy ?? '?'],
    ['Proof', ({ proof }) => proof ?? ''],
    ['ms', ({ durationMs }) => (durationMs === undefined ? '' : String(Math.round(durationMs)))],
    ['Bytes', ({ identical }) => (identical ? paint('green', '✓ same') : paint('red', '✗ wrong'))],
  ];
  const shown = columns.filter(
    // On a narrow terminal the region alone tells where a copy went.
    ([name]) => (name !== 'Bytes' || compared) && (name !== 'Destination' || bucketWidth >= MIN_BUCKET),
  );
  return table(
    shown.map(([name]) => name),
    copies.map((copy) => shown.map(([, cell]) => cell(copy))),
    ['Size', 'ms'],
    paint,
  );
}

function resultBox(result: JobOutcome, width: number, paint: Paint): string {
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
      return box(title, lines, width, 'green', paint);
    }
    case 'Failed':
      return box(
        title,
        [paint('red', `Failed: ${result.failureType}`), '', result.message ?? ''],
        width,
        'red',
        paint,
      );
    case 'NoAnswer': {
      const lines = [
        paint('red', 'No answer'),
        '',
        `The action would wait for 20 minutes and then fail: ${result.message}`,
      ];
      return box(title, lines, width, 'red', paint);
    }
  }
}

function faults({ faults: struck }: ReplayReport, paint: Paint): string[] {
  const kinds = Object.entries(struck).map(([kind, count]) => `${count} × ${kind}`);
  return kinds.length === 0 ? [] : [`  ${paint('dim', `Faults injected: ${kinds.join(', ')}`)}`];
}

function problems({ copies }: ReplayReport, paint: Paint): string[] {
  return copies.flatMap(({ bucket, key, problems: found = [] }) =>
    found.map((problem) => `  ${paint('red', '✗')} s3://${bucket}/${key} ${problem}`),
  );
}

function verdict(report: ReplayReport, paint: Paint): string[] {
  const { copies, result, expectedFailure } = report;
  const manifest = report.manifest as { readonly copies?: readonly unknown[] } | undefined;
  const output = manifest
    ? [
        `  ${paint('green', '✓')} sync-manifest.json is in the output artifact: ${manifest.copies?.length ?? 0} copies.`,
      ]
    : [];
  if (
    report.passed &&
    report.comparedBytes === 0 &&
    copies.every(({ identical }) => identical === undefined)
  ) {
    return [`  ${paint('green', '✓')} Copied and proved as the table says; nothing was read back.`];
  }
  if (report.passed) {
    const compared = `compared ${formatBytes(report.comparedBytes)} over the wire in ${formatDuration(report.compareMs)}`;
    const all =
      copies.length === 1
        ? 'The copy is'
        : copies.length === 2
          ? 'Both copies are'
          : `All ${copies.length} copies are`;
    const keys = copies.length === 1 ? "its region's KMS key" : "their region's KMS keys";
    return [
      `  ${paint('green', '✓')} ${all} byte-identical and encrypted under ${keys} (${compared}).`,
      ...output,
    ];
  }
  if (result.status === 'Succeeded') {
    const wrong = copies.filter(({ identical }) => !identical).length;
    return [
      `  ${paint('red', '✗')} The job succeeded, but ${wrong} of ${copies.length} copies are not right.`,
      ...output,
    ];
  }
  const made = copies.filter(({ strategy }) => strategy !== undefined).length;
  const written =
    made === 0
      ? 'No copy had been made by then.'
      : `${made} of ${copies.length} copies had been made by then.`;
  if (expectedFailure !== undefined && expectedFailure === result.failureType) {
    return [
      `  ${paint('yellow', '!')} This sample is meant to fail, and it failed as it should: ${expectedFailure}. ${written}`,
      `    A failed job ends the replay with exit code 1.`,
    ];
  }
  const instead =
    expectedFailure === undefined ? '' : ` This sample is meant to end with ${expectedFailure}.`;
  return [`  ${paint('red', '✗')} The job did not succeed. ${written}${instead}`];
}

/** Lambda kills a function that outgrows its memory; the replay lets it go on and tells. */
function memoryWarning(
  { functionPeakBytes = 0 }: ReplayReport,
  { memoryMb }: ReplayOptions,
  paint: Paint,
): string[] {
  if (functionPeakBytes <= memoryMb * 2 ** 20) return [];
  return [
    `  ${paint('yellow', '!')} Lambda would have killed the function: it needed ${formatBytes(functionPeakBytes)}, --memory allows ${memoryMb} MB.`,
  ];
}

function figures(
  { invocations, jobMs, functionPeakBytes, embeddedAwsPeakBytes, requests }: ReplayReport,
  options: ReplayOptions,
): string {
  const count = plural(invocations.length, 'invocation');
  const requestCount = Object.values(requests).reduce((sum, number) => sum + number, 0);
  const memory =
    functionPeakBytes === undefined ? '' : `, ${formatBytes(functionPeakBytes)} of ${options.memoryMb} MB`;
  return `Function: ${count}, ${formatDuration(jobMs)}, ${plural(requestCount, 'request')}${memory}. Embedded AWS: ${formatBytes(embeddedAwsPeakBytes)}.`;
}
