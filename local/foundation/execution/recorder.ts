// Keeps which accesses were decided during which step.
import type { Access } from '../../aws/state/access.ts';
import type { World } from '../../aws/state/world.ts';

/** Collects the decisions of one step after the other: those of requests, and those of services that make no request here. */
export class Recorder implements Disposable {
  #accesses: Access[] = [];
  readonly #unsubscribe: () => void;

  constructor(world: World) {
    this.#unsubscribe = world.onRequest(({ accesses }) => this.add(accesses));
  }

  add(accesses: readonly Access[]): void {
    this.#accesses.push(...accesses);
  }

  /** What was decided since the last call. */
  take(): readonly Access[] {
    const taken = this.#accesses;
    this.#accesses = [];
    return taken;
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
  }
}
