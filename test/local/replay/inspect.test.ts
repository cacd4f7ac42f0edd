// `npm run replay -- --inspect`: a debugger is waited for, stops the function, and meets no time limit.
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_FUNCTION_TIMEOUT_SECONDS } from '../../../infra/shape/job-time.ts';
import type { Replayed } from '../../../local/replay/run.ts';
import { answerTo, endPlaying, sampleFile, startPlaying } from './command.ts';
import { attach } from './devtools.ts';

afterAll(endPlaying);

const CLASSIC = [sampleFile('classic'), '--artifact', 'App=1MiB'];

describe('a replay with --inspect', () => {
  let replayed: Replayed;
  let stallMs: unknown;
  beforeAll(async () => {
    const { printed, ended } = await startPlaying([...CLASSIC, '--inspect', '0']);
    const [, port] = await printed(/Waiting for a debugger on 127\.0\.0\.1:(\d+)/);
    const inspector = await attach(Number(port));
    await inspector.send('NodeRuntime.enable');
    await inspector.event('NodeRuntime.waitingForDebugger');
    await inspector.send('Debugger.enable');
    await inspector.send('Debugger.setBreakpointByUrl', { urlRegex: 'handler\\.mjs$', lineNumber: 0 });
    await inspector.send('Runtime.runIfWaitingForDebugger');
    await inspector.event('Debugger.paused');
    const { result } = await inspector.send('Runtime.evaluate', { expression: 'process.env.SYNC_STALL_MS' });
    stallMs = result?.result?.value;
    await inspector.send('Debugger.disable');
    replayed = await ended;
    inspector.close();
  });

  it('ends as without a debugger, once the debugger lets it', () => {
    expect(replayed.report.verdict).toBe('succeeded');
  });

  it('has no time limit that would strike at a breakpoint', () => {
    expect(replayed.report.timeoutMs).toBeGreaterThan(MAX_FUNCTION_TIMEOUT_SECONDS * 1000);
    expect(stallMs).toBe('300000');
  });

  it('keeps the address of the inspector out of the log of the function', () => {
    expect(JSON.stringify(replayed.report.invocations)).not.toContain('ws://');
  });
});

describe('what --inspect refuses', () => {
  it.each([
    [['--inspect', 'events/relay.json'], /--inspect.*'events\/relay\.json'.*0 to 65535.*goes before/],
    [['--inspect', '70000'], /--inspect.*'70000'.*0 to 65535/],
    [['--dry-run', '--inspect'], /--inspect.*--dry-run.*does not run/],
  ])('answers %j with what is expected', async (args, message) => {
    expect(await answerTo(args)).toMatch(message);
  });

  it('names a port that is taken, rather than running without a debugger', async () => {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const { ended } = await startPlaying([...CLASSIC, '--inspect', String(port)]);
    await expect(ended).rejects.toThrow(
      new RegExp(`port ${port}: .*in use.*Choose another; 0 takes a free one`),
    );
    server.close();
  });
});
