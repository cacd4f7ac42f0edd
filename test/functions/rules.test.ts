// Small rules of the function, each on its own: names of keys, classes of errors, units, limits, deadlines.
import { describe, expect, it, vi } from 'vitest';
import { BucketCache } from '../../functions/sync-artifacts/aws/bucket-cache.ts';
import { errorCode, isTransient } from '../../functions/sync-artifacts/aws/errors.ts';
import { redirectRegion, stallLimitMs } from '../../functions/sync-artifacts/aws/s3-clients.ts';
import { RequestSlots } from '../../functions/sync-artifacts/concurrency.ts';
import type { JobContext } from '../../functions/sync-artifacts/context.ts';
import { checksumOfBytes, md5OfBytes } from '../../functions/sync-artifacts/copy/relay/hashing.ts';
import { withGracePeriod } from '../../functions/sync-artifacts/copy/upload/open-upload.ts';
import { deadlineOf } from '../../functions/sync-artifacts/deadline.ts';
import { isSameKey, qualifyKey } from '../../functions/sync-artifacts/facts/kms-key.ts';
import { S3RequestError, SyncError, toJobFailure } from '../../functions/sync-artifacts/result/failure.ts';
import {
  formatBytes,
  formatSeconds,
  plural,
  summariseProgress,
} from '../../functions/sync-artifacts/result/summary.ts';
import { readSettings } from '../../functions/sync-artifacts/settings.ts';
import { CHECKSUM_ALGORITHMS } from '../../functions/sync-artifacts/types.ts';
import { checksumOf } from '../../local/aws/content/checksum.ts';
import { fromBuffer } from '../../local/aws/content/content.ts';

const UUID = '1234abcd-12ab-34cd-56ef-1234567890ab';
const ARN = `arn:aws:kms:eu-west-1:111122223333:key/${UUID}`;

describe('a KMS key id', () => {
  const home = { bucket: 'b', bucketOwner: '111122223333', region: 'eu-west-1' };

  it.each([
    [UUID, ARN],
    ['alias/a', 'arn:aws:kms:eu-west-1:111122223333:alias/a'],
    [`mrk-${'0'.repeat(32)}`, `arn:aws:kms:eu-west-1:111122223333:key/mrk-${'0'.repeat(32)}`],
    [ARN, ARN],
    ['minio-key', 'minio-key'],
  ])('%s is sent as %s', (given, sent) => {
    expect(qualifyKey(given, home)).toBe(sent);
  });

  it.each([
    ['cn-north-1', 'arn:aws-cn:kms:cn-north-1:111122223333:alias/a'],
    ['us-gov-west-1', 'arn:aws-us-gov:kms:us-gov-west-1:111122223333:alias/a'],
    ['us-isob-east-1', 'arn:aws-iso-b:kms:us-isob-east-1:111122223333:alias/a'],
    ['eusc-de-east-1', 'arn:aws-eusc:kms:eusc-de-east-1:111122223333:alias/a'],
    ['eu-central-1', 'arn:aws:kms:eu-central-1:111122223333:alias/a'],
  ])('in %s gets the partition of the region', (region, sent) => {
    expect(qualifyKey('alias/a', { ...home, region })).toBe(sent);
  });

  it.each(['alias/aws/s3', 'arn:aws:kms:eu-west-1:111122223333:alias/aws/s3'])('%s is refused', (given) => {
    expect(() => qualifyKey(given, home)).toThrow('AWS managed key');
  });

  it.each([
    [ARN, ARN, true],
    [ARN, UUID, true],
    [UUID, ARN, true],
    [ARN, ARN.replace('1234abcd', '9999abcd'), false],
    [ARN, '', false],
    [ARN, undefined, false],
    ['minio-key', 'arn:aws:kms:minio-key', true],
    ['minio-key', 'other-key', false],
    ['arn:aws:kms:eu-west-1:111122223333:alias/a', ARN, true],
    ['arn:aws:kms:eu-west-1:444455556666:alias/a', ARN, false],
    ['arn:aws:kms:eu-west-2:111122223333:alias/a', ARN, false],
  ])('%s asked for and %s reported: the same is %s', (asked, reported, same) => {
    expect(isSameKey(asked, reported)).toBe(same);
  });
});

describe('an error', () => {
  const target = {
    operation: 'CopyObject',
    side: 'destination',
    bucket: 'b',
    key: 'k',
    region: 'r',
  } as const;
  const answered = (status: number, name = 'UnknownError') => ({
    name,
    $metadata: { httpStatusCode: status },
  });

  it.each([
    [answered(404), 'NotFound'],
    [answered(503), 'ServiceUnavailable'],
    [answered(418), 'UnknownError'],
    [answered(400, '400'), 'BadRequest'],
    [{ name: 'Error', code: 'ECONNRESET' }, 'ECONNRESET'],
    ['text', 'UnknownError'],
    [undefined, 'UnknownError'],
  ])('%o has the code %s', (error, code) => {
    expect(errorCode(error)).toBe(code);
  });

  it.each([
    [answered(500), true],
    [answered(501), false],
    [answered(200, 'InternalError'), true],
    [answered(400, 'RequestTimeout'), true],
    [answered(400, 'InvalidRequest'), false],
    [answered(429), true],
    [answered(403, 'RequestTimeTooSkewed'), true],
    [answered(400, 'KMS.ThrottlingException'), true],
    [Object.assign(answered(200), { code: 'ECONNRESET' }), true],
    [Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), true],
    [Object.assign(new Error('x'), { code: 'HPE_INVALID_CONSTANT' }), true],
    [new Error('socket hang up'), true],
    [new DOMException('stopped', 'AbortError'), false],
    [new TypeError('defect'), false],
  ])('%o is worth another try: %s', (error, transient) => {
    expect(isTransient(error)).toBe(transient);
  });

  it('that nobody foresaw is a JobFailed that asks to be reported', () => {
    expect(toJobFailure(new TypeError('x is not a function'))).toEqual({
      type: 'JobFailed',
      message: expect.stringMatching(/^Unexpected TypeError: x is not a function\. .* report it\.$/),
    });
    expect(toJobFailure('text').message).toContain('Unexpected Error: text');
  });

  it('that knows its type keeps it', () => {
    expect(toJobFailure(new SyncError('RevisionOutOfSync', 'Changed.'))).toEqual({
      type: 'RevisionOutOfSync',
      message: 'Changed.',
    });
  });

  it.each([
    ['PermanentRedirect', 301, 'ConfigurationError', "correct the destination's Region"],
    ['KMS.InvalidStateException', 400, 'ConfigurationError', 'not usable'],
    ['KMS.SomethingNew', 400, 'ConfigurationError', "check the key's state"],
    ['KMS.KMSInternalException', 500, 'SystemUnavailable', 'retry the stage'],
    ['ExpiredToken', 400, 'SystemUnavailable', 'codepipeline:GetJobDetails'],
    ['SignatureDoesNotMatch', 403, 'PermissionError', 'were refused'],
    ['MethodNotAllowed', 405, 'JobFailed', 'would be refused again'],
  ])('%s (%d) of S3 is a %s', (code, status, type, says) => {
    const failure = toJobFailure(new S3RequestError(target, answered(status, code)));
    expect(failure.type).toBe(type);
    expect(failure.message).toContain(`CopyObject on s3://b/k in r: ${code}`);
    expect(failure.message).toContain(says);
  });

  it('without a reason to a HEAD is taken for a key that is not usable', () => {
    const head = { ...target, operation: 'HeadObject', side: 'source' } as const;
    expect(toJobFailure(new S3RequestError(head, answered(400)))).toEqual({
      type: 'ConfigurationError',
      message: expect.stringContaining("the object's KMS key is disabled or pending deletion"),
    });
  });

  it('of a denial in another partition names resources of that partition', () => {
    const denied = { ...target, region: 'cn-north-1', copySource: { bucket: 'source', key: 'k' } };
    const { message } = toJobFailure(new S3RequestError(denied, answered(403, 'AccessDenied')));
    expect(message).toContain('Allow s3:PutObject on arn:aws-cn:s3:::b/k, and');
    expect(message).toContain('on arn:aws-cn:s3:::source/k');
  });

  it('of a redirect tells the region, from the header or from the body', () => {
    const header = { $response: { statusCode: 301, headers: { 'x-amz-bucket-region': 'eu-west-1' } } };
    expect(redirectRegion(header)).toBe('eu-west-1');
    expect(redirectRegion({ ...answered(400), Region: 'eu-west-2' })).toBe('eu-west-2');
    expect(redirectRegion(answered(301))).toBeUndefined();
    expect(redirectRegion({ ...answered(403), Region: 'eu-west-2' })).toBeUndefined();
  });
});

describe('a checksum of bytes', () => {
  it.each(CHECKSUM_ALGORITHMS)('by %s is the one that S3 has', async (algorithm) => {
    const bytes = Buffer.from('123456789');
    expect(await checksumOfBytes(algorithm, bytes)).toBe(checksumOf(fromBuffer(bytes), algorithm));
  });

  it('is the published check value', async () => {
    const bytes = Buffer.from('123456789');
    const hex = async (algorithm: 'CRC64NVME' | 'CRC32C' | 'CRC32') =>
      Buffer.from(await checksumOfBytes(algorithm, bytes), 'base64').toString('hex');
    expect(await hex('CRC64NVME')).toBe('ae8b14860a799888');
    expect(await hex('CRC32C')).toBe('e3069283');
    expect(await hex('CRC32')).toBe('cbf43926');
    expect(md5OfBytes(bytes)).toBe('25f9e794323b453885f5181f1b624d0b');
  });
});

describe('words for people', () => {
  it.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1000, '1.0 kB'],
    [312_400_000, '312.4 MB'],
    [7 * 1024 ** 3, '7.5 GB'],
    [50e12, '50.0 TB'],
    [5e15, '5000.0 TB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it('have units and numbers that agree', () => {
    expect(formatSeconds(8_249)).toBe('8.2 s');
    expect([plural(1, 'region'), plural(3, 'region'), plural(2, 'copy', 'copies')]).toEqual([
      '1 region',
      '3 regions',
      '2 copies',
    ]);
    expect(summariseProgress(1, 4, 5e9, 2e10, 600_000)).toBe(
      'Synced 1 of 4 copies, 5.0 GB of 20.0 GB, in 600.0 s; going on',
    );
  });
});

describe('settings', () => {
  it('have safe defaults', () => {
    expect(readSettings({})).toMatchObject({
      region: 'us-east-1',
      maxConcurrency: 256,
      forcePathStyle: false,
      problems: [],
    });
  });

  it.each(['1.5', '-1', '0', '1001', 'x', ' ', '1e9'])('refuse SYNC_MAX_CONCURRENCY=%j', (text) => {
    expect(readSettings({ SYNC_MAX_CONCURRENCY: text }).problems).toEqual([
      `Environment variable SYNC_MAX_CONCURRENCY is ${JSON.stringify(text)}; allowed is a whole number from 1 to 1000.`,
    ]);
  });

  it('doubt a denial for a while, and never for more than five seconds', () => {
    expect(readSettings({}).accessDeniedRetryMs).toBeGreaterThan(0);
    expect(readSettings({}).accessDeniedRetryMs).toBeLessThanOrEqual(5_000);
    expect(readSettings({ SYNC_ACCESS_DENIED_RETRY_MS: '5000' }).problems).toEqual([]);
    expect(readSettings({ SYNC_ACCESS_DENIED_RETRY_MS: '5001' }).problems).toHaveLength(1);
  });

  it.each([{ AWS_ENDPOINT_URL: 'http://127.0.0.1' }, { AWS_ENDPOINT_URL_S3: 'http://127.0.0.1' }])(
    'address buckets by path at another endpoint (%o)',
    (environment) => {
      expect(readSettings(environment).forcePathStyle).toBe(true);
    },
  );
});

describe('the deadline', () => {
  it('takes no part that would not end in time, and gives up what is in flight at last', () => {
    vi.useFakeTimers();
    try {
      const endMs = Date.now() + 100_000;
      const deadline = deadlineOf(() => endMs - Date.now(), 10_000);
      expect(deadline.limitMs).toBe(100_000);
      expect(deadline.remainingMs()).toBe(90_000);
      expect(deadline.fits(1e9)).toBe(true);
      expect(deadline.fits(1e10)).toBe(false);
      vi.advanceTimersByTime(91_000);
      expect(deadline.fits(0)).toBe(false);
      expect(deadline.signal.aborted).toBe(false);
      vi.advanceTimersByTime(5_000);
      expect(deadline.signal.aborted).toBe(true);
      expect(deadline.signal.reason).toMatchObject({ name: 'TimeoutError' });
    } finally {
      vi.useRealTimers();
    }
  });

  it('that is short gives only a share of it away as margin', () => {
    const deadline = deadlineOf(() => 3_000, 10_000);
    expect(deadline.remainingMs()).toBe(2_250);
    deadline.clear();
  });
});

describe('clearing away', () => {
  /** How long it may take, in milliseconds, when so much is left of a limit of ten seconds. */
  function cleanUpMs(leftMs: number, wantedMs: number): number {
    vi.useFakeTimers();
    try {
      let remainingMs = 10_000;
      const deadline = deadlineOf(() => remainingMs, 10_000);
      remainingMs = leftMs;
      const timeout = vi.spyOn(AbortSignal, 'timeout');
      deadline.cleanUp(wantedMs);
      const [milliseconds = Number.NaN] = timeout.mock.calls[0] ?? [];
      timeout.mockRestore();
      return milliseconds;
    } finally {
      vi.useRealTimers();
    }
  }

  it.each([
    [10_000, 3_000, 3_000],
    [10_000, 20_000, 9_000],
    [1_100, 20_000, 250],
    [1_000, 20_000, 250],
    [300, 20_000, 150],
    [0, 20_000, 0],
    [-5, 20_000, 0],
  ])(
    'with %d ms left and %d ms wanted takes %d ms: there is always time for the answer',
    (left, wanted, given) => {
      expect(cleanUpMs(left, wanted)).toBe(given);
    },
  );
});

describe('a request that begins an upload', () => {
  it('is given up later than others, but not later than the deadline allows', () => {
    const [job, allowed] = [new AbortController(), new AbortController()];
    const asked: number[] = [];
    const deadline: JobContext['deadline'] = {
      ...deadlineOf(() => 10_000, 1_000),
      cleanUp: (milliseconds) => {
        asked.push(milliseconds);
        return allowed.signal;
      },
    };
    const context = { deadline, signal: job.signal, settings: readSettings({}) } as JobContext;
    const { signal } = withGracePeriod(context);
    job.abort(new Error('the job has failed'));
    expect(asked).toEqual([500]);
    expect(signal.aborted).toBe(false);
    allowed.abort();
    expect(signal.reason).toEqual(new Error('the job has failed'));
    expect(withGracePeriod(context).signal.aborted).toBe(true);
    deadline.clear();
  });
});

describe('facts about buckets', () => {
  it('are fresh for their time only, and of one owner only', () => {
    let now = 0;
    const facts = new BucketCache(1_000, () => now);
    facts.setRegion('b', 'eu-west-1');
    facts.setEncryption('b', '111122223333', { algorithm: 'aws:kms', kmsKeyId: ARN });
    now = 999;
    expect(facts.region('b')).toBe('eu-west-1');
    expect(facts.encryption('b', '111122223333')?.kmsKeyId).toBe(ARN);
    expect(facts.encryption('b', '444455556666')).toBeUndefined();
    now = 1_000;
    expect(facts.region('b')).toBeUndefined();
    expect(facts.encryption('b', '111122223333')).toBeUndefined();
  });

  it('are forgotten after a failure', () => {
    const facts = new BucketCache(1_000);
    facts.setRegion('b', 'eu-west-1');
    facts.clear();
    expect(facts.region('b')).toBeUndefined();
  });
});

describe('the budget', () => {
  it('never has more at work than it allows, and lets everybody through', async () => {
    const budget = new RequestSlots(3);
    let [atWork, most, done] = [0, 0, 0];
    const works = Array.from({ length: 20 }, () =>
      budget.begin(async () => {
        most = Math.max(most, ++atWork);
        await Promise.resolve();
        atWork--;
        done++;
      }),
    );
    await Promise.all(works.map(async (begun) => await (await begun).done));
    expect([most, done]).toEqual([3, 20]);
  });

  it('passes on what its work throws', async () => {
    const { done } = await new RequestSlots(1).begin(() => Promise.reject(new Error('no')));
    await expect(done).rejects.toThrow('no');
  });

  it('shrinks when AWS asks to slow down, never to nothing, and recovers', async () => {
    const budget = new RequestSlots(10);
    budget.throttled();
    expect(budget.size).toBe(7);
    budget.throttled();
    expect(budget.size).toBe(7);
    for (let count = 0; count < 60; count++) await (await budget.begin(async () => undefined)).done;
    expect(budget.size).toBe(10);
    const small = new RequestSlots(1);
    small.throttled();
    expect(small.size).toBe(1);
  });
});

describe('the stall limit', () => {
  it('grows with what a request moves', () => {
    expect(stallLimitMs(0, { stallMs: 8_000 })).toBe(8_000);
    expect(stallLimitMs(10 * 1024 ** 2, { stallMs: 8_000 })).toBe(9_000);
  });
});
