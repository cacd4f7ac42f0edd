// The benchmark's tables, chart and targets, from made-up results.
import { XMLValidator } from 'fast-xml-parser';
import { describe, expect, it } from 'vitest';
import { BENCH_CASES } from '../../bench/job/cases.ts';
import type { BenchResult, ContenderResult } from '../../bench/measure/results.ts';
import { judge } from '../../bench/measure/targets.ts';
import { renderChart } from '../../bench/render/chart.ts';
import { renderMarkdown } from '../../bench/render/markdown.ts';
import { DEFAULT_SERVER_OPTIONS } from '../../bench/server/server-messages.ts';

const result = (name: string, temperature: 'cold' | 'warm', ms: number): ContenderResult => ({
  name,
  version: '1.0 & more',
  temperature,
  runs: 3,
  elapsedMs: { median: ms, min: ms - 10, max: ms + 10 },
  ratioToLimit: ms / 450,
  bytesPerSecond: (1024 ** 3 / ms) * 1000,
  cpuMs: 100,
  cpuMsPerCopyRequest: 0.5,
  peakResidentBytes: 120e6,
  requests: { 's3 UploadPartCopy': 128, 's3 HeadObject': 2 },
  refusals: {},
  cost: { requestsUsd: 0.0006, transferUsd: 0.0215, lambdaUsd: 0.00001, totalUsd: 0.0221 },
  serverLatenessP50Ms: 0.1,
  serverLatenessP99Ms: 1,
  serverCpuMs: 100,
});

const benchResult = (results: readonly ContenderResult[]): BenchResult => ({
  date: '2026-01-02',
  machine: { cores: 2, model: 'a processor', node: 'v24' },
  conditions: DEFAULT_SERVER_OPTIONS,
  cases: BENCH_CASES.filter(({ name }) => name === '1gib-x1').map((benchCase) => ({
    benchCase,
    bytes: 1024 ** 3,
    limitMs: 450,
    coldLimitMs: 600,
    results,
    absences: [{ name: 'rclone', reason: 'not installed' }],
  })),
});

const measured = benchResult([
  result('this function', 'warm', 500),
  result('this function', 'cold', 700),
  result('aws-cli', 'warm', 2900),
  result('aws-cli', 'cold', 3600),
]);

describe('the targets', () => {
  const judgement = (what: string) => judge(measured).find((one) => one.what.includes(what));

  it('hold what is close to the limit', () => {
    expect(judgement('warm within 528 ms')).toMatchObject({ holds: true, found: '500 ms' });
    expect(judgement('cold within 810 ms')).toMatchObject({ holds: true });
  });

  it('fail what is not as much faster than a peer as it should be', () => {
    expect(judgement('warm at least 6 x faster than aws-cli')).toMatchObject({
      holds: false,
      found: '5.8 x',
    });
    expect(judgement('cold at least 3 x faster than aws-cli')).toMatchObject({ holds: true });
  });

  it('hold the function with a named set, where there is one, against the one that looks at nothing', () => {
    const withSet = benchResult([
      result('this function', 'cold', 700),
      result('this function, named set', 'cold', 590),
      result('one CopyObject each', 'cold', 600),
    ]);
    expect(judge(withSet)).toContainEqual({
      what: '1gib-x1 cold: this function, named set against one CopyObject each within 600 ms',
      holds: true,
      found: '590 ms',
    });
  });

  it('ask for no speed where S3 is pessimistic, but for less above its limit', () => {
    const pessimistic = {
      ...measured,
      conditions: { ...measured.conditions, profile: 'pessimistic' as const },
    };
    const judged = judge(pessimistic).map(({ what }) => what);
    expect(judged).toContain('1gib-x1 warm within 505 ms');
    expect(judged.filter((what) => what.includes('faster'))).toEqual([]);
  });

  it('say nothing about peers that were not there', () => {
    expect(judgement('rclone')).toBeUndefined();
  });
});

describe('the tables', () => {
  it('show each case with its limit, this function, and the peers by how much slower they are', () => {
    const row = renderMarkdown(measured)
      .split('\n')
      .find((line) => line.startsWith('| 1 GiB × 1 region | 0.60'));
    expect(row).toContain('**0.70** (0.69 to 0.71)');
    expect(row).toContain('3.60 (5.1)');
    expect(row).toContain('not installed');
  });

  it('show requests by kind and the cost', () => {
    expect(renderMarkdown(measured)).toContain('128 UploadPartCopy, 2 HeadObject');
    expect(renderMarkdown(measured)).toContain('0.0221');
  });
});

describe('the chart', () => {
  it('is an SVG with a bar for each contender', () => {
    const svg = renderChart(measured);
    expect(XMLValidator.validate(svg)).toBe(true);
    expect(svg.match(/<rect /g)).toHaveLength(2);
    expect(svg).toContain('1 GiB × 1 region');
  });
});
