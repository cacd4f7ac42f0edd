// Lambda functions: how they are configured, and what runs when they are invoked.

/** A function. */
export interface LambdaFunctionState {
  readonly accountId: string;
  readonly region: string;
  readonly name: string;
  /** Of its role. */
  readonly role: string;
  /** What GetFunctionConfiguration answers besides name, ARN and role. */
  configuration: Readonly<Record<string, unknown>>;
  /** What GetFunctionEventInvokeConfig answers; undefined if there is none. */
  eventInvokeConfig?: Readonly<Record<string, unknown>> | undefined;
  /** Runs it on an event; what it throws is a function error. */
  run: (event: unknown) => Promise<unknown>;
}

/** All functions. */
export class LambdaFunctions {
  readonly #all = new Map<string, LambdaFunctionState>();

  /** Adds or replaces a function. */
  put(state: LambdaFunctionState): void {
    this.#all.set(functionArn(state), state);
  }

  remove(state: LambdaFunctionState): void {
    this.#all.delete(functionArn(state));
  }

  /** The function of a name in an account and region. */
  find(accountId: string, region: string, name: string): LambdaFunctionState | undefined {
    return this.#all.get(functionArn({ accountId, region, name }));
  }
}

/** The ARN of a function. */
export function functionArn({
  accountId,
  region,
  name,
}: Pick<LambdaFunctionState, 'accountId' | 'region' | 'name'>): string {
  return `arn:aws:lambda:${region}:${accountId}:function:${name}`;
}
