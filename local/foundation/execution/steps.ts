// The steps of a run: each with what came of it, and what was decided on the way.
import type { Access } from '../../aws/state/access.ts';
import type { World } from '../../aws/state/world.ts';
import type { PipelineDeclaration } from './declaration.ts';

/** Where a step stands. */
export interface StepPlace {
  /** A stage of the pipeline, or what comes before and after it, such as `Deployment`. */
  readonly phase: string;
  /** An action of the stage, or what is done. */
  readonly name: string;
  /** Account and region in which it acts, where that is one. */
  readonly where?: string;
}

/** Why a step failed. */
interface StepFailure {
  /** The error code of AWS, or the failure type of a job. */
  readonly code: string;
  readonly message: string;
}

/** A step that is over. */
export interface Step extends StepPlace {
  /** What it did, in a sentence; empty when it failed. */
  readonly summary: string;
  readonly failure?: StepFailure;
  /** Every decision in order; the last one that is not an Allow is what a failure is mostly about. */
  readonly accesses: readonly Access[];
  /** What was denied although the step succeeded: AWS, or the function, went on without it. */
  readonly losses: readonly Access[];
  readonly durationMs: number;
}

/** Is called as steps begin and end, and once the pipeline is known. */
export interface StepListener {
  begun?(step: StepPlace): void;
  ended?(step: Step): void;
  deployed?(pipeline: PipelineDeclaration): void;
}

/** What a step ends with when it fails, with the code that AWS shows. */
export class StepError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StepError';
    this.code = code;
  }
}

/** Runs steps one after the other, and keeps what was decided during each. */
export class Steps implements Disposable {
  readonly all: Step[] = [];
  readonly #listener: StepListener;
  readonly #unsubscribe: () => void;
  #accesses: Access[] = [];

  constructor(world: World, listener: StepListener) {
    this.#listener = listener;
    this.#unsubscribe = world.onRequest(({ accesses }) => this.record(...accesses));
  }

  /** Records decisions of services that make no request here; those of requests are recorded by the subscription. */
  record(...accesses: readonly Access[]): void {
    this.#accesses.push(...accesses);
  }

  /**
   * Runs one step. What it throws is its failure, unless it is a defect of this program.
   *
   * @param options.triesDenied whether it does what has to be denied
   */
  async run(
    place: StepPlace,
    action: () => Promise<string> | string,
    { triesDenied = false }: { readonly triesDenied?: boolean } = {},
  ): Promise<Step> {
    this.#listener.begun?.(place);
    this.#takeAccesses();
    const started = performance.now();
    let summary = '';
    let failure: StepFailure | undefined;
    try {
      summary = await action();
    } catch (error) {
      failure = failureOf(error);
    }
    const accesses = this.#takeAccesses();
    const denied = accesses.filter(({ effect }) => effect !== 'Allow');
    const step: Step = {
      ...place,
      summary,
      ...(failure && { failure }),
      accesses,
      losses: failure || triesDenied ? [] : denied,
      durationMs: performance.now() - started,
    };
    this.all.push(step);
    this.#listener.ended?.(step);
    return step;
  }

  /** What was decided since the last call. */
  #takeAccesses(): readonly Access[] {
    const taken = this.#accesses;
    this.#accesses = [];
    return taken;
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
  }
}

/** AWS's own errors have a code, or the SDK gives them their code as a name. @throws what is neither */
function failureOf(error: unknown): StepFailure {
  if (!(error instanceof Error)) throw error;
  const { message, name } = error;
  if ('code' in error && typeof error.code === 'string') return { code: error.code, message };
  // An answer to HEAD has no body, so the SDK knows neither code nor message.
  if (
    '$metadata' in error &&
    (error.$metadata as { httpStatusCode?: number }).httpStatusCode === 403 &&
    message === 'UnknownError'
  )
    return { code: 'AccessDenied', message: 'S3 answers HEAD with 403 Forbidden, and nothing else' };
  if ('$metadata' in error || name.endsWith('Error')) {
    if (['TypeError', 'RangeError', 'ReferenceError', 'Error'].includes(name)) throw error;
    return { code: name, message };
  }
  throw error;
}
