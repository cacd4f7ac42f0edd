// The page of a replay: everything is in it, nothing is loaded from elsewhere, and a real browser lays it out.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { LoggedRequest } from '../../../local/aws/state/request-log.ts';
import { replayPage } from '../../../local/replay/page/page.ts';
import { arrangeTimeline } from '../../../local/replay/page/timeline.ts';
import { writePage } from '../../../local/replay/page/write-page.ts';
import { endPlaying, type Played, play, sampleFile } from './command.ts';
import { attach } from './devtools.ts';

/** A Chromium of this machine, if there is one. */
const CHROMIUM = ['chromium', 'chromium-browser', 'google-chrome']
  .flatMap((name) => (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name)))
  .find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
const HEADLESS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--hide-scrollbars',
  '--remote-debugging-port=0',
];

let folder: string;
let played: Played;
let failed: Played;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'page-'));
  const faults = ['--fault', 'slow-down=0.3', '--seed', '2', '--artifact', 'App=20MiB'];
  [played, failed] = await Promise.all([
    play([sampleFile('three-regions'), ...faults]),
    play([sampleFile('fails-function-lost')]),
  ]);
});
afterAll(async () => {
  await endPlaying();
  await rm(folder, { recursive: true });
});

describe('the page of a replay', () => {
  it('draws every request once, with failures and further attempts marked', () => {
    const page = replayPage(played.report, played.requests);
    const bars = page.match(/<rect class="bar [^"]*"/g) ?? [];
    expect(bars).toHaveLength(played.requests.length);
    const struck = played.report.faults['slow-down'] ?? 0;
    expect(struck).toBeGreaterThan(0);
    expect(bars.filter((bar) => bar.includes(' failed')).length).toBeGreaterThanOrEqual(struck);
    expect(bars.filter((bar) => bar.includes(' retry')).length).toBeGreaterThanOrEqual(struck);
  });

  it('shows the result, the copies with parts, keys and proofs, and the memory', () => {
    const page = replayPage(played.report, played.requests);
    expect(page).toContain(played.report.result.summary);
    expect(page).toMatch(/multipart, \d+ parts/);
    for (const { bucket, key, kmsKeyArn = '' } of played.report.copies) {
      expect(page).toContain(`s3://${bucket}/${key}`);
      expect(page).toContain(kmsKeyArn);
    }
    expect(page).toMatch(/checksum/);
    expect(page).toContain('The whole width is 1769 MiB.');
  });

  it('shows each attempt of a function that dies, and what the pipeline shows then', () => {
    const page = replayPage(failed.report, failed.requests);
    expect(page.match(/<rect class="invocation failed"/g)).toHaveLength(2);
    expect(page).toContain('Failed: JobFailed');
    expect(page).toContain('Failed, as this sample is meant to');
  });

  it('loads nothing, runs nothing, and holds no credentials', () => {
    const page = replayPage(played.report, played.requests);
    expect(page).not.toMatch(/<script|<link|<img|@import|url\(|src=|href=/i);
    expect(page).toContain("default-src 'none'");
    expect(page).not.toContain(played.requests[0]?.accessKeyId ?? 'no request');
  });

  it('escapes what comes from the event', () => {
    const report = { ...played.report, event: '<b>"a" & b</b>.json' };
    expect(replayPage(report, [])).toContain('&lt;b&gt;&quot;a&quot; &amp; b&lt;/b&gt;.json');
  });

  it('says what to do when it cannot be written', async () => {
    await expect(writePage(join(folder, 'no', 'such.html'), played.report, [])).rejects.toThrow(
      /report cannot be written: ENOENT.*Give --report another FILE/,
    );
  });
});

describe('a time line', () => {
  const at = (startMs: number, durationMs: number, other: Partial<LoggedRequest> = {}): LoggedRequest => ({
    requestId: 'r',
    service: 's3',
    operation: 'UploadPartCopy',
    bucket: 'to',
    key: 'k',
    partNumber: 1,
    region: 'us-east-1',
    status: 200,
    accessKeyId: 'a',
    bytes: 1,
    accesses: [],
    startedAt: new Date(1_000 + startMs),
    durationMs,
    ...other,
  });
  const copy = {
    artifact: 'App',
    bucket: 'to',
    key: 'k',
    region: 'us-east-1',
    status: 'copied' as const,
  };

  it('puts requests that overlap into lanes of their own, and later ones into the first free lane', () => {
    const requests = [at(0, 100), at(50, 100, { partNumber: 2 }), at(120, 10, { partNumber: 3 })];
    const { groups, endMs } = arrangeTimeline(requests, [copy], 1_000);
    expect(groups).toHaveLength(1);
    expect(groups[0]?.bars.map(({ lane }) => lane)).toEqual([0, 1, 0]);
    expect(endMs).toBe(150);
  });

  it('tells further attempts from requests that merely have the same operation', () => {
    const requests = [
      at(0, 10, { status: 503, errorCode: 'SlowDown' }),
      at(20, 10),
      at(30, 10, { partNumber: 2 }),
      at(40, 10, { operation: 'HeadObject', status: 404 }),
      at(50, 10),
    ];
    const { groups } = arrangeTimeline(requests, [copy], 1_000);
    expect(groups[0]?.bars.map(({ failed: bad, isRetry }) => [bad, isRetry])).toEqual([
      [true, false],
      [false, true],
      [false, false],
      [false, false],
      [false, false],
    ]);
  });
});

// Where there is no browser the page is still checked above; only its layout is not.
describe.skipIf(CHROMIUM === undefined)('in headless Chromium', () => {
  let browser: ChildProcessByStdio<null, null, Readable>;
  let tab: Awaited<ReturnType<typeof attach>>;
  beforeAll(async () => {
    const file = join(folder, 'page.html');
    await writePage(file, played.report, played.requests);
    browser = spawn(CHROMIUM ?? '', [...HEADLESS, pathToFileURL(file).href], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    tab = await attach(await debuggingPort(browser.stderr));
    // A tab is empty before it is what it was opened with.
    await vi.waitFor(
      async () => expect(await evaluate('location.protocol + document.readyState')).toBe('file:complete'),
      { timeout: 60_000 },
    );
  });
  afterAll(async () => {
    tab.close();
    browser.kill();
    await once(browser, 'close');
  });

  const evaluate = async (expression: string): Promise<unknown> =>
    (await tab.send('Runtime.evaluate', { expression })).result?.result?.value;
  const resize = (width: number) =>
    tab.send('Emulation.setDeviceMetricsOverride', {
      width,
      height: 900,
      deviceScaleFactor: 1,
      mobile: false,
    });

  it.each([360, 800, 1600])('is as wide as a window of %d pixels', async (width) => {
    await resize(width);
    const seen = await evaluate(
      '[innerWidth, document.documentElement.scrollWidth, document.querySelectorAll(".bar").length].join()',
    );
    expect(seen).toBe(`${width},${width},${played.requests.length}`);
  });

  it('is drawn light, dark and on paper', async () => {
    const drawn = async (command: string): Promise<Buffer> =>
      Buffer.from((await tab.send(command)).result?.data ?? '', 'base64');
    const shot = async (scheme: string): Promise<Buffer> => {
      const features = [{ name: 'prefers-color-scheme', value: scheme }];
      await tab.send('Emulation.setEmulatedMedia', { features });
      return drawn('Page.captureScreenshot');
    };
    await resize(1200);
    const dark = await shot('dark');
    const light = await shot('light');
    const pdf = await drawn('Page.printToPDF');
    expect(light.subarray(1, 4).toString()).toBe('PNG');
    expect(light.length).toBeGreaterThan(30_000);
    expect(dark.equals(light)).toBe(false);
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
  });
});

async function debuggingPort(stderr: Readable): Promise<number> {
  for await (const line of createInterface({ input: stderr })) {
    const [, port] = /^DevTools listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec(line) ?? [];
    if (port !== undefined) return Number(port);
  }
  throw new Error('The browser ended without a word of its debugging port');
}
