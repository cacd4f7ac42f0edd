// What a person sees while a job runs, read from a virtual terminal, and what a log gets.
import xterm from '@xterm/headless';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Activity } from '../../../local/replay/terminal/activity.ts';
import { startProgress, type Track } from '../../../local/replay/terminal/progress.ts';
import { createTerminal } from '../../../local/replay/terminal/terminal.ts';

const TRACKS: readonly Track[] = [
  { id: 'image', label: 'MachineImage → ap-southeast-2', totalBytes: 7 * 2 ** 30 },
  { id: 'templates', label: 'Templates → ap-southeast-2', totalBytes: 38 * 2 ** 10 },
  { id: 'layers', label: `${'LambdaLayers'.repeat(6)} → us-east-1`, totalBytes: 2 ** 30 },
];
const UTF8 = { LANG: 'en_US.UTF-8', TERM: 'xterm-256color' };

/** A stream, the virtual terminal behind it, and what stands on it. */
function virtualTerminal(columns: number, rows = 24) {
  const screen = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, convertEol: true });
  let written = '';
  const write = (text: string): boolean => {
    written += text;
    screen.write(text);
    return true;
  };
  return {
    out: { isTTY: true, columns, rows, write },
    written: () => written,
    /** Everything that was printed and not erased, one string for each row; a row that wraps is one with the next. */
    async lines(): Promise<string[]> {
      await new Promise<void>((resolve) => screen.write('', resolve));
      const { active } = screen.buffer;
      const found: string[] = [];
      for (let row = 0; row < active.length; row += 1) {
        const line = active.getLine(row);
        const text = line?.translateToString(true) ?? '';
        if (line?.isWrapped) found.push(`${found.pop() ?? ''}${text}`);
        else found.push(text);
      }
      while (found.at(-1) === '') found.pop();
      return found;
    },
  };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('progress on a terminal', () => {
  it.each([60, 80, 120, 200])('has one whole line for each copy at %d columns', async (columns) => {
    const terminal = virtualTerminal(columns);
    const progress = startProgress('Copying', TRACKS, createTerminal(terminal.out, UTF8), () => 'Waiting');
    progress.update('image', 884_400_000);
    progress.update('templates', 38 * 2 ** 10, 'CopyObject in 303 ms');
    vi.advanceTimersByTime(100);
    const lines = await terminal.lines();
    progress.stop();
    expect(lines).toHaveLength(4);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(columns);
    expect(lines[0]).toMatch(/^ {2}Machine.*-2 .* 11% {2}843\.4 MiB of 7 GiB$/);
    expect(lines[1]).toMatch(/^ {2}Templates.*-2 .*100% {2}38 KiB {2}CopyObject in 303 ms$/);
    expect(lines[2]).toMatch(/^ {2}Lambda.*….*-east-1 .* 0% {2}0 bytes of 1 GiB$/);
    expect(lines[3]).toBe('  Waiting');
  });

  it.each([60, 80, 120, 200])(
    'keeps its bars below continuations and log lines of any length at %d columns',
    async (columns) => {
      const terminal = virtualTerminal(columns);
      const progress = startProgress('Copying', TRACKS, createTerminal(terminal.out, UTF8));
      const continuation =
        '  ↻ 42%: Synced 1 of 3 copies, 3 GiB of 8 GiB, in 10.0 s; continuing (token of 412 characters)';
      const logLine = `{"message":"${'x'.repeat(300)}"}`;
      for (const [index, line] of [continuation, logLine, continuation].entries()) {
        progress.update('image', (index + 1) * 2 ** 30);
        vi.advanceTimersByTime(100);
        progress.print(line);
        vi.advanceTimersByTime(100);
      }
      const lines = await terminal.lines();
      progress.stop();
      const bars = lines.filter((line) => /\d% {2}\d/.test(line));
      expect(bars).toHaveLength(3);
      expect(lines.slice(-3)).toEqual(bars);
      expect(lines.filter((line) => line.includes('continuing'))).toHaveLength(2);
      expect(lines.join('')).toContain(logLine);
      // Words are whole: what was printed is what stands there, but for the breaks between words.
      expect(lines.slice(0, -3).join(' ').replaceAll(/ +/g, ' ')).toContain(continuation.trim());
    },
  );

  it('leaves nothing behind when it stops', async () => {
    const terminal = virtualTerminal(80);
    const progress = startProgress('Copying', TRACKS, createTerminal(terminal.out, UTF8));
    progress.update('image', 1);
    progress.print('a line that stays');
    progress.stop();
    expect(await terminal.lines()).toEqual(['a line that stays']);
  });

  it('shows what is unfinished of more copies than there are rows', async () => {
    const tracks = Array.from({ length: 30 }, (_, index) => ({
      id: String(index),
      label: `Artifact${index} → us-east-1`,
      totalBytes: 10,
    }));
    const terminal = virtualTerminal(80, 10);
    const progress = startProgress('Copying', tracks, createTerminal(terminal.out, UTF8));
    progress.update('0', 10, 'CopyObject in 3 ms');
    vi.advanceTimersByTime(1000);
    const lines = await terminal.lines();
    progress.stop();
    expect(lines).toHaveLength(8);
    expect(lines[0]).toContain('Artifact1 ');
    expect(lines.at(-1)).toBe('  … and 23 copies more, 1 finished');
  });

  it('shows how far a copy is without colours, and without characters that the locale lacks', async () => {
    const terminal = virtualTerminal(120);
    const plain = createTerminal(terminal.out, { LC_ALL: 'C', NO_COLOR: '1', TERM: 'xterm' });
    const progress = startProgress('Copying', TRACKS.slice(0, 1), plain);
    progress.update('image', 3.5 * 2 ** 30);
    vi.advanceTimersByTime(100);
    const [line = ''] = await terminal.lines();
    progress.stop();
    expect(line).toMatch(/^ {2}MachineImage > ap-southeast-2 {2}#+-+ +50% {2}3\.5 GiB of 7 GiB$/);
    expect(line.match(/#/g)?.length).toBe(
      line.replace('-2', '').replace('ap-southeast', '').match(/-/g)?.length,
    );
    expect(terminal.written()).not.toContain('\u001B[3');
  });
});

describe('progress in a log', () => {
  it.each([
    ['of CI', { ...UTF8, CI: 'true' }],
    ['of a dumb terminal', { ...UTF8, TERM: 'dumb' }],
  ])('%s gives each finished copy a line and never moves the cursor', (_what, environment) => {
    const terminal = virtualTerminal(80);
    const log = createTerminal(terminal.out, { ...environment, NO_COLOR: '1' });
    const progress = startProgress('Copying', TRACKS, log);
    progress.update('templates', 38 * 2 ** 10, 'CopyObject in 303 ms');
    progress.stop();
    expect(terminal.written()).toBe('  Templates → ap-southeast-2: 38 KiB, CopyObject in 303 ms\n');
  });

  it('says every five seconds how far all is, and what is waited for', () => {
    let written = '';
    const out = {
      write(text: string) {
        written += text;
      },
    };
    const progress = startProgress(
      'Copying',
      TRACKS,
      createTerminal(out, UTF8),
      () => 'Reporting the result',
    );
    progress.update('image', 4 * 2 ** 30);
    vi.advanceTimersByTime(5_000);
    progress.stop();
    expect(written).toBe('  Copying: 49% (4 GiB) after 5.0 s. Reporting the result\n');
  });
});

describe('what a job waits for', () => {
  const request = {
    requestId: 'r',
    service: 'codepipeline' as const,
    operation: 'PutJobSuccessResult',
    region: 'eu-central-1',
    status: 500,
    errorCode: 'InternalFailure',
    accessKeyId: 'a',
    bytes: 0,
    accesses: [],
    startedAt: new Date(0),
    durationMs: 1,
  };

  it('is the answer of CodePipeline when everything is copied', () => {
    let nowMs = 0;
    const activity = new Activity(1, () => nowMs);
    expect(activity.describe()).toBe('Reading sources and destinations');
    activity.onFinished();
    activity.onRequest(request, false);
    activity.onRequest(request, false);
    nowMs = 3_500;
    expect(activity.describe()).toBe(
      'Reporting the result to CodePipeline; CodePipeline answered 500 InternalFailure to PutJobSuccessResult (2 times); no request for 3.0 s',
    );
  });

  it('is nothing while copies are on their way, and a failing request until one succeeds', () => {
    const activity = new Activity(2, () => 0);
    const copy = { ...request, service: 's3' as const, operation: 'UploadPartCopy', partNumber: 1 };
    activity.onRequest({ ...copy, status: 200, errorCode: undefined } as never, true);
    expect(activity.describe()).toBeUndefined();
    activity.onRequest({ ...copy, status: 503, errorCode: 'SlowDown' }, true);
    expect(activity.describe()).toBe('S3 answered 503 SlowDown to UploadPartCopy');
    activity.onRequest({ ...copy, status: 301, errorCode: 'PermanentRedirect' }, false);
    expect(activity.describe()).toBeUndefined();
  });
});
