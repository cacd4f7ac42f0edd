// Says what a job is waiting for when its bars do not move: which request fails, how often, and how long nothing came.
import { hasFailed, type LoggedRequest } from '../../aws/state/request-log.ts';
import { formatDuration } from '../quantity.ts';

/** After this long without a request the job is waiting. */
const QUIET_MS = 2_000;
const REPORTING: ReadonlySet<string> = new Set(['PutJobSuccessResult', 'PutJobFailureResult']);

/** Watches the requests of a job. */
export class Activity {
  readonly #now: () => number;
  /** The latest failure, until any request succeeds: then something moves. */
  #failing: LoggedRequest | undefined;
  #failures = 0;
  #lastRequestMs: number;
  #writes = 0;
  #finished = 0;
  readonly #copies: number;

  constructor(copies: number, now: () => number = () => performance.now()) {
    this.#copies = copies;
    this.#now = now;
    this.#lastRequestMs = now();
  }

  onRequest(request: LoggedRequest, isWrite: boolean): void {
    this.#lastRequestMs = this.#now();
    if (isFailure(request)) {
      this.#failures = this.#failing?.operation === request.operation ? this.#failures + 1 : 1;
      this.#failing = request;
    } else {
      this.#failing = undefined;
      if (isWrite) this.#writes += 1;
    }
  }

  /** A copy is finished. */
  onFinished(): void {
    this.#finished += 1;
  }

  /** One sentence; undefined while copies are on their way. */
  describe(): string | undefined {
    const quietMs = this.#now() - this.#lastRequestMs;
    const sentences = [
      this.#phase(),
      this.#failing && describeFailure(this.#failing, this.#failures),
      quietMs > QUIET_MS && quiet(quietMs),
    ];
    const found = sentences.filter((sentence) => typeof sentence === 'string');
    return found.length === 0 ? undefined : found.join('; ');
  }

  #phase(): string | undefined {
    if (this.#copies > 0 && this.#finished >= this.#copies) return 'Reporting the result to CodePipeline';
    return this.#writes === 0 ? 'Reading sources and destinations' : undefined;
  }
}

/** What a client tries again: errors of the server, refusals, and broken connections; not a redirect or what is not there. */
function isFailure(request: LoggedRequest): boolean {
  const { status, operation } = request;
  const isAnswer = [301, 307, 412].includes(status) || (status === 404 && !REPORTING.has(operation));
  return hasFailed(request) && !isAnswer;
}

function describeFailure({ service, operation, status, errorCode }: LoggedRequest, count: number): string {
  const server = service === 'codepipeline' ? 'CodePipeline' : service === 'kms' ? 'KMS' : 'S3';
  const answer =
    status === 0 ? 'cut the connection of' : `answered ${[status, errorCode].join(' ').trim()} to`;
  return `${server} ${answer} ${operation}${count === 1 ? '' : ` (${count} times)`}`;
}

function quiet(quietMs: number): string {
  return `no request for ${formatDuration(Math.floor(quietMs / 1000) * 1000)}`;
}
