// Shows steps as they end, and below them where the pipeline is: redrawn on a terminal, plain lines elsewhere.
import { createLogUpdate } from 'log-update';
import type { Terminal } from '../../replay/terminal/terminal.ts';
import type { PipelineDeclaration } from '../execution/declaration.ts';
import type { Step, StepListener, StepPlace } from '../execution/steps.ts';
import { pictureOf } from './picture.ts';

/** Prints what happens until it is stopped. */
interface Watch extends StepListener {
  /** Takes the picture away while `action` uses the terminal. */
  pause<T>(action: () => Promise<T>): Promise<T>;
  stop(): void;
}

/** So that the steps before the pipeline is known stand in line with its actions. */
const MIN_NAME = 31;
/** Narrower than this, a summary gets a line of its own. */
const MIN_SUMMARY = 24;
const FRAME_INTERVAL_MS = 80;
/** Over the column of numbers. */
const HEAD = 'accesses decided';

/** Watches one run. */
export function watchSteps(terminal: Terminal): Watch {
  const draw = terminal.redraws ? createLogUpdate(terminal.out as NodeJS.WritableStream) : undefined;
  const ended: Step[] = [];
  let pipeline: PipelineDeclaration | undefined;
  let nameWidth = MIN_NAME;
  let phase = '';
  let current: StepPlace | undefined;
  let paused = false;
  const frame = (): void => {
    if (draw === undefined || paused || current === undefined) return;
    const picture = pictureOf(pipeline, ended, terminal, current.phase);
    draw(terminal.adapt(`\n  ${picture}\n  ${terminal.paint('dim', `${current.phase}: ${current.name} …`)}`));
  };
  const print = (line: string): void => {
    draw?.clear();
    terminal.print(line);
  };
  const timer = draw === undefined ? undefined : setInterval(frame, FRAME_INTERVAL_MS);
  return {
    deployed(declared) {
      pipeline = declared;
      const names = declared.stages.flatMap(({ actions }) => actions.map(({ name }) => name.length));
      nameWidth = Math.max(nameWidth, ...names);
    },
    begun(place) {
      current = place;
      if (phase === '') print(terminal.paint('dim', HEAD.padStart(terminal.width() - 1)));
      if (place.phase !== phase) {
        phase = place.phase;
        const [account = ''] = place.where?.split(' ') ?? [];
        print(`  ${terminal.paint('bold', phase)} ${terminal.paint('dim', account)}`.trimEnd());
      }
      frame();
    },
    ended(step) {
      ended.push(step);
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

function linesOf(step: Step, nameWidth: number, { paint, width }: Terminal): string[] {
  const { failure, name, summary, accesses, losses } = step;
  const mark = failure ? paint('red', '✗') : losses.length > 0 ? paint('yellow', '!') : paint('green', '✓');
  const detail = String(accesses.length);
  const label = `    ${mark} ${name.padEnd(nameWidth)}  `;
  const room = width() - (nameWidth + 8);
  const what = failure ? failure.code : summary;
  const fits = what.length + 2 + detail.length <= room || room < MIN_SUMMARY;
  const first = fits
    ? `${label}${what}${' '.repeat(Math.max(2, room - what.length - detail.length))}${paint('dim', detail)}`
    : `${label}${what}`;
  return [first.trimEnd(), ...(fits ? [] : [`${' '.repeat(nameWidth + 8)}${paint('dim', detail)}`])];
}
