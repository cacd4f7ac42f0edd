// Counts what a soak did and found, and prints it as one table.
import type { FaultKind } from '../aws/faults/fault-kinds.ts';
import type { SoakResult } from './soak-harness.ts';

/** Sums over the jobs of a soak. */
export class Tally {
  /** Promises that jobs broke. */
  violations = 0;
  #jobs = 0;
  #copies = 0;
  #invocations = 0;
  #requests = 0;
  readonly #outcomes = new Map<string, number>();
  readonly #faults = new Map<FaultKind, number>();

  /** Faults that were injected so far. */
  get faults(): number {
    return [...this.#faults.values()].reduce((sum, count) => sum + count, 0);
  }

  add({ soak, outcome, violations, struck, requests, run }: SoakResult): void {
    this.#jobs += 1;
    this.#copies += soak.artifacts.length * soak.destinations.length;
    this.#invocations += run.invocations.length;
    this.#requests += requests.length;
    this.violations += violations.length;
    this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1);
    for (const [kind, count] of struck) this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + count);
  }

  toString(): string {
    const rows: [string, number][] = [
      ['jobs', this.#jobs],
      ['copies', this.#copies],
      ['invocations', this.#invocations],
      ['requests', this.#requests],
      ['faults injected', this.faults],
      ...[...this.#faults].sort().map(([kind, count]): [string, number] => [`  ${kind}`, count]),
      ...[...this.#outcomes]
        .sort()
        .map(([outcome, count]): [string, number] => [`ended as ${outcome}`, count]),
      ['violations', this.violations],
    ];
    return rows.map(([title, count]) => `${title.padEnd(28)} ${String(count).padStart(9)}`).join('\n');
  }
}
