// The Lambda runner: environment, context, warm starts, and the kill at the deadline.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NODE_OPTIONS } from '../../../functions/sync-artifacts/bundle/node-options.ts';
import { LambdaFunction, type LambdaOptions } from '../../../local/lambda/lambda.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lambda-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A function whose handler has the given body; `event` and `context` are in scope. */
async function functionOf(body: string, options: Partial<LambdaOptions> = {}): Promise<LambdaFunction> {
  const handlerFile = join(folder, `handler-${Math.random().toString(36).slice(2)}.mjs`);
  await writeFile(
    handlerFile,
    `let calls = 0;\nexport async function handler(event, context) {\n${body}\n}\n`,
  );
  return new LambdaFunction({
    handlerFile,
    region: 'eu-central-1',
    accountId: '111122223333',
    credentials: { accessKeyId: 'ASIAROLE', secretAccessKey: 'secret', sessionToken: 'token' },
    timeoutMs: 10_000,
    memoryMb: 512,
    ...options,
  });
}

/** What the handler printed with `console.log(JSON.stringify(...))` first. */
function printed(lines: readonly string[]): Record<string, unknown> {
  return JSON.parse(lines[0] ?? '{}') as Record<string, unknown>;
}

describe('LambdaFunction', () => {
  it('gives the handler the event and the context that Lambda gives', async () => {
    await using lambda = await functionOf(
      'console.log(JSON.stringify({ event, ...context, left: context.getRemainingTimeInMillis() }));',
      { timeoutMs: 20_000 },
    );
    const { lines, outcome, requestId } = await lambda.invoke({ job: 1 });
    expect(outcome).toBe('ok');
    const seen = printed(lines);
    expect(seen).toMatchObject({
      event: { job: 1 },
      awsRequestId: requestId,
      functionName: 'sync-artifacts',
      invokedFunctionArn: 'arn:aws:lambda:eu-central-1:111122223333:function:sync-artifacts',
      memoryLimitInMB: '512',
    });
    expect(seen.left).toBeGreaterThan(10_000);
    expect(seen.left).toBeLessThanOrEqual(20_000);
  });

  it('shows the handler the role and the function settings, and nothing of the shell', async () => {
    process.env.AWS_PROFILE = 'my-own-profile';
    await using lambda = await functionOf('console.log(JSON.stringify(process.env));', {
      environment: { AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1' },
    });
    const environment = printed((await lambda.invoke({})).lines);
    delete process.env.AWS_PROFILE;
    expect(environment).toMatchObject({
      AWS_ACCESS_KEY_ID: 'ASIAROLE',
      AWS_SESSION_TOKEN: 'token',
      AWS_REGION: 'eu-central-1',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1',
    });
    expect(environment).not.toHaveProperty('AWS_PROFILE');
    expect(environment).not.toHaveProperty('HOME');
    expect(environment).toHaveProperty('NODE_OPTIONS', NODE_OPTIONS);
  });

  it('fails each invocation of a handler that is not there', async () => {
    await using lambda = await functionOf('return {};', { handlerName: 'main' });
    const first = await lambda.invoke({});
    const second = await lambda.invoke({});
    expect([first.outcome, second.outcome]).toEqual(['crash', 'crash']);
    expect(second.errorMessage).toMatch(/exports no function "main"/);
  });

  it('gives what the handler returned', async () => {
    await using lambda = await functionOf('return { ok: event.ok };');
    expect((await lambda.invoke({ ok: true })).result).toEqual({ ok: true });
  });

  it('keeps the process warm between invocations', async () => {
    await using lambda = await functionOf('calls += 1; console.log(JSON.stringify({ calls }));');
    const first = await lambda.invoke({});
    const second = await lambda.invoke({});
    expect([printed(first.lines).calls, printed(second.lines).calls]).toEqual([1, 2]);
    expect(first.initMs).toBeGreaterThan(0);
    expect(second.initMs).toBe(0);
    expect(second.peakMemoryBytes).toBeGreaterThan(10_000_000);
    expect(second.cpuMs).toBeGreaterThan(0);
  });

  it('measures the memory of the function, not of the process that started it', async () => {
    const ballast = Buffer.alloc(400_000_000, 1);
    await using lambda = await functionOf('');
    const { peakMemoryBytes } = await lambda.invoke({});
    expect(peakMemoryBytes).toBeLessThan(ballast.length / 2);
  });

  it('kills the process at the deadline, even one that never yields, and starts a new one after it', async () => {
    await using lambda = await functionOf('if (event.hang) for (;;);\nconsole.log(process.pid);', {
      timeoutMs: 1_000,
    });
    const before = await lambda.invoke({});
    const { outcome, errorMessage, durationMs } = await lambda.invoke({ hang: true });
    const after = await lambda.invoke({});
    expect(outcome).toBe('timeout');
    expect(errorMessage).toBe('Task timed out after 1.00 seconds');
    expect(durationMs).toBeGreaterThanOrEqual(995);
    expect(after.outcome).toBe('ok');
    expect(after.lines).not.toEqual(before.lines);
  });

  it('kills a process that needs more than its memory, at once or when its answer comes', async () => {
    const grow = 'globalThis.kept = Buffer.alloc(event.mib * 2 ** 20, 1);';
    await using hanging = await functionOf(`${grow} await new Promise(() => setTimeout(() => {}, 60_000));`, {
      memoryMb: 256,
    });
    await using quick = await functionOf(grow, { memoryMb: 256 });
    const killed = {
      outcome: 'out-of-memory',
      errorMessage: 'Runtime exited with error: signal: killed (needed more than its 256 MiB)',
    };
    expect(await quick.invoke({ mib: 1 })).toMatchObject({ outcome: 'ok' });
    expect(await quick.invoke({ mib: 300 })).toMatchObject(killed);
    expect(await hanging.invoke({ mib: 300 })).toMatchObject(killed);
  });

  it('reports what the handler threw, and keeps everything it printed', async () => {
    await using lambda = await functionOf(
      'console.error("to stderr"); console.log("x".repeat(300_000)); throw new RangeError("no");',
    );
    const { outcome, errorMessage, lines } = await lambda.invoke({});
    expect({ outcome, errorMessage }).toEqual({ outcome: 'error', errorMessage: 'RangeError: no' });
    expect(lines.map((line) => line.length).sort()).toEqual([300_000, 9]);
  });

  it('reports a process that ended by itself, and one that was killed, as a crash', async () => {
    await using exiting = await functionOf('process.exit(3);');
    expect(await exiting.invoke({})).toMatchObject({
      outcome: 'crash',
      errorMessage: 'Runtime exited with exit status 3',
    });
    await using hanging = await functionOf(
      'console.log("started"); await new Promise(() => setTimeout(() => {}, 60_000));',
      {
        onLine: () => hanging.kill(),
      },
    );
    expect(await hanging.invoke({})).toMatchObject({
      outcome: 'crash',
      errorMessage: 'Runtime exited with SIGKILL',
      lines: ['started'],
    });
  });

  it('reports a bundle that does not load', async () => {
    await using lambda = await functionOf('', { handlerFile: join(folder, 'absent.mjs') });
    const { outcome, errorMessage } = await lambda.invoke({});
    expect(outcome).toBe('crash');
    expect(errorMessage).toContain('Cannot find module');
  });
});
