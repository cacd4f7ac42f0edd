// Faults as tests state them: which requests meet them, how often, and what happens meanwhile.
import type { Fault, FaultHook, FaultPoint } from '../../../local/aws/faults/faults.ts';

/** S3 refuses, as it does when no policy allows a request. */
export const DENIED = errorOf(403, 'AccessDenied', 'Access Denied');
export const SLOW_DOWN = errorOf(503, 'SlowDown');
/** The connection is cut without an answer. */
export const RESET: Fault = { kind: 'reset' };
/** The answer never comes. */
export const SILENCE: Fault = { kind: 'stall', delayMs: Number.POSITIVE_INFINITY };

/** An error document with this status and code. */
export function errorOf(status: number, code: string, message?: string): Fault {
  return { kind: 'error', status, code, ...(message === undefined ? {} : { message }) };
}

/** Which requests meet a fault: all of an operation by default, before they take effect. */
export interface Where {
  readonly phase?: FaultPoint['phase'];
  readonly bucket?: string;
  readonly partNumber?: number;
  /** Only the first so many of them. */
  readonly times?: number;
}

/** A hook that knows how many requests it applied to, those beyond `times` included. */
type CountingHook = FaultHook & { readonly hits: number };

/** Lets requests of an operation, or of any of several, meet a fault; one given as a function is made when a request arrives. */
export function faultAt(
  operation: string | readonly string[],
  fault: Fault | (() => Fault | undefined),
  { phase = 'before', bucket, partNumber, times = Number.POSITIVE_INFINITY }: Where = {},
): CountingHook {
  let hits = 0;
  const hook = (point: FaultPoint): Fault | undefined => {
    if (point.phase !== phase || ![operation].flat().includes(point.operation)) return undefined;
    if (bucket !== undefined && point.bucket !== bucket) return undefined;
    if (partNumber !== undefined && point.partNumber !== partNumber) return undefined;
    hits += 1;
    if (hits > times) return undefined;
    return typeof fault === 'function' ? fault() : fault;
  };
  return Object.defineProperty(hook, 'hits', { get: () => hits }) as unknown as CountingHook;
}

/** Does something at each of these requests, which pass. */
export function actAt(
  operation: string | readonly string[],
  act: () => unknown,
  where?: Where,
): CountingHook {
  const andPass = (): undefined => {
    act();
  };
  return faultAt(operation, andPass, where);
}

/** Does something once, just before the first request of an operation takes effect. */
export function justBefore(operation: string | readonly string[], act: () => unknown): CountingHook {
  return actAt(operation, act, { times: 1 });
}
