// What `--help` says about the kinds of faults: each with its sentence and the rate that it has by default.
import { ALL_FAULT_KINDS, FAULT_KINDS, type FaultKind } from '../aws/faults/fault-kinds.ts';
import { wrap } from './terminal/render.ts';

/** What passes must leave something through. */
const PASSING_RATE = 0.2;

/** How often a kind strikes when no rate is given; what lasts, or kills, happens for sure. */
export function defaultRate(kind: FaultKind): number {
  return FAULT_KINDS[kind].nature === 'passing' ? PASSING_RATE : 1;
}

const INDENT = 24;

/** The list of all kinds, within `width` columns. */
export function faultHelp(width: number): string {
  const lines = ALL_FAULT_KINDS.flatMap((kind) => {
    const { means } = FAULT_KINDS[kind];
    const [first = '', ...others] = wrap(`${means} (default rate ${defaultRate(kind)})`, width - INDENT);
    return [`  ${kind.padEnd(INDENT - 2)}${first}`, ...others.map((line) => ' '.repeat(INDENT) + line)];
  });
  const rate = wrap(
    'RATE is the probability, from 0 to 1, that a request is struck which the fault can strike. The same --seed strikes the same requests.',
    width,
  );
  return ['Kinds of faults:', ...lines, '', ...rate, ''].join('\n');
}
