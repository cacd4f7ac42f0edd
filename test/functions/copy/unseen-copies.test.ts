// Copies that begin before anybody has looked at their destinations: how they begin, and that whatever is in their way is treated as if somebody had.
import { describe, expect, test } from 'vitest';
import { compareContent, generated } from '../../../local/aws/content/content.ts';
import type { FaultPoint } from '../../../local/aws/faults/faults.ts';
import { errorOf, faultAt, justBefore, RESET } from '../harness/faults.ts';
import { KEY } from '../harness/pipeline-test.ts';
import {
  copiesOf,
  expectFailure,
  type InvokeOptions,
  MULTIPART_BYTES,
  type Outcome,
  SOURCE,
  successOf,
  TestPipeline,
} from '../harness/test-pipeline.ts';

const EU = 'unseen-eu';
const AP = 'unseen-ap';
const SMALL_BYTES = 1000;
const DENIED_READING = ['s3:GetObject', 's3:GetObjectVersion'];

type Destination = Readonly<Record<string, string>>;

class SetPipeline {
  readonly pipeline: TestPipeline;
  readonly destinations: Destination[] = [];

  static async create(sizeBytes = SMALL_BYTES, buckets: readonly string[] = [EU]): Promise<SetPipeline> {
    const created = new SetPipeline(await TestPipeline.start());
    created.pipeline.addArtifact('App', sizeBytes);
    for (const bucket of buckets) {
      const region = bucket === AP ? 'ap-southeast-2' : 'eu-west-1';
      const key = created.pipeline.addDestination(bucket, { region });
      created.destinations.push({ Bucket: bucket, Region: region, KmsKeyId: key.arn });
    }
    return created;
  }

  private constructor(pipeline: TestPipeline) {
    this.pipeline = pipeline;
  }

  /** A job of a cold container to the set of all destinations. */
  invoke(parameters: object = {}, options: InvokeOptions = {}): Promise<Outcome> {
    const settings = { destinationSets: JSON.stringify({ all: this.destinations }), ...options.settings };
    return this.pipeline.invoke({ Destinations: 'all', ...parameters }, { ...options, settings });
  }

  /** Lets answers to one operation on destinations wait until a request of another has arrived. */
  holdUntil(held: string, awaited: string): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.pipeline.faults = ({ operation, bucket, phase }: FaultPoint) => {
      if (bucket === SOURCE) return undefined;
      if (operation === awaited) resolve();
      return operation === held && phase === 'before' ? { kind: 'wait', until: promise } : undefined;
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pipeline[Symbol.asyncDispose]();
  }
}

const setTest = (sizeBytes = SMALL_BYTES) =>
  test.extend<{ set: SetPipeline }>({
    set: async ({ task: _ }, use) => {
      await using set = await SetPipeline.create(sizeBytes);
      await use(set);
    },
  });
const it = setTest();

const operationsOn = (bucket: string, { requests }: Outcome) =>
  requests.filter((request) => request.bucket === bucket).map(({ operation }) => operation);
const writesTo = (bucket: string, { writes }: Outcome) =>
  writes
    .filter((write) => write.bucket === bucket && write.operation !== 'AbortMultipartUpload')
    .map(({ operation, status }) => `${operation} ${status}`);
const valuesOf = (metric: string, { metrics }: Outcome) =>
  metrics.filter((point) => point.metric === metric).map(({ value }) => value);

describe('a copy in one request to a destination of which everything is known', () => {
  it('needs one request there', async ({ set }) => {
    // A look that nobody waits for may be on its way beside it.
    set.holdUntil('HeadObject', 'PutJobSuccessResult');

    const outcome = await set.invoke();

    expect(writesTo(EU, outcome)).toEqual(['CopyObject 200']);
    expect(operationsOn(EU, outcome).filter((operation) => operation !== 'HeadObject')).toEqual([
      'CopyObject',
    ]);
    expect(copiesOf(outcome)).toMatchObject([{ strategy: 'object', proof: 'checksum' }]);
  });

  it('needs one in a container that has looked the bucket up for another job', async ({ set }) => {
    successOf(await set.pipeline.invoke({ DestinationBucket: EU }));
    set.pipeline.bucket(EU).objects.clear();
    set.holdUntil('HeadObject', 'PutJobSuccessResult');

    const outcome = await set.pipeline.invoke({ DestinationBucket: EU }, { warm: true });

    successOf(outcome);
    expect(operationsOn(EU, outcome).filter((operation) => operation !== 'HeadObject')).toEqual([
      'CopyObject',
    ]);
  });

  it('is looked at while it is made, so that a stage that is run again waits for no second round trip', async ({
    set,
  }) => {
    successOf(await set.invoke());
    const before = set.pipeline.object(EU, KEY);
    set.holdUntil('CopyObject', 'HeadObject');

    const again = await set.invoke();

    expect(operationsOn(EU, again).toSorted()).toEqual(['CopyObject', 'HeadObject']);
    expect(writesTo(EU, again)).toEqual(['CopyObject 412']);
    expect(set.pipeline.object(EU, KEY)).toBe(before);
    expect(copiesOf(again)).toMatchObject([{ strategy: 'skip', proof: 'checksum' }]);
    expect(valuesOf('CopiesSkipped', again)).toEqual([1]);
    expect(valuesOf('BytesCopied', again)).toEqual([]);
    expect(successOf(again).executionDetails.summary).toMatch(/1 already there$/);
  });

  it('leaves before anything that only the result needs is asked for', async ({ set }) => {
    const outcome = await set.invoke();

    const operations = outcome.operations;
    expect(operations.indexOf('CopyObject')).toBeLessThan(operations.indexOf('PutJobSuccessResult'));
    expect(operations.slice(0, operations.indexOf('CopyObject'))).not.toContain('GetJobDetails');
  });

  it('replaces what is there only as it was seen', async ({ set }) => {
    set.pipeline.aws.putObject(EU, KEY, generated(SMALL_BYTES, 9));
    let seed = 20;
    set.pipeline.faults = ({ operation, phase, bucket }) => {
      // Somebody is faster than the second attempt, too.
      if (operation === 'CopyObject' && phase === 'before' && seed++ === 21)
        set.pipeline.aws.putObject(bucket ?? '', KEY, generated(SMALL_BYTES, seed));
      return undefined;
    };

    const outcome = await set.invoke();

    successOf(outcome);
    expect(writesTo(EU, outcome)).toEqual(['CopyObject 412', 'CopyObject 412', 'CopyObject 200']);
    expect(set.pipeline.bucket(EU).objects.get(KEY)).toHaveLength(3);
    expect(
      compareContent(set.pipeline.object(EU, KEY).content, set.pipeline.object(SOURCE, KEY).content),
    ).toBe(true);
  });

  it('whose answer is lost is recognised as its own', async ({ set }) => {
    set.pipeline.faults = faultAt('CopyObject', RESET, { phase: 'after', times: 1 });

    const outcome = await set.invoke();

    successOf(outcome);
    expect(set.pipeline.bucket(EU).objects.get(KEY)).toHaveLength(1);
    expect(valuesOf('ArtifactsCopied', outcome)).toEqual([1]);
    expect(valuesOf('CopiesSkipped', outcome)).toEqual([]);
  });

  it('that was there long before is not taken for its own, however often it was sent', async ({ set }) => {
    successOf(await set.invoke());
    Object.assign(set.pipeline.object(EU, KEY), { lastModified: new Date(Date.now() - 600_000) });
    set.pipeline.faults = faultAt('CopyObject', RESET, { times: 1 });

    const again = await set.invoke();

    successOf(again);
    expect(valuesOf('ArtifactsCopied', again)).toEqual([]);
    expect(valuesOf('CopiesSkipped', again)).toEqual([1]);
  });

  it('need not be allowed where it is already', async ({ set }) => {
    successOf(await set.invoke());
    set.pipeline.deny(['s3:PutObject'], `arn:aws:s3:::${EU}/*`);

    const again = await set.invoke();

    expect(copiesOf(again)).toMatchObject([{ strategy: 'skip' }]);
  });

  it('that is refused for good fails with what S3 said, and is not tried again', async ({ set }) => {
    set.pipeline.deny(['s3:PutObject'], `arn:aws:s3:::${EU}/*`);

    const outcome = await set.invoke();

    expectFailure(outcome, 'PermissionError', EU);
    expect(writesTo(EU, outcome)).toEqual(['CopyObject 403']);
  });

  it('over what may not be looked at is made without a condition in the end, as ever', async ({ set }) => {
    set.pipeline.aws.putObject(EU, KEY, generated(SMALL_BYTES, 9));
    set.pipeline.deny(DENIED_READING, `arn:aws:s3:::${EU}/*`);

    const outcome = await set.invoke();

    successOf(outcome);
    expect(writesTo(EU, outcome).at(-1)).toBe('CopyObject 200');
    expect(
      outcome.log.filter(({ message }) => message.includes('may not be looked at; it is replaced')),
    ).toHaveLength(1);
  });

  it('leaves a copy that is there to a server that knows no conditions', async ({ set }) => {
    successOf(await set.invoke());
    set.pipeline.faults = faultAt('CopyObject', errorOf(501, 'NotImplemented'));

    const again = await set.invoke();

    expect(copiesOf(again)).toMatchObject([{ strategy: 'skip' }]);
    expect(writesTo(EU, again)).toEqual(['CopyObject 501']);
  });

  it('fails when its proof could only be had by replacing what is there for good', async () => {
    await using set = await SetPipeline.create(SMALL_BYTES, []);
    const key = set.pipeline.addDestination(EU, { versioning: 'Unversioned' });
    set.destinations.push({ Bucket: EU, Region: 'eu-west-1', KmsKeyId: key.arn });
    set.pipeline.artifacts.pop();
    set.pipeline.addArtifact('App', SMALL_BYTES, { checksum: 'none' });
    const there = set.pipeline.aws.putObject(EU, KEY, generated(SMALL_BYTES, 9));

    const outcome = await set.invoke({ MinimumProof: 'etag' });

    expectFailure(outcome, 'JobFailed', 'shows only after it has replaced the object');
    expect(set.pipeline.object(EU, KEY)).toBe(there);
  });
});

describe('a copy in parts to a destination of which everything is known', () => {
  const it = setTest(MULTIPART_BYTES);

  it('has its upload begun before anybody has looked', async ({ set }) => {
    set.holdUntil('HeadObject', 'CreateMultipartUpload');

    const outcome = await set.invoke();

    expect(copiesOf(outcome)).toMatchObject([{ strategy: 'multipart', proof: 'checksum' }]);
    const operations = outcome.operations;
    expect(operations.slice(0, operations.indexOf('CreateMultipartUpload'))).not.toContain('GetJobDetails');
  });

  it('sends no part where it is already, and leaves no upload', async ({ set }) => {
    successOf(await set.invoke());
    const before = set.pipeline.object(EU, KEY);

    const again = await set.invoke();

    expect(writesTo(EU, again)).toEqual(['CreateMultipartUpload 200']);
    expect(copiesOf(again)).toMatchObject([{ strategy: 'skip', proof: 'checksum' }]);
    expect(set.pipeline.object(EU, KEY)).toBe(before);
    expect(set.pipeline.bucket(EU).uploads.size).toBe(0);
  });

  it('tells its result before the upload that nothing became of is aborted', async ({ set }) => {
    successOf(await set.invoke());
    set.holdUntil('AbortMultipartUpload', 'PutJobSuccessResult');

    const again = await set.invoke();

    successOf(again);
    expect(set.pipeline.bucket(EU).uploads.size).toBe(0);
  });

  it('need not be allowed where it is already', async ({ set }) => {
    successOf(await set.invoke());
    set.pipeline.deny(['s3:PutObject'], `arn:aws:s3:::${EU}/*`);

    const again = await set.invoke();

    expect(copiesOf(again)).toMatchObject([{ strategy: 'skip' }]);
  });

  it('replaces what was seen there, and nothing else', async ({ set }) => {
    set.pipeline.aws.putObject(EU, KEY, generated(SMALL_BYTES, 9));
    set.pipeline.faults = justBefore('CompleteMultipartUpload', () =>
      set.pipeline.aws.putObject(EU, KEY, generated(SMALL_BYTES, 10)),
    );

    const outcome = await set.invoke();

    successOf(outcome);
    const completions = writesTo(EU, outcome).filter((write) => write.startsWith('Complete'));
    expect([completions[0], completions.at(-1)]).toEqual([
      'CompleteMultipartUpload 412',
      'CompleteMultipartUpload 200',
    ]);
    expect(set.pipeline.object(EU, KEY).sizeBytes).toBe(MULTIPART_BYTES);
  });

  it('leaves no upload when its destination cannot be looked at', async ({ set }) => {
    set.pipeline.faults = faultAt('HeadObject', errorOf(500, 'InternalError'), { bucket: EU });

    const outcome = await set.invoke();

    expectFailure(outcome, 'SystemUnavailable');
    expect(set.pipeline.bucket(EU).uploads.size).toBe(0);
  });
});

describe.each([SMALL_BYTES, MULTIPART_BYTES])('a region that a set says wrong (%d bytes)', (sizeBytes) => {
  it('is corrected with one warning', async () => {
    await using set = await SetPipeline.create(sizeBytes, []);
    const key = set.pipeline.addDestination(EU);
    set.destinations.push({ Bucket: EU, Region: 'ap-southeast-2', KmsKeyId: key.keyId });

    const outcome = await set.invoke();

    expect(copiesOf(outcome)).toMatchObject([{ bucket: EU, region: 'eu-west-1', kmsKeyArn: key.arn }]);
    expect(outcome.log.filter(({ level }) => level === 'warn')).toMatchObject([
      { message: expect.stringContaining('The region of a destination was corrected') },
    ]);
    expect(set.pipeline.bucket(EU).uploads.size).toBe(0);
  });
});

describe('a job looks before it writes', () => {
  it('where one destination leaves its key to be found out, since it may have none', async () => {
    await using set = await SetPipeline.create(SMALL_BYTES, [EU]);
    set.pipeline.addDestination(AP, { region: 'ap-southeast-2', encryption: 'none' });
    set.destinations.push({ Bucket: AP, Region: 'ap-southeast-2' });

    const outcome = await set.invoke();

    expectFailure(outcome, 'ConfigurationError');
    expect(outcome.writes).toEqual([]);
  });

  it('where it must not overwrite', async () => {
    await using set = await SetPipeline.create(SMALL_BYTES, [EU, AP]);
    set.pipeline.aws.putObject(AP, KEY, generated(SMALL_BYTES, 9));

    const outcome = await set.invoke({ Overwrite: 'never' });

    expectFailure(outcome, 'JobFailed', 'Overwrite is "never"');
    expect(outcome.writes).toEqual([]);
  });

  it('where it is an audit', async ({ set }) => {
    const outcome = await set.invoke({ Mode: 'audit' });

    expectFailure(outcome, 'JobFailed', 'cannot be shown to be what was built');
    expect(outcome.writes).toEqual([]);
  });

  it('where its key is an alias, whose meaning a look needs', async () => {
    await using set = await SetPipeline.create(SMALL_BYTES, []);
    set.pipeline.addDestination(EU);
    set.destinations.push({ Bucket: EU, Region: 'eu-west-1', KmsKeyId: `alias/${EU}` });
    successOf(await set.invoke());

    const again = await set.invoke();

    expect(copiesOf(again)).toMatchObject([{ strategy: 'skip' }]);
    expect(writesTo(EU, again)).toEqual(['CreateMultipartUpload 200']);
  });

  it('where bytes would go through the function, of which none are read for a copy that is there', async ({
    set,
  }) => {
    successOf(await set.invoke());
    set.pipeline.deny(DENIED_READING, `arn:aws:s3:::${SOURCE}/*`);

    const again = await set.invoke();

    expect(copiesOf(again)).toMatchObject([{ strategy: 'skip' }]);
    expect(again.operations).not.toContain('GetObject');
    expect(again.writes).toEqual([]);
  });
});
