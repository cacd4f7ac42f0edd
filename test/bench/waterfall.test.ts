// The phases and the picture of one cold job.
import { XMLValidator } from 'fast-xml-parser';
import { describe, expect, it } from 'vitest';
import { phasesOf } from '../../bench/measure/phases.ts';
import { renderWaterfall } from '../../bench/render/waterfall.ts';
import type { RunReport, TimelineEntry } from '../../bench/server/server-messages.ts';

const entry = (operation: string, startMs: number, endMs: number, connectMs = 0): TimelineEntry => ({
  operation,
  region: 'eu-west-1',
  status: 200,
  startMs,
  endMs,
  connectMs,
});

/** The process starts 10 ms after the run began, and can be called 60 ms later. */
const sample = {
  temperature: 'cold',
  startedAtMs: 1_010,
  readyMs: 60,
  importMs: 25,
  elapsedMs: 400,
} as const;
const timeline = [
  entry('HeadObject', 80, 150, 40),
  entry('CopyObject', 160, 350, 30),
  entry('PutJobSuccessResult', 380, 390),
];
const report: RunReport = {
  problems: [],
  jobState: 'Succeeded',
  requests: {},
  refusals: {},
  latenessP50Ms: 0,
  latenessP99Ms: 0,
  serverCpuMs: 0,
  beganAtMs: 1_000,
  timeline,
};

describe('the phases of a cold job', () => {
  it('follow each other and add up to the whole', () => {
    const phases = phasesOf(sample, report);
    expect(phases).toEqual({
      start: 35,
      import: 25,
      connect: 70,
      look: 50,
      copy: 160,
      prove: 30,
      report: 30,
    });
    expect(Object.values(phases ?? {}).reduce((sum, ms) => sum + ms, 0)).toBe(sample.elapsedMs);
  });

  it('are unknown for a job that wrote nothing', () => {
    expect(phasesOf(sample, { ...report, timeline: timeline.slice(0, 1) })).toBeUndefined();
  });
});

describe('the waterfall', () => {
  it('is an SVG with a bar for each request, its connecting apart, and one for each phase', () => {
    const phases = phasesOf(sample, report);
    const svg = phases && renderWaterfall({ title: 'a <job>', elapsedMs: 400, phases, timeline });
    expect(XMLValidator.validate(svg ?? '')).toBe(true);
    expect(svg?.match(/<rect /g)).toHaveLength(7 + 3 + 2);
    expect(svg).toContain('a &lt;job>');
  });
});
