// Arranges the requests of a job for its time line: grouped by copy, packed into lanes, retries marked.

import { groupBy } from '../../../functions/sync-artifacts/util.ts';
import { hasFailed, type LoggedRequest } from '../../aws/state/request-log.ts';
import type { CopyOutcome } from '../report-schema.ts';

/** What a request is for. */
type RequestKind = 'look' | 'read' | 'write' | 'finish' | 'report' | 'clean';

/** One request on the time line. */
export interface Bar {
  readonly request: LoggedRequest;
  readonly kind: RequestKind;
  /** Since the job began, in milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
  /** Row within its group, from 0. */
  readonly lane: number;
  /** It got an error, or its connection broke. */
  readonly failed: boolean;
  /** The same request failed before. */
  readonly isRetry: boolean;
}

/** Requests that belong together. */
export interface Group {
  readonly title: string;
  readonly detail: string;
  readonly bars: readonly Bar[];
  readonly lanes: number;
}

/** The whole time line. */
export interface Timeline {
  readonly groups: readonly Group[];
  readonly endMs: number;
}

const KINDS: Readonly<Record<string, RequestKind>> = {
  HeadObject: 'look',
  HeadBucket: 'look',
  GetBucketEncryption: 'look',
  GetObjectAttributes: 'look',
  GetObjectTagging: 'look',
  ListMultipartUploads: 'look',
  ListParts: 'look',
  GetObject: 'read',
  CopyObject: 'write',
  UploadPartCopy: 'write',
  UploadPart: 'write',
  PutObject: 'write',
  CreateMultipartUpload: 'finish',
  CompleteMultipartUpload: 'finish',
  PutObjectTagging: 'finish',
  PutJobSuccessResult: 'report',
  PutJobFailureResult: 'report',
  AbortMultipartUpload: 'clean',
  DeleteObject: 'clean',
};

/** Arranges requests; `beganAtMs` is when the job began, in milliseconds since 1970. */
export function arrangeTimeline(
  requests: readonly LoggedRequest[],
  copies: readonly CopyOutcome[],
  beganAtMs: number,
): Timeline {
  const byStart = requests.toSorted((one, other) => one.startedAt.getTime() - other.startedAt.getTime());
  const failedBefore = new Set<string>();
  const bars = byStart.map((request): Omit<Bar, 'lane'> => {
    const startMs = Math.max(0, request.startedAt.getTime() - beganAtMs);
    const id = [request.operation, request.bucket, request.key, request.partNumber].join('\n');
    const failed = isFailure(request);
    const isRetry = failedBefore.has(id);
    if (failed) failedBefore.add(id);
    else failedBefore.delete(id);
    const kind = KINDS[request.operation] ?? (request.service === 'codepipeline' ? 'report' : 'look');
    return { request, kind, startMs, endMs: startMs + request.durationMs, failed, isRetry };
  });
  const idOf = (bucket = '', key = ''): string => `${bucket}/${key}`;
  const ofCopies = new Set(copies.map(({ bucket, key }) => idOf(bucket, key)));
  const destinations = new Set(copies.map(({ bucket }) => bucket));
  const grouped = groupBy(bars, ({ request: { bucket, key } }) => {
    if (bucket === undefined) return 'CodePipeline';
    if (ofCopies.has(idOf(bucket, key))) return idOf(bucket, key);
    return destinations.has(bucket) ? 'Destination buckets' : 'Sources';
  });
  const titles: readonly (readonly [id: string, title: string, detail: string])[] = [
    ['Sources', 'Sources', 'size, checksum, tags'],
    ['Destination buckets', 'Destination buckets', 'region, encryption'],
    ...copies.map(
      ({ artifact, region, bucket, key }) => [idOf(bucket, key), `${artifact} → ${region}`, bucket] as const,
    ),
    ['CodePipeline', 'CodePipeline', 'the result of the job'],
  ];
  const groups = titles.map(([id, title, detail]) => group(title, detail, grouped.get(id) ?? []));
  return {
    groups: groups.filter(({ bars: found }) => found.length > 0),
    endMs: Math.max(1, ...bars.map(({ endMs }) => endMs)),
  };
}

/** What was simply not there, or elsewhere, is an answer. */
function isFailure(request: LoggedRequest): boolean {
  return hasFailed(request) && ![301, 307, 404].includes(request.status);
}

/** Puts each bar into the first lane that is free when it starts. */
function group(title: string, detail: string, bars: readonly Omit<Bar, 'lane'>[]): Group {
  const freeAtMs: number[] = [];
  const placed = bars.map((bar): Bar => {
    const found = freeAtMs.findIndex((freeMs) => freeMs <= bar.startMs);
    const lane = found < 0 ? freeAtMs.length : found;
    freeAtMs[lane] = bar.endMs;
    return { ...bar, lane };
  });
  return { title, detail, bars: placed, lanes: freeAtMs.length };
}
