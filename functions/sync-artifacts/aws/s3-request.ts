// The one way to send an S3 request: with a limit in time, doubted denials, and what it was about when it fails.
import { setTimeout as sleep } from 'node:timers/promises';
import type { S3Client, ServiceInputTypes, ServiceOutputTypes } from '@aws-sdk/client-s3';
import type { HttpHandlerOptions } from '@smithy/types';
import type { Settings } from '../settings.ts';
import { STALLED_BYTES_PER_MS } from '../speeds.ts';
import { isAccessDenied, type RequestTarget, S3RequestError } from './errors.ts';
import type { S3Clients } from './s3-clients.ts';
import type { S3Command } from './transport/repeated-request.ts';

/** The last look at a denial is to come near the end of the time that it is doubted. */
const MAX_DENIAL_DELAY_MS = 400;

/** What every request needs to know of its job. */
export interface RequestContext {
  readonly settings: Pick<Settings, 'accessDeniedRetryMs' | 'stallMs'>;
  readonly s3: Pick<S3Clients, 'role' | 'artifact'>;
  readonly signal: AbortSignal;
  /** Learns of requests that were cut short before S3 gave a last word. */
  noteFailure?(error: S3RequestError): void;
}

/** The client that signs as a target names it, in its region. */
export function clientOf({ s3 }: RequestContext, { principal, region }: RequestTarget): S3Client {
  return principal === 'artifactCredentials' ? s3.artifact(region) : s3.role(region);
}

/**
 * Sends one command, signed as its target names it, as `request` does.
 * @param sizeBytes  that S3 moves for the answer, for the stall limit
 * @throws S3RequestError with what the request was about.
 */
export async function send<Input extends ServiceInputTypes, Output extends ServiceOutputTypes>(
  context: RequestContext,
  target: RequestTarget,
  command: S3Command<Input, Output>,
  sizeBytes = 0,
): Promise<Output> {
  const client = clientOf(context, target);
  return await request(context, target, (options) => client.send(command, options), sizeBytes);
}

/**
 * Sends one request. A denial is asked again for a few seconds before it is believed, since grants take a moment to spread.
 * @throws S3RequestError with what the request was about.
 */
export async function request<T>(
  context: RequestContext,
  target: RequestTarget,
  send: (options: HttpHandlerOptions) => Promise<T>,
  /** Bytes that S3 moves for the answer, for the stall limit. */
  sizeBytes = 0,
): Promise<T> {
  const options = { abortSignal: context.signal, requestTimeout: stallLimitMs(sizeBytes, context.settings) };
  let giveUpAtMs: number | undefined;
  let denial: unknown;
  const failed = (cause: unknown): S3RequestError => {
    // Cut short, it is remembered with what S3 answered before, if anything.
    if (context.signal.aborted) context.noteFailure?.(new S3RequestError(target, denial ?? cause));
    return new S3RequestError(target, cause);
  };
  for (let delayMs = 100; ; delayMs = Math.min(MAX_DENIAL_DELAY_MS, delayMs * 2)) {
    try {
      return await send(options);
    } catch (cause) {
      // Counted from the first denial: what went before it may have taken its time.
      giveUpAtMs ??= Date.now() + context.settings.accessDeniedRetryMs;
      const again = isAccessDenied(cause) && Date.now() + delayMs <= giveUpAtMs && !context.signal.aborted;
      if (!again) throw failed(cause);
      denial = cause;
      await sleep(delayMs, undefined, { signal: context.signal }).catch((aborted: unknown) => {
        throw failed(aborted);
      });
    }
  }
}

/** How long a request that moves `sizeBytes` may take before it counts as stalled, in milliseconds. */
export function stallLimitMs(sizeBytes: number, { stallMs }: Pick<Settings, 'stallMs'>): number {
  return stallMs + sizeBytes / STALLED_BYTES_PER_MS;
}
