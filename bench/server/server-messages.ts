// What the benchmark and its server process say to each other.
import { DEFAULT_WAN_MODEL, PESSIMISTIC_WAN_MODEL } from '../../local/wan/model.ts';
import type { BenchCase } from '../job/cases.ts';
import type { BenchJob } from '../job/job.ts';

/** How the server runs: `npm run bench -- --help`. */
export interface BenchServerOptions {
  /** Serves https. */
  readonly tls: boolean;
  /** Gives the contenders one processor core, and itself another. */
  readonly oneCore: boolean;
  readonly profile: WanProfile;
}

/** What S3 is taken to be like. */
export type WanProfile = keyof typeof WAN_PROFILES;

/** The models of S3, by the name that `--profile` takes. */
export const WAN_PROFILES = { typical: DEFAULT_WAN_MODEL, pessimistic: PESSIMISTIC_WAN_MODEL } as const;

/** What users pay for: TLS, and one core. */
export const DEFAULT_SERVER_OPTIONS: BenchServerOptions = { tls: true, oneCore: true, profile: 'typical' };

/** To the server: prepare a case; begin a run (empty destinations, new job, with these UserParameters); tell what happened in it. */
export type ServerRequest =
  | { readonly ask: 'prepare'; readonly benchCase: BenchCase }
  | { readonly ask: 'begin'; readonly userParameters?: Readonly<Record<string, unknown>> }
  | { readonly ask: 'report' };

/** From the server, in the order of the requests. */
export type ServerAnswer =
  | { readonly answer: 'prepare'; readonly job: BenchJob }
  | { readonly answer: 'begin'; readonly event: unknown }
  | { readonly answer: 'report'; readonly report: RunReport }
  | { readonly answer: 'error'; readonly message: string };

/** What the server saw of one run. */
export interface RunReport {
  /** What is wrong with the copies, one sentence each; none when all are right. */
  readonly problems: readonly string[];
  /** The state of the run's CodePipeline job; `Open` after peers, who know no jobs. */
  readonly jobState: string;
  /** Requests by service and operation, such as `s3 UploadPartCopy`. */
  readonly requests: Readonly<Record<string, number>>;
  /** Requests that were answered with a status of 400 or more, by code. */
  readonly refusals: Readonly<Record<string, number>>;
  /** How late answers left by the model's clock, in milliseconds. */
  readonly latenessP50Ms: number;
  readonly latenessP99Ms: number;
  /** When the run began, in milliseconds since the epoch: the zero of the timeline. */
  readonly beganAtMs: number;
  /** Every request, in the order of their arrival. */
  readonly timeline: readonly TimelineEntry[];
  /** Processor time of the server during the run. */
  readonly serverCpuMs: number;
}

/** One request, in milliseconds since the run began. */
export interface TimelineEntry {
  readonly operation: string;
  readonly region: string;
  readonly status: number;
  readonly startMs: number;
  readonly endMs: number;
  /** How much of it was the opening of its connection. */
  readonly connectMs: number;
}
