// The kinds of faults that can be injected by name, and what each does.

/** What a kind of fault is. */
interface FaultKindFacts {
  /** One sentence for `--help` and reports. */
  readonly means: string;
  /** `passing`: a job must survive it. `lasting`: the world stays changed. `process`: the function itself dies. */
  readonly nature: 'passing' | 'lasting' | 'process';
}

/** Every kind of fault by its name on the command line. */
export const FAULT_KINDS = {
  'internal-error': { nature: 'passing', means: 'S3 answers 500 InternalError' },
  'slow-down': { nature: 'passing', means: 'S3 answers 503 SlowDown' },
  'error-in-200': { nature: 'passing', means: 'S3 answers 200 OK with an error document inside' },
  'reset-before': { nature: 'passing', means: 'the connection is cut before the request took effect' },
  'reset-after': { nature: 'passing', means: 'the request takes effect, but the connection is cut' },
  slow: { nature: 'passing', means: 'the answer comes up to 0.3 s late' },
  stall: { nature: 'passing', means: 'the request takes effect, but the answer never comes' },
  'stall-body': { nature: 'passing', means: "the answer's body stops half-way and the connection stays" },
  truncate: { nature: 'passing', means: "the answer's body ends half-way, and the connection with it" },
  'access-denied': { nature: 'passing', means: 'S3 answers 403 AccessDenied for up to two seconds' },
  'clock-skew': { nature: 'passing', means: 'S3 answers by a clock that is 20 minutes ahead' },
  'kms-throttling': { nature: 'passing', means: 'S3 answers that KMS is throttled' },
  'pipeline-throttling': { nature: 'passing', means: 'CodePipeline answers ThrottlingException' },
  'pipeline-error': { nature: 'passing', means: 'CodePipeline answers 500, or cuts the connection' },
  'lost-result': { nature: 'passing', means: 'CodePipeline takes the result, but its answer is lost' },
  'key-disabled': { nature: 'lasting', means: "a destination's KMS key is disabled mid-job" },
  'source-overwritten': { nature: 'lasting', means: 'the source artifact is overwritten mid-job' },
  'source-deleted': { nature: 'lasting', means: 'the source artifact is deleted mid-job' },
  'source-corrupted': {
    nature: 'lasting',
    means: "the source's bytes change under the same version and ETag, which S3 itself never does",
  },
  'bucket-deleted': { nature: 'lasting', means: 'a destination bucket is deleted mid-job' },
  oom: { nature: 'process', means: 'the function runs out of memory and dies without an answer' },
} as const satisfies Readonly<Record<string, FaultKindFacts>>;

/** A kind of fault by name. */
export type FaultKind = keyof typeof FAULT_KINDS;

/** All kinds, in the order of the table. */
export const ALL_FAULT_KINDS = Object.keys(FAULT_KINDS) as readonly FaultKind[];

/** The kinds that a job must survive. */
export const PASSING_FAULT_KINDS = ALL_FAULT_KINDS.filter((kind) => FAULT_KINDS[kind].nature === 'passing');

/** How often each kind strikes: the probability per request that it could strike, from 0 to 1. */
export type FaultRates = Partial<Readonly<Record<FaultKind, number>>>;

/** Is it the name of a kind? */
export function isFaultKind(name: string): name is FaultKind {
  return Object.hasOwn(FAULT_KINDS, name);
}
