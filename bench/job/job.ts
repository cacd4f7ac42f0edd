// What a contender is given: one job on a prepared server.
import type { Credentials } from '../../local/aws/state/identities.ts';
import type { BenchArtifact } from './cases.ts';

/** One job: artifacts in a source bucket of the home region, and a bucket in each destination region. */
export interface BenchJob {
  readonly endpoint: string;
  /** PEM file of the authority that vouches for an https endpoint. */
  readonly authorityFile?: string;
  /** Processor core that contenders run on; all of them if absent. */
  readonly core?: number;
  /** What every contender signs with. */
  readonly credentials: Credentials;
  readonly accountId: string;
  readonly sourceBucket: string;
  /** Common prefix of all artifacts' keys, ending in a slash. */
  readonly prefix: string;
  readonly artifacts: readonly (BenchArtifact & { readonly key: string })[];
  readonly mode?: 'relay';
  readonly destinations: readonly {
    readonly bucket: string;
    readonly region: string;
    readonly keyArn: string;
  }[];
}

/** Cold counts the start of the process, warm does not. */
export const TEMPERATURES = ['cold', 'warm'] as const;

/** One of them. */
export type Temperature = (typeof TEMPERATURES)[number];

/** One measured run. */
export interface Sample {
  readonly temperature: Temperature;
  readonly elapsedMs: number;
  /** When the clock started, in milliseconds since the epoch. */
  readonly startedAtMs?: number;
  /** From there until the handler could be called. */
  readonly readyMs?: number;
  readonly importMs?: number;
  readonly cpuMs?: number;
  readonly peakResidentBytes?: number;
}

/** Something that can do the jobs. */
export interface Contender {
  readonly name: string;
  /** Version, or undefined when it is not installed here. */
  version(): Promise<string | undefined>;
  /** Why it cannot do this job; undefined when it can. */
  cannot?(job: BenchJob): string | undefined;
  /** Gets ready for runs of one job. */
  open(job: BenchJob): Promise<Contest>;
}

/** A contender at its place. */
export interface Contest extends AsyncDisposable {
  /** Runs to make before those that count. */
  readonly warmUps: number;
  /** UserParameters of its events, instead of those that name the destination buckets. */
  readonly userParameters?: Readonly<Record<string, unknown>>;
  /** Runs the job once; `event` is the CodePipeline event for those that are functions. @throws when it fails. */
  run(event: unknown): Promise<Sample[]>;
}
