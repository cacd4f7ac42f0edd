// Says on the terminal what is replayed, and what happens on the way.
import { relative } from 'node:path';
import { formatBytes } from '../../../functions/sync-artifacts/result/summary.ts';
import type { JobInvocation } from '../../pipeline/job-loop.ts';
import { formatDuration } from '../quantity.ts';
import type { Replay } from '../run.ts';
import type { Target } from '../target/target.ts';
import { beside, wrap } from './render.ts';
import type { Paint } from './terminal.ts';

/** What is replayed, from where to where. */
export function header({ options, event, scenario, terminal }: Replay, target: Target): string {
  const { paint } = terminal;
  const columns = terminal.width();
  const sizesBytes = target.built?.stage.sizesBytes;
  const buckets = [...new Set(event.inputs.map(({ bucket }) => bucket))];
  const artifacts = event.inputs.map(({ name }) => {
    const sizeBytes = sizesBytes?.get(name);
    const size = sizeBytes === undefined ? 'missing' : formatBytes(sizeBytes);
    return sizesBytes ? `${name} (${size})` : name;
  });
  const named = [...buckets, ...event.destinations.map(({ bucket }) => bucket)];
  const width = Math.max(0, ...named.map((name) => name.length));
  const row = (title: string, bucket: string, region: string): string => {
    const line = `  ${paint('dim', title.padEnd(4))}  ${bucket.padEnd(width)}  ${paint('dim', region)}`;
    return line.trimEnd();
  };
  const to = event.destinations.map(({ bucket, region }, index) =>
    row(index === 0 ? 'to' : '', bucket, region),
  );
  const fact = (title: string, text: string): string[] =>
    beside(paint('dim', title.padEnd(5)), text, columns, 8);
  const how = `Lambda with ${options.memory} MiB and ${formatDuration(options.timeout)}`;
  return [
    '',
    `  ${paint('bold', `Replay of ${displayPath(options.event)}`)}`,
    ...wrap(`  ${options.live ? LIVE : scenario.shows}`, columns),
    '',
    ...buckets.map((bucket, index) => row(index === 0 ? 'from' : '', bucket, event.region)),
    ...wrap(`        ${artifacts.join(', ')}`, columns),
    ...(to.length > 0 ? to : fact('to', '(nothing that can be read from UserParameters)')),
    ...target.facts.flatMap(([title, text]) => fact(title, text)),
    ...fact('in', options.dryRun ? `${how}; nothing is copied` : how),
    ...event.assumptions.flatMap((assumption) => beside(paint('yellow', '!'), assumption, columns)),
    '',
  ].join('\n');
}

const LIVE = 'Live: reads and writes for real, with your own credentials. No job gets a result.';

/** An event file's path, from the working directory if the file is below it. */
export function displayPath(file: string): string {
  const path = relative(process.cwd(), file);
  return path.startsWith('..') ? file : path;
}

/** What Lambda says about an invocation that it counts as failed. */
export function invocationFailure(invocation: JobInvocation, retries: boolean, paint: Paint): string {
  const next = retries
    ? 'Lambda tries again with the same event (after a minute; not waited for here)'
    : 'Lambda gives up';
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
