// What is kept of everything that was asked of the embedded AWS, for tests that count and for live progress.
import type { Access } from './access.ts';

/** A request that was answered. */
export interface LoggedRequest {
  readonly requestId: string;
  readonly service: 's3' | 'codepipeline' | 'kms' | 'iam' | 'sts' | 'lambda';
  /** As the API names it (`UploadPartCopy`), or the HTTP method where no operation was recognised. */
  readonly operation: string;
  readonly bucket?: string;
  readonly key?: string;
  readonly partNumber?: number;
  readonly region: string;
  /** 0 if the connection was broken on purpose. */
  readonly status: number;
  readonly errorCode?: string;
  readonly accessKeyId: string;
  /** Bytes of content: received, sent, or copied inside S3. */
  readonly bytes: number;
  /** What IAM was asked on the way, and what decided it. */
  readonly accesses: readonly Access[];
  readonly startedAt: Date;
  readonly durationMs: number;
  /** How much of it the modelled network took to open the connection. */
  readonly connectMs?: number;
}

/** Did it get an error, or no answer at all? */
export function hasFailed({ status, errorCode }: LoggedRequest): boolean {
  return status === 0 || status >= 400 || errorCode !== undefined;
}
