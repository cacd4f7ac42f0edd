// The benchmark's handle on its server process.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { WanModel } from '../../local/wan/model.ts';
import type { BenchCase } from '../job/cases.ts';
import type { BenchJob } from '../job/job.ts';
import {
  type BenchServerOptions,
  DEFAULT_SERVER_OPTIONS,
  type RunReport,
  type ServerAnswer,
  type ServerRequest,
  WAN_PROFILES,
} from './server-messages.ts';

/** A server in a process of its own, so that its processor time is not the contenders'. */
export class BenchServer implements AsyncDisposable {
  readonly options: BenchServerOptions;
  readonly #child: ChildProcess;
  readonly #exited: Promise<never>;

  private constructor(child: ChildProcess, options: BenchServerOptions) {
    this.options = options;
    this.#child = child;
    this.#exited = once(child, 'exit').then(([code]: number[]) => {
      throw new Error(`the bench server ended with exit code ${code}`);
    });
    this.#exited.catch(() => undefined);
  }

  static start(options: Partial<BenchServerOptions> = {}): BenchServer {
    const file = fileURLToPath(new URL('./server.ts', import.meta.url));
    const all: BenchServerOptions = { ...DEFAULT_SERVER_OPTIONS, ...options };
    return new BenchServer(fork(file, [JSON.stringify(all)], { stdio: 'inherit' }), all);
  }

  /** The modelled network that it is behind. */
  get model(): WanModel {
    return WAN_PROFILES[this.options.profile];
  }

  /** Makes the buckets, keys and artifacts of a case. */
  async prepare(benchCase: BenchCase): Promise<BenchJob> {
    return (await this.#ask({ ask: 'prepare', benchCase }, 'prepare')).job;
  }

  /** Empties the destinations, starts counting, and returns the event of a new job; by default it names the destination buckets. */
  async begin(userParameters?: Readonly<Record<string, unknown>>): Promise<unknown> {
    return (await this.#ask({ ask: 'begin', ...(userParameters && { userParameters }) }, 'begin')).event;
  }

  /** What happened since {@link BenchServer.begin}. */
  async report(): Promise<RunReport> {
    return (await this.#ask({ ask: 'report' }, 'report')).report;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.disconnect();
    await this.#exited.catch(() => undefined);
  }

  async #ask<Kind extends ServerRequest['ask']>(
    request: ServerRequest,
    kind: Kind,
  ): Promise<Extract<ServerAnswer, { answer: Kind }>> {
    const answered = once(this.#child, 'message');
    this.#child.send(request);
    const [answer] = (await Promise.race([answered, this.#exited])) as [ServerAnswer];
    if (answer.answer !== kind) {
      throw new Error(
        answer.answer === 'error' ? answer.message : `expected ${kind}, found ${answer.answer}`,
      );
    }
    return answer as Extract<ServerAnswer, { answer: Kind }>;
  }
}
