// Runs the built bundle as Lambda does: a process of its own, Lambda's environment and context, killed at the deadline.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { dirname, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Longest timeout that Lambda allows (Lambda quotas). */
export const MAX_TIMEOUT_MS = 900_000;

/** Name that the function has in the replay. */
export const FUNCTION_NAME = 'sync-artifacts';

/** AWS credentials as the Lambda runtime hands them to a function. */
export interface RoleCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Everything that a Lambda function is configured with. */
export interface LambdaOptions {
  /** File of the bundle's entry, which exports `handler`. */
  readonly handlerFile: string;
  readonly region: string;
  readonly accountId: string;
  readonly credentials: RoleCredentials;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  /** The function's own environment variables, endpoints included. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Called with each line that the function prints, as it is printed. */
  readonly onLine?: (line: string) => void;
}

/** How one invocation ended. */
export interface Invocation {
  readonly requestId: string;
  /** `ok`: the handler returned; `error`: it threw; `timeout`: killed at the deadline; `crash`: the process ended by itself. */
  readonly outcome: 'ok' | 'error' | 'timeout' | 'crash';
  /** What Lambda would report; absent when the handler returned. */
  readonly errorMessage?: string;
  readonly durationMs: number;
  /** Import of the bundle; 0 for a warm start. */
  readonly initMs: number;
  /** Highest resident memory of the process so far; unknown when it was killed. */
  readonly peakMemoryBytes?: number;
  /** Processor time of the process so far; unknown when it was killed. */
  readonly cpuMs?: number;
  /** Lines of stdout and stderr, as printed. */
  readonly lines: readonly string[];
}

interface Done {
  readonly type: 'done';
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

const RUNTIME_FILE = fileURLToPath(new URL('./lambda-runtime.mjs', import.meta.url));

/** A function with its execution environment: one warm process, replaced after a timeout or a crash. */
export class LambdaFunction implements AsyncDisposable {
  readonly #options: LambdaOptions;
  #environment: ExecutionEnvironment | undefined;

  constructor(options: LambdaOptions) {
    this.#options = options;
  }

  /** The function's ARN. */
  get arn(): string {
    return `arn:aws:lambda:${this.#options.region}:${this.#options.accountId}:function:${FUNCTION_NAME}`;
  }

  /** Invokes the function once; a retry of the same event carries the same request id. Never rejects because of what the function does. */
  async invoke(event: unknown, requestId: string = randomUUID()): Promise<Invocation> {
    const environment = this.#environment ?? new ExecutionEnvironment(this.#options);
    this.#environment = environment;
    const context = {
      awsRequestId: requestId,
      invokedFunctionArn: this.arn,
      functionName: FUNCTION_NAME,
      functionVersion: '$LATEST',
      memoryLimitInMB: String(this.#options.memoryMb),
      logGroupName: `/aws/lambda/${FUNCTION_NAME}`,
      logStreamName: 'replay',
      callbackWaitsForEmptyEventLoop: true,
    };
    const invocation = await environment.invoke(event, context);
    if (environment.ended) this.#environment = undefined;
    return invocation;
  }

  /** Kills the process, as a crash of the host would. The invocation under way ends as `crash`. */
  kill(): void {
    this.#environment?.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#environment?.close();
    this.#environment = undefined;
  }
}

/** One process and its state. */
class ExecutionEnvironment {
  readonly #child: ChildProcess;
  readonly #timeoutMs: number;
  readonly #onLine: ((line: string) => void) | undefined;
  readonly #exited: Promise<unknown>;
  #initMs: number | undefined;
  #lines: string[] = [];
  #markers = 0;
  #onMarker: (() => void) | undefined;
  ended = false;

  constructor(options: LambdaOptions) {
    this.#timeoutMs = options.timeoutMs;
    this.#onLine = options.onLine;
    this.#child = spawn(process.execPath, [RUNTIME_FILE, resolve(options.handlerFile)], {
      cwd: dirname(resolve(options.handlerFile)),
      env: lambdaEnvironment(options),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    // 'close' comes after the last line of stdout and stderr, 'exit' may come before it.
    this.#exited = once(this.#child, 'close').then(() => {
      this.ended = true;
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream)
        createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', this.#line);
    }
  }

  async invoke(event: unknown, context: { readonly awsRequestId: string }): Promise<Invocation> {
    this.#lines = [];
    const cold = this.#initMs === undefined;
    if (cold) {
      const ready = await this.#exchange({ type: 'init' });
      if (ready?.type === 'ready') this.#initMs = ready.initMs;
      else return this.#invocation(context.awsRequestId, 'crash', 0, 0, initError(ready));
    }
    const initMs = cold ? (this.#initMs ?? 0) : 0;
    const started = performance.now();
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
    const deadline = setTimeout(() => setImmediate(kill), this.#timeoutMs);
    const done = await this.#exchange({ event, context, deadlineMs: Date.now() + this.#timeoutMs });
    answered = true;
    clearTimeout(deadline);
    const durationMs = performance.now() - started;
    if (done?.type !== 'done') {
      await this.#exited;
      const reason = timedOut
        ? `Task timed out after ${(this.#timeoutMs / 1000).toFixed(2)} seconds`
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
    const { error, peakMemoryBytes, cpuMs } = done;
    const message = error ? `${error.errorType}: ${error.errorMessage}` : undefined;
    const outcome = error ? 'error' : 'ok';
    return {
      ...this.#invocation(context.awsRequestId, outcome, durationMs, initMs, message),
      peakMemoryBytes,
      cpuMs,
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
    return { requestId, outcome, durationMs, initMs, lines, ...(errorMessage ? { errorMessage } : {}) };
  }
}

function initError(message: Message | undefined): string {
  if (message?.type !== 'failed') return 'Runtime exited during init';
  return `${message.error.errorType}: ${message.error.errorMessage}`;
}

/** Lambda's environment variables and nothing of the shell's (Lambda guide, configuration-envvars). */
function lambdaEnvironment(options: LambdaOptions): Record<string, string> {
  const { credentials } = options;
  return {
    PATH: '/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin',
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    LAMBDA_TASK_ROOT: dirname(resolve(options.handlerFile)),
    _HANDLER: 'handler.handler',
    AWS_REGION: options.region,
    AWS_DEFAULT_REGION: options.region,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: FUNCTION_NAME,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(options.memoryMb),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${FUNCTION_NAME}`,
    AWS_LAMBDA_LOG_STREAM_NAME: 'replay',
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    ...(credentials.sessionToken ? { AWS_SESSION_TOKEN: credentials.sessionToken } : {}),
    ...options.environment,
  };
}
