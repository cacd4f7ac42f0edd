// Shows steps as they end, and below them where the pipeline is: redrawn on a terminal, plain lines elsewhere.
import { createLogUpdate } from 'log-update';
import { plural } from '../../../functions/sync-artifacts/result/summary.ts';
import { formatDuration } from '../../replay/quantity.ts';
import type { Terminal } from '../../replay/terminal/terminal.ts';
import type { PipelineDeclaration } from '../execution/declaration.ts';
import type { Step, StepListener, StepPlace } from '../execution/steps.ts';

/** Prints what happens until it is stopped. */
export interface Watch extends StepListener {
  deployed(pipeline: PipelineDeclaration): void;
  /** Takes the picture away while `action` uses the terminal. */
  pause<T>(action: () => Promise<T>): Promise<T>;
  stop(): void;
}

/** Narrower than this, a summary gets a line of its own. */
const MIN_SUMMARY = 24;
const FRAME_INTERVAL_MS = 80;

/** Watches one run. */
export function watchSteps(terminal: Terminal): Watch {
  const draw = terminal.redraws ? createLogUpdate(terminal.out as NodeJS.WritableStream) : undefined;
  const stages = new Map<string, 'succeeded' | 'failed' | undefined>();
  let nameWidth = 16;
  let phase = '';
  let current: StepPlace | undefined;
  let paused = false;
  const frame = (): void => {
    if (draw === undefined || paused || current === undefined) return;
    const picture = pictureOf(stages, current, terminal);
    draw(terminal.adapt(`\n  ${picture}\n  ${terminal.paint('dim', `${current.phase}: ${current.name} …`)}`));
  };
  const print = (line: string): void => {
    draw?.clear();
    terminal.print(line);
  };
  const timer = draw === undefined ? undefined : setInterval(frame, FRAME_INTERVAL_MS);
  return {
    deployed({ stages: declared }) {
      for (const { name, actions } of declared) {
        stages.set(name, undefined);
        nameWidth = Math.max(nameWidth, ...actions.map((action) => action.name.length));
      }
    },
    begun(place) {
      current = place;
      if (place.phase !== phase) {
        phase = place.phase;
        print(`  ${terminal.paint('bold', phase)}`);
      }
      frame();
    },
    ended(step) {
      const failed = step.failure !== undefined;
      if (stages.has(step.phase) && stages.get(step.phase) !== 'failed')
        stages.set(step.phase, failed ? 'failed' : 'succeeded');
      for (const line of linesOf(step, nameWidth, terminal)) print(line);
    },
    async pause(action) {
      paused = true;
      draw?.clear();
      try {
        return await action();
      } finally {
        paused = false;
      }
    },
    stop() {
      clearInterval(timer);
      draw?.clear();
      draw?.done();
    },
  };
}

/** `✓ Source → ✓ Sync → … Dev → Test → Prod` */
export function pictureOf(
  stages: ReadonlyMap<string, 'succeeded' | 'failed' | undefined>,
  current: Pick<StepPlace, 'phase'> | undefined,
  { paint }: Pick<Terminal, 'paint'>,
): string {
  return [...stages]
    .map(([name, state]) => {
      if (state === 'failed') return paint('red', `✗ ${name}`);
      if (name === current?.phase) return paint('cyan', `… ${name}`);
      return state === 'succeeded' ? paint('green', `✓ ${name}`) : paint('dim', name);
    })
    .join(paint('dim', ' → '));
}

function linesOf(step: Step, nameWidth: number, { paint, width }: Terminal): string[] {
  const { failure, name, summary, accesses, losses, durationMs } = step;
  const mark = failure ? paint('red', '✗') : losses.length > 0 ? paint('yellow', '!') : paint('green', '✓');
  const detail = `${plural(accesses.length, 'decision')}, ${formatDuration(durationMs)}`;
  const label = `    ${mark} ${name.padEnd(nameWidth)}  `;
  const room = width() - (nameWidth + 8);
  const what = failure ? failure.code : summary;
  const fits = what.length + 2 + detail.length <= room || room < MIN_SUMMARY;
  const first = fits
    ? `${label}${what}${' '.repeat(Math.max(2, room - what.length - detail.length))}${paint('dim', detail)}`
    : `${label}${what}`;
  return [first.trimEnd(), ...(fits ? [] : [`${' '.repeat(nameWidth + 8)}${paint('dim', detail)}`])];
}
