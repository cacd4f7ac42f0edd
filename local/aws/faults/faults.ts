// The seam for faults: what can be made to go wrong with a request, before or after it took effect.

/** What a fault hook is given about a request. */
export interface FaultPoint {
  readonly phase: 'before' | 'after';
  readonly service: 's3' | 'codepipeline' | 'kms' | 'iam' | 'sts' | 'lambda';
  readonly operation: string;
  readonly method: string;
  readonly bucket?: string;
  readonly key?: string;
  readonly partNumber?: number;
  readonly region: string;
  readonly accessKeyId: string;
}

/** What goes wrong with one request. */
export type Fault =
  /** An error document instead of the answer (or, on a `200 OK`, inside the body). */
  | {
      readonly kind: 'error';
      readonly status: number;
      readonly code: string;
      readonly message?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The connection is cut without an answer. */
  | { readonly kind: 'reset' }
  /** The answer comes after `delayMs`, or never if that is Infinity and the client gives up. */
  | { readonly kind: 'stall'; readonly delayMs: number }
  /** The answer waits for something else to happen. */
  | { readonly kind: 'wait'; readonly until: Promise<unknown> }
  /** The body ends, and the connection with it, after this many bytes. */
  | { readonly kind: 'truncate'; readonly afterBytes: number }
  /** The body stops after this many bytes, and the connection stays until the client gives up. */
  | { readonly kind: 'stall-body'; readonly afterBytes: number };

/** Consulted before an operation and after it took effect; undefined lets it pass. */
export type FaultHook = (point: FaultPoint) => Fault | undefined;
