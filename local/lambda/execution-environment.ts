// One Lambda execution environment: a child process that runs the handler, its log lines, and its end.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** How one invocation ended. */
export interface Invocation {
  readonly requestId: string;
  /** `ok`: the handler returned; `error`: it threw; `timeout`, `out-of-memory`: killed at that limit; `crash`: the process ended by itself. */
  readonly outcome: 'ok' | 'error' | 'timeout' | 'out-of-memory' | 'crash';
  /** What the handler returned, as JSON has it; an asynchronous invocation does not learn it. */
  readonly result?: unknown;
  /** What Lambda would report; absent when the handler returned. */
  readonly errorMessage?: string;
  /** When the handler was called. */
  readonly startedAt: Date;
  readonly durationMs: number;
  /** Import of the bundle; 0 for a warm start. */
  readonly initMs: number;
  /** Highest resident memory of the process so far; unknown when it was killed for another reason. */
  readonly peakMemoryBytes?: number;
  /** Processor time of the process so far; unknown when it was killed. */
  readonly cpuMs?: number;
  /** Lines of stdout and stderr, as printed. */
  readonly lines: readonly string[];
}

/** What a process is started with. */
export interface ProcessOptions {
  readonly handlerFile: string;
  /** The export of that file which is invoked. */
  readonly handlerName: string;
  /** All of its environment variables. */
  readonly environment: Readonly<Record<string, string>>;
  /** The process is killed when it needs more, as Lambda does. */
  readonly memoryBytes: number;
  readonly onLine?: (line: string) => void;
  /** The only processor core that it may use. */
  readonly core?: number;
  /** Port of 127.0.0.1 for Node's inspector: the process waits for a debugger before it loads anything. */
  readonly inspectPort?: number;
}

interface Done {
  readonly type: 'done';
  readonly result?: unknown;
  readonly error?: { readonly errorType: string; readonly errorMessage: string };
  readonly peakMemoryBytes: number;
  readonly cpuMs: number;
}
interface Ready {
  readonly type: 'ready';
  readonly initMs: number;
}
interface InitFailed {
  readonly type: 'failed';
  readonly error: { readonly errorType: string; readonly errorMessage: string };
}
type Message = Done | Ready | InitFailed;

/** A peak that is missed is found when the invocation ends. */
const MEMORY_CHECK_MS = 20;

const RUNTIME_FILE = fileURLToPath(new URL('./lambda-runtime.mjs', import.meta.url));

/** One process with its state, used until it ends. */
export class ExecutionEnvironment {
  readonly #child: ChildProcess;
  readonly #onLine: ((line: string) => void) | undefined;
  readonly #exited: Promise<unknown>;
  readonly #memoryBytes: number;
  #initMs: number | undefined;
  #startedAt = new Date();
  #lines: string[] = [];
  #markers = 0;
  #onMarker: (() => void) | undefined;
  ended = false;

  constructor(options: ProcessOptions) {
    this.#onLine = options.onLine;
    this.#memoryBytes = options.memoryBytes;
    const [file = '', ...args] = [
      // util-linux; the process that it starts takes its place.
      ...(options.core === undefined ? [] : ['/usr/bin/taskset', '--cpu-list', String(options.core)]),
      process.execPath,
      ...inspectorArgs(options.inspectPort),
      RUNTIME_FILE,
      resolve(options.handlerFile),
      options.handlerName,
    ];
    this.#child = spawn(file, args, {
      cwd: dirname(resolve(options.handlerFile)),
      env: options.environment,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    // A process that a debugger holds does not notice that its parent is gone.
    const kill = (): void => this.kill();
    if (options.inspectPort !== undefined) process.once('exit', kill);
    // 'close' comes after the last line of stdout and stderr, 'exit' may come before it.
    this.#exited = once(this.#child, 'close').then(() => {
      process.off('exit', kill);
      this.ended = true;
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream)
        createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', this.#line);
    }
  }

  async invoke(
    event: unknown,
    context: { readonly awsRequestId: string },
    timeoutMs: number,
  ): Promise<Invocation> {
    this.#lines = [];
    const cold = this.#initMs === undefined;
    if (cold) {
      const ready = await this.#exchange({ type: 'init' });
      if (ready?.type === 'ready') this.#initMs = ready.initMs;
      else {
        // As on Lambda, the next invocation begins with a process of its own.
        await this.close();
        return this.#invocation(context.awsRequestId, 'crash', 0, 0, initError(ready));
      }
    }
    const initMs = cold ? (this.#initMs ?? 0) : 0;
    const started = performance.now();
    this.#startedAt = new Date();
    this.#markers = 0;
    const markers = new Promise<void>((arrived) => {
      this.#onMarker = arrived;
    });
    let timedOut = false;
    let answered = false;
    const kill = (): void => {
      if (answered) return;
      timedOut = true;
      this.kill();
    };
    // An answer that came in time may be waiting behind the timer: it is read before the process is killed.
    const deadline = setTimeout(() => setImmediate(kill), timeoutMs);
    let killedAtBytes: number | undefined;
    const memoryCheck = setInterval(() => {
      const peakBytes = peakMemoryOf(this.#child.pid);
      if (killedAtBytes !== undefined || peakBytes === undefined || peakBytes <= this.#memoryBytes) return;
      killedAtBytes = peakBytes;
      this.kill();
    }, MEMORY_CHECK_MS);
    const done = await this.#exchange({ event, context, deadlineMs: Date.now() + timeoutMs });
    answered = true;
    clearTimeout(deadline);
    clearInterval(memoryCheck);
    const durationMs = performance.now() - started;
    // A peak between two checks: the answer is here, but Lambda would have killed the process before it.
    if (done?.type === 'done' && done.peakMemoryBytes > this.#memoryBytes) {
      killedAtBytes = done.peakMemoryBytes;
      this.kill();
    }
    if (killedAtBytes !== undefined) {
      await this.#exited;
      const message = `Runtime exited with error: signal: killed (needed more than its ${this.#memoryBytes / 2 ** 20} MiB)`;
      return {
        ...this.#invocation(context.awsRequestId, 'out-of-memory', durationMs, initMs, message),
        peakMemoryBytes: killedAtBytes,
      };
    }
    if (done?.type !== 'done') {
      await this.#exited;
      const reason = timedOut
        ? `Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`
        : `Runtime exited with ${this.#child.signalCode ?? `exit status ${this.#child.exitCode}`}`;
      return this.#invocation(
        context.awsRequestId,
        timedOut ? 'timeout' : 'crash',
        durationMs,
        initMs,
        reason,
      );
    }
    await Promise.race([markers, this.#exited]);
    const { error, result, peakMemoryBytes, cpuMs } = done;
    const message = error ? `${error.errorType}: ${error.errorMessage}` : undefined;
    const outcome = error ? 'error' : 'ok';
    return {
      ...this.#invocation(context.awsRequestId, outcome, durationMs, initMs, message),
      peakMemoryBytes,
      cpuMs,
      ...(result === undefined ? {} : { result }),
    };
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async close(): Promise<void> {
    if (!this.ended) this.kill();
    await this.#exited;
  }

  /** Sends one message and waits for its answer, or for the end of the process (undefined). */
  async #exchange(message: object): Promise<Message | undefined> {
    const { promise, resolve: answered } = Promise.withResolvers<Message | undefined>();
    this.#child.once('message', answered);
    void this.#exited.then(() => answered(undefined));
    if (this.#child.connected) this.#child.send(message, () => undefined);
    const answer = await promise;
    this.#child.off('message', answered);
    return answer;
  }

  readonly #line = (line: string): void => {
    if (line.startsWith('END RequestId: ')) {
      this.#markers += 1;
      if (this.#markers === 2) this.#onMarker?.();
      return;
    }
    this.#lines.push(line);
    this.#onLine?.(line);
  };

  #invocation(
    requestId: string,
    outcome: Invocation['outcome'],
    durationMs: number,
    initMs: number,
    errorMessage?: string,
  ): Invocation {
    const lines = this.#lines;
    const startedAt = this.#startedAt;
    return {
      requestId,
      outcome,
      startedAt,
      durationMs,
      initMs,
      lines,
      ...(errorMessage ? { errorMessage } : {}),
    };
  }
}

/** The address is not printed, so that the function's log stays its own. */
function inspectorArgs(port: number | undefined): string[] {
  return port === undefined ? [] : [`--inspect-wait=127.0.0.1:${port}`, '--inspect-publish-uid=http'];
}

/** Highest resident memory of a process on Linux; undefined elsewhere, and when the process is gone. */
function peakMemoryOf(pid: number | undefined): number | undefined {
  try {
    const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch {
    return undefined;
  }
}

function initError(message: Message | undefined): string {
  if (message?.type !== 'failed') return 'Runtime exited during init';
  return `${message.error.errorType}: ${message.error.errorMessage}`;
}
