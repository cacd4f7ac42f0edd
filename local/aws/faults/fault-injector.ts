// Injects faults by kind and rate: the same seed strikes the same requests, in whatever order they come.
import { checksumOf, DEFAULT_ALGORITHM } from '../content/checksum.ts';
import { generated } from '../content/content.ts';
import { type S3ErrorCode, s3Error } from '../s3-errors.ts';
import { latest } from '../state/buckets.ts';
import type { World } from '../state/world.ts';
import { ALL_FAULT_KINDS, FAULT_KINDS, type FaultKind, type FaultRates } from './fault-kinds.ts';
import type { Fault, FaultHook, FaultPoint } from './faults.ts';
import { chance } from './seeded-random.ts';

/** Faults that are being made, and how often each has struck. */
interface FaultInjector {
  /** To be given to the server as its fault hook. */
  readonly hook: FaultHook;
  /** How often each kind has struck so far. */
  readonly struck: ReadonlyMap<FaultKind, number>;
}

/** Which faults strike how often, and whom. */
interface FaultPlan {
  readonly seed: number;
  readonly rates: FaultRates;
  /** Where lasting faults change things; they need to know it only once a request comes. */
  readonly world: () => World;
  readonly now?: () => number;
}

/** The longest that a denial lasts which heals by itself. */
const MAX_DENIAL_MS = 1_800;
const MIN_DENIAL_MS = 100;
const MAX_LATE_MS = 300;
const CLOCK_AHEAD_MS = 20 * 60_000;
/** A lasting fault strikes early in a copy or late, so that both are seen. */
const MAX_LASTING_DELAY_REQUESTS = 6;

const COPYING = ['CopyObject', 'UploadPartCopy', 'CompleteMultipartUpload'];
const WRITING = [...COPYING, 'CreateMultipartUpload', 'UploadPart', 'PutObject'];
const READING_SOURCE = ['CopyObject', 'UploadPartCopy', 'GetObject'];
const BODILESS = ['HeadObject', 'HeadBucket'];
const RESULTS = ['PutJobSuccessResult', 'PutJobFailureResult'];

/** Makes the faults of a plan. */
export function injectFaults(plan: FaultPlan): FaultInjector {
  const { seed, rates, now = Date.now } = plan;
  const kinds = ALL_FAULT_KINDS.filter((kind) => (rates[kind] ?? 0) > 0);
  const struck = new Map<FaultKind, number>();
  const seen = new Map<string, number>();
  const denials = new Map<string, number>();
  const delays = new Map<FaultKind, number>();

  /** The n-th time that a kind could strike a request of this description decides always in the same way. */
  const drawn = (kind: FaultKind, point: FaultPoint): number => {
    const request = [kind, point.operation, point.bucket, point.key, point.partNumber].join('\n');
    const count = (seen.get(request) ?? 0) + 1;
    seen.set(request, count);
    return chance(seed, `${request}\n${count}`);
  };
  const strike = (kind: FaultKind, point: FaultPoint): Fault | undefined => {
    if (!RULES[kind].strikes(point)) return undefined;
    const rate = rates[kind] ?? 0;
    if (kind === 'access-denied') return deny(point, rate);
    const draw = drawn(kind, point);
    if (draw >= rate) return undefined;
    if (FAULT_KINDS[kind].nature === 'lasting') return last(kind, point);
    return RULES[kind].fault?.(draw / rate, now());
  };
  /** Decided once for a request; until the denial heals, all attempts at it are refused. */
  const deny = (point: FaultPoint, rate: number): Fault | undefined => {
    const request = [point.operation, point.bucket, point.key].join('\n');
    const draw = chance(seed, `access-denied\n${request}`);
    if (draw >= rate) return undefined;
    const healsAtMs = denials.get(request) ?? now() + MIN_DENIAL_MS + (draw / rate) * MAX_DENIAL_MS;
    denials.set(request, healsAtMs);
    return now() < healsAtMs ? RULES['access-denied'].fault(0, now()) : undefined;
  };
  /** Strikes once, after a few more requests. */
  const last = (kind: FaultKind, point: FaultPoint): undefined => {
    const longest = kind === 'source-corrupted' ? 1 : MAX_LASTING_DELAY_REQUESTS;
    const left = delays.get(kind) ?? Math.floor(chance(seed, kind) * longest);
    delays.set(kind, left - 1);
    if (left === 0 || (left > 0 && point.operation === 'CompleteMultipartUpload')) {
      delays.set(kind, -1);
      change(kind, point, plan.world());
      struck.set(kind, (struck.get(kind) ?? 0) + 1);
    }
    return undefined;
  };
  return {
    struck,
    hook: (point) => {
      for (const kind of kinds) {
        const found = strike(kind, point);
        if (found === undefined) continue;
        struck.set(kind, (struck.get(kind) ?? 0) + 1);
        return found;
      }
      return undefined;
    },
  };
}

/** Which requests a kind can strike; and what a passing one then is, of which `position`, from 0 to 1, is the place in its range. */
interface KindRules {
  readonly strikes: (point: FaultPoint) => boolean;
  readonly fault?: (position: number, nowMs: number) => Fault;
}

const before = ({ phase }: FaultPoint): boolean => phase === 'before';
const beforeS3 = (point: FaultPoint): boolean => point.service === 's3' && before(point);
const afterS3 = (point: FaultPoint): boolean => point.service === 's3' && !before(point);
const withBody = (point: FaultPoint): boolean => afterS3(point) && !BODILESS.includes(point.operation);
const beforePipeline = (point: FaultPoint): boolean => point.service === 'codepipeline' && before(point);
const beforeOneOf =
  (operations: readonly string[]) =>
  (point: FaultPoint): boolean =>
    before(point) && operations.includes(point.operation);

const reset = (): Fault => ({ kind: 'reset' });
const afterBytes = (position: number): number => Math.floor(position * 400);
const lasting = { strikes: beforeOneOf(READING_SOURCE) };

/** Every kind has rules, and every passing one a fault. */
type Rules = {
  readonly [Kind in FaultKind]: (typeof FAULT_KINDS)[Kind]['nature'] extends 'passing'
    ? Required<KindRules>
    : KindRules;
};

const RULES: Rules = {
  'internal-error': { strikes: beforeS3, fault: () => s3Fault('InternalError') },
  'slow-down': { strikes: beforeS3, fault: () => s3Fault('SlowDown') },
  'error-in-200': {
    strikes: beforeOneOf(COPYING),
    fault: (position) => error(200, position < 0.5 ? 'InternalError' : 'SlowDown', 'Please try again.'),
  },
  'reset-before': { strikes: beforeS3, fault: reset },
  'reset-after': { strikes: afterS3, fault: reset },
  slow: { strikes: afterS3, fault: (position) => ({ kind: 'stall', delayMs: position * MAX_LATE_MS }) },
  stall: { strikes: afterS3, fault: () => ({ kind: 'stall', delayMs: Number.POSITIVE_INFINITY }) },
  'stall-body': {
    strikes: withBody,
    fault: (position) => ({ kind: 'stall-body', afterBytes: afterBytes(position) }),
  },
  truncate: {
    strikes: withBody,
    fault: (position) => ({ kind: 'truncate', afterBytes: afterBytes(position) }),
  },
  'access-denied': { strikes: beforeS3, fault: () => error(403, 'AccessDenied', 'Access Denied') },
  'clock-skew': {
    strikes: beforeS3,
    fault: (_position, nowMs) => ({
      ...s3Fault('RequestTimeTooSkewed'),
      headers: { date: new Date(nowMs + CLOCK_AHEAD_MS).toUTCString() },
    }),
  },
  'kms-throttling': {
    strikes: beforeOneOf([...WRITING, 'GetObject']),
    fault: () =>
      error(
        400,
        'ThrottlingException',
        'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.',
      ),
  },
  'pipeline-throttling': {
    strikes: beforePipeline,
    fault: () => error(400, 'ThrottlingException', 'Rate exceeded'),
  },
  'pipeline-error': {
    strikes: beforePipeline,
    fault: (position) => (position < 0.5 ? error(500, 'InternalFailure', 'Internal failure') : reset()),
  },
  'lost-result': {
    strikes: (point) => !before(point) && RESULTS.includes(point.operation),
    fault: reset,
  },
  'key-disabled': { strikes: beforeOneOf([...COPYING, 'UploadPart']) },
  'bucket-deleted': { strikes: beforeOneOf([...COPYING, 'UploadPart']) },
  'source-overwritten': lasting,
  'source-deleted': lasting,
  'source-corrupted': lasting,
  oom: { strikes: () => false },
};

function error(status: number, code: string, message: string): Extract<Fault, { kind: 'error' }> {
  return { kind: 'error', status, code, message };
}

function s3Fault(code: S3ErrorCode): Extract<Fault, { kind: 'error' }> {
  const { status, message } = s3Error(code);
  return error(status, code, message);
}

/** Changes the world for good: what the request is about is no longer what it was. */
function change(kind: FaultKind, point: FaultPoint, world: World): void {
  const bucket = world.buckets.get(point.bucket ?? '');
  if (bucket === undefined) return;
  if (kind === 'bucket-deleted') {
    world.deleteBucket(bucket.name);
  } else if (kind === 'key-disabled') {
    // Whichever key it was that the copy is made with, its parameters' or its bucket's.
    for (const key of world.keys.list(bucket.ownerAccountId, bucket.region)) key.state = 'Disabled';
  } else {
    const source = sourceOf(world);
    for (const { bucketName, objectKey } of source) {
      if (kind === 'source-deleted') world.deleteObject(bucketName, objectKey);
      else if (kind === 'source-corrupted') corrupt(world, bucketName, objectKey);
      else world.putObject(bucketName, objectKey, generated(SUCCESSOR_BYTES, SUCCESSOR_SEED));
    }
  }
}

const SUCCESSOR_BYTES = 77_777;
const SUCCESSOR_SEED = 987_654;

/** Only where the checksum lets a copy be proved wrong: what nothing can show, nobody can be asked to find. */
function corrupt(world: World, bucketName: string, key: string): void {
  const source = latest(world.bucket(bucketName), key);
  if (source?.checksum?.type !== 'FULL_OBJECT' || source.checksum.algorithm !== DEFAULT_ALGORITHM) return;
  const content = generated(source.sizeBytes, SUCCESSOR_SEED);
  Object.assign(source, {
    content,
    checksum: { ...source.checksum, value: checksumOf(content, DEFAULT_ALGORITHM) },
  });
}

/** The input artifacts of the job that was made last. */
function sourceOf(world: World): readonly { readonly bucketName: string; readonly objectKey: string }[] {
  const data = world.codePipeline.newest?.data;
  return (data?.inputArtifacts ?? []).map(({ location }) => location.s3Location);
}
