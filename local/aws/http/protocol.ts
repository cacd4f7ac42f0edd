// What the server needs of a protocol (S3's REST-XML, the others' JSON) to answer a request in it.
import type { IncomingMessage } from 'node:http';
import type { AwsError } from '../aws-error.ts';
import type { Content } from '../content/content.ts';
import type { FaultPoint } from '../faults/faults.ts';
import type { Access } from '../state/access.ts';

/** A request taken apart as far as the log and the fault hook want to know it. */
export interface Call extends Omit<FaultPoint, 'phase' | 'region' | 'accessKeyId'> {
  /** Checks who asks. @throws AwsError */
  authenticate(): Promise<AuthenticatedCall>;
}

/** A request whose signature holds. */
export interface AuthenticatedCall {
  readonly region: string;
  readonly accessKeyId: string;
  /** Does what is asked. @throws AwsError */
  run(): Promise<Reply>;
  /** Bytes of content that moved so far. */
  bytes(): number;
  /** What IAM was asked so far. */
  readonly accesses: readonly Access[];
}

/** An answer, ready to be sent. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string | Content;
  /** For answers to HEAD, which name the length of what they do not send. */
  readonly contentLength?: number;
}

/** How a service's requests are read and its answers and errors written. */
export interface Protocol {
  /** @throws AwsError if not even that can be made out */
  parse(request: IncomingMessage): Call;
  error(error: AwsError, request: IncomingMessage, requestId: string): Reply;
  /** The headers that carry the request's id. */
  idHeaders(requestId: string): Record<string, string>;
}
