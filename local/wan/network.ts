// The modelled wide-area network in front of a server: says of each request when its answer may leave.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Deadlines } from './deadlines.ts';
import { DEFAULT_WAN_MODEL, roundTripMs, type WanModel } from './model.ts';
import { describeRequest, type RequestHead, responseTimeMs, type WanRequest } from './request.ts';
import { Samples } from './samples.ts';
import { WriteRate } from './write-rate.ts';

/** Body bytes that travel together; 64 KiB take 1.3 ms at 50 MB/s, about the timer's tick. */
const PACED_PIECE_BYTES = 64 * 1024;

/** The error document that S3 answers, with status 503, to a prefix that is written too often. */
export const SLOW_DOWN_DOCUMENT =
  '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>';

/** One request on its way through the network. */
export interface Passage {
  readonly request: WanRequest;
  /** Whether the write rate of its prefix is exceeded: the server then answers 503 SlowDown and does nothing. */
  readonly refused: boolean;
  /** How long the request waits for the handshake of its connection to end, in milliseconds. */
  readonly connectMs: number;
  /**
   * Resolves when the first byte of the answer may leave.
   *
   * @param copyBytes - bytes that a copy request has moved, when its range does not say so.
   */
  due(copyBytes?: number): Promise<void>;
  /** Yields `body` at the speed of one download, counted from the moment of the first byte. */
  paced(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}

/** What a server asks of a network. */
export interface Network {
  /** To be called with every connection: its handshake begins when the server accepts it (`performance.now()`), by default now. */
  opened(socket: Socket, acceptedAtMs?: number): void;
  /**
   * To be called when a request's headers have been read, before the server does anything about it; undefined for a
   * request that does not pass through the network.
   */
  arrived(message: IncomingMessage): Passage | undefined;
}

/** A network between the home region and the servers of all regions. Call {@link Wan.opened} for every connection. */
export class Wan implements Network {
  readonly model: WanModel;
  /** Milliseconds by which answers left later (or, below zero, earlier) than the model says, server time included. */
  readonly latenessMs = new Samples();
  readonly #deadlines = new Deadlines();
  readonly #writeRate: WriteRate;
  /** When each connection was accepted. */
  readonly #acceptedAtMs = new WeakMap<Socket, number>();

  /** @param overrides - numbers to change in {@link DEFAULT_WAN_MODEL}. */
  constructor(overrides: Partial<WanModel> = {}) {
    this.model = { ...DEFAULT_WAN_MODEL, ...overrides };
    this.#writeRate = new WriteRate(this.model.writesPerSecondPerPrefix);
  }

  opened(socket: Socket, acceptedAtMs: number = performance.now()): void {
    this.#acceptedAtMs.set(socket, acceptedAtMs);
  }

  arrived(message: IncomingMessage): Passage {
    const nowMs = performance.now();
    const head: RequestHead = {
      method: message.method ?? 'GET',
      url: message.url ?? '/',
      headers: message.headers,
    };
    const request = describeRequest(head, this.model.homeRegion);
    const startMs = Math.max(nowMs, this.#usableAtMs(message.socket, request.region));
    const refused = request.writePrefix !== undefined && !this.#writeRate.admits(request.writePrefix, nowMs);
    return {
      request,
      refused,
      connectMs: startMs - nowMs,
      due: async (copyBytes = 0) => {
        const serviceMs = refused
          ? roundTripMs(this.model, request.region)
          : responseTimeMs(this.model, request, request.copyBytes ?? copyBytes);
        await this.#deadlines.reached(startMs + serviceMs);
        this.latenessMs.add(performance.now() - startMs - serviceMs);
      },
      paced: (body) => this.#paced(body),
    };
  }

  /**
   * A connection opened ahead of need has its handshake behind it when a request comes. One endpoint plays all regions
   * here, so that clients use a connection for several: each region's handshake began when it was accepted.
   */
  #usableAtMs(socket: Socket, region: string): number {
    const acceptedAtMs = this.#acceptedAtMs.get(socket) ?? Number.NEGATIVE_INFINITY;
    return acceptedAtMs + this.model.handshakeRoundTrips * roundTripMs(this.model, region);
  }

  async *#paced(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    const startMs = performance.now();
    let sentBytes = 0;
    for await (const chunk of body) {
      for (let offset = 0; offset < chunk.byteLength; offset += PACED_PIECE_BYTES) {
        const piece = chunk.subarray(offset, offset + PACED_PIECE_BYTES);
        sentBytes += piece.byteLength;
        await this.#deadlines.reached(startMs + (sentBytes / this.model.transferBytesPerSecond) * 1000);
        yield piece;
      }
    }
  }
}
