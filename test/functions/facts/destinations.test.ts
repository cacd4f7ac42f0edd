// Where copies go: regions given, wrong or looked up; KMS keys by every name; templates; what is there already.
import { describe, expect } from 'vitest';
import { appPipeline, EU, KEY, pipelineTest } from '../harness/pipeline-test.ts';
import {
  copiesOf,
  expectFailure,
  HOME,
  MULTIPART_BYTES,
  OTHER_ACCOUNT,
  SOURCE,
  successOf,
  TestPipeline,
} from '../harness/test-pipeline.ts';

const it = pipelineTest();

const REGION = 'eu-west-1';

const operationsOn = (
  bucket: string,
  { requests }: { requests: TestPipeline['aws']['requests'] },
): string[] => requests.filter((request) => request.bucket === bucket).map(({ operation }) => operation);

describe('the region of a destination', () => {
  it('is looked up when it is not given', async ({ pipeline }) => {
    const outcome = await pipeline.invoke({ DestinationBucket: EU });
    expect(copiesOf(outcome)).toMatchObject([{ bucket: EU, region: REGION }]);
    expect(outcome.log.filter(({ level }) => level === 'warn')).toEqual([]);
    expect(operationsOn(EU, outcome)[0]).toBe('HeadBucket');
  });

  it('is believed when it is given right, and costs no look-up', async ({ pipeline }) => {
    const outcome = await pipeline.invoke({ DestinationBuckets: [{ Bucket: EU, Region: REGION }] });
    successOf(outcome);
    expect(operationsOn(EU, outcome)).not.toContain('HeadBucket');
    expect(outcome.requests.filter(({ status }) => status === 301)).toEqual([]);
  });

  it.each([1000, MULTIPART_BYTES])(
    'is corrected with a warning when it is given wrong (%d bytes)',
    async (sizeBytes) => {
      await using pipeline = await appPipeline(sizeBytes);
      const outcome = await pipeline.invoke({
        DestinationBuckets: [{ Bucket: EU, Region: 'ap-southeast-2' }],
      });
      expect(copiesOf(outcome)).toMatchObject([{ bucket: EU, region: REGION }]);
      expect(outcome.log.filter(({ level }) => level === 'warn')).toEqual([
        {
          level: 'warn',
          message: expect.stringContaining('set Region in UserParameters'),
          fields: { bucket: EU, given: 'ap-southeast-2', actual: REGION },
        },
      ]);
    },
  );

  it('is found without s3:ListBucket', async ({ pipeline }) => {
    pipeline.deny(['s3:ListBucket'], `arn:aws:s3:::${EU}`);
    const outcome = await pipeline.invoke({ DestinationBucket: EU });
    expect(copiesOf(outcome)).toMatchObject([{ region: REGION }]);
  });

  it('is remembered by a warm container, as is the key, until it turns out wrong', async ({ pipeline }) => {
    successOf(await pipeline.invoke({ DestinationBucket: EU }));
    pipeline.bucket(EU).objects.clear();
    const warm = await pipeline.invoke({ DestinationBucket: EU }, { warm: true });
    successOf(warm);
    expect(operationsOn(EU, warm)[0]).toBe('CopyObject');
    expect(operationsOn(EU, warm)).not.toContain('GetBucketEncryption');

    pipeline.aws.deleteBucket(EU);
    const key = pipeline.aws.createKey({ region: 'sa-east-1' });
    pipeline.aws.createBucket({
      name: EU,
      region: 'sa-east-1',
      encryption: { algorithm: 'aws:kms', keyId: key.arn, bucketKey: true },
    });
    pipeline.allowKey(key.arn);
    const moved = await pipeline.invoke({ DestinationBucket: EU }, { warm: true });
    expectFailure(moved, 'ConfigurationError');
    successOf(await pipeline.invoke({ DestinationBucket: EU }, { warm: true }));
    expect(pipeline.object(EU, KEY).encryption.keyArn).toBe(key.arn);
  });

  it('of the source is looked up as well', async ({ pipeline }) => {
    const key = pipeline.addDestination('elsewhere', { region: 'ap-southeast-2' });
    pipeline.aws.putObject('elsewhere', 'in/App.zip', pipeline.object(SOURCE, KEY).content);
    const location = {
      type: 'S3',
      s3Location: { bucketName: 'elsewhere', objectKey: 'in/App.zip' },
    } as const;
    const outcome = await pipeline.invoke(
      { DestinationBucket: EU },
      { data: { inputArtifacts: [{ name: 'App', location }] } },
    );
    successOf(outcome);
    expect(key.region).not.toBe(HOME);
    expect(pipeline.object(EU, 'in/App.zip').sizeBytes).toBe(1000);
  });
});

describe('the KMS key of a destination', () => {
  it.each(['id', 'alias', 'ARN', 'alias ARN'])('can be given by %s', async (form) => {
    for (const sizeBytes of [1000, MULTIPART_BYTES]) {
      await using pipeline = await appPipeline(sizeBytes);
      const key = pipeline.aws.createKey({ region: REGION, alias: 'given' });
      pipeline.allowKey(key.arn);
      const KmsKeyId = {
        id: key.keyId,
        alias: 'alias/given',
        ARN: key.arn,
        'alias ARN': key.arn.replace(/key\/.*/, 'alias/given'),
      }[form];
      const outcome = await pipeline.invoke({ DestinationBuckets: [{ Bucket: EU, KmsKeyId }] });
      expect(pipeline.object(EU, KEY).encryption).toEqual({
        algorithm: 'aws:kms',
        keyArn: key.arn,
        bucketKey: true,
      });
      expect(copiesOf(outcome)).toMatchObject([{ kmsKeyArn: key.arn }]);
    }
  });

  it('that is given makes the default encryption of the bucket unimportant', async ({ pipeline }) => {
    const key = pipeline.addDestination('destinations-plain', { encryption: 'none' });
    pipeline.deny(['s3:GetEncryptionConfiguration'], '*');
    const Destination = { Bucket: 'destinations-plain', KmsKeyId: key.arn };
    const outcome = await pipeline.invoke({ DestinationBuckets: [Destination] });
    successOf(outcome);
    const encryption = { algorithm: 'aws:kms', keyArn: key.arn, bucketKey: true };
    expect(pipeline.object('destinations-plain', KEY).encryption).toEqual(encryption);
  });

  it('that is given keeps the dual-layer encryption that the bucket asks for', async ({ pipeline }) => {
    const given = pipeline.aws.createKey({ region: REGION });
    pipeline.allowKey(given.arn);
    const own = pipeline.addDestination('destinations-dsse', {});
    Object.assign(pipeline.bucket('destinations-dsse'), {
      encryption: { algorithm: 'aws:kms:dsse', keyId: own.arn },
    });
    const parameters = { DestinationBuckets: [{ Bucket: 'destinations-dsse', KmsKeyId: given.arn }] };

    successOf(await pipeline.invoke(parameters));
    const again = await pipeline.invoke(parameters, { warm: true });

    expect(pipeline.object('destinations-dsse', KEY).encryption).toMatchObject({
      algorithm: 'aws:kms:dsse',
      keyArn: given.arn,
    });
    expect(copiesOf(again)).toMatchObject([{ strategy: 'skip' }]);
  });

  it.for(['id', 'alias'])(
    "named by %s in another account's bucket is that account's, not one of the pipeline's",
    async (form, { pipeline }) => {
      const mine = pipeline.aws.createKey({ region: REGION, alias: 'shared' });
      const theirs = pipeline.aws.createKey({ region: REGION, accountId: OTHER_ACCOUNT, alias: 'shared' });
      pipeline.allowKey(mine.arn);
      pipeline.allowKey(theirs.arn);
      pipeline.addDestination('destinations-theirs', {
        ownerAccountId: OTHER_ACCOUNT,
        encryption: {
          algorithm: 'aws:kms',
          keyId: form === 'id' ? theirs.keyId : 'alias/shared',
          bucketKey: true,
        },
      });
      const Destination = { Bucket: 'destinations-theirs', BucketOwner: OTHER_ACCOUNT };
      successOf(await pipeline.invoke({ DestinationBuckets: [Destination] }));
      expect(pipeline.object('destinations-theirs', KEY).encryption.keyArn).toBe(theirs.arn);
    },
  );
});

describe('what is there already', () => {
  it('is not copied again, and costs one HEAD a copy', async ({ pipeline }) => {
    pipeline.addArtifact('Templates', MULTIPART_BYTES);
    pipeline.addDestination('destinations-ap', { region: 'ap-southeast-2' });
    const parameters = {
      DestinationBuckets: [
        { Bucket: EU, Region: REGION },
        { Bucket: 'destinations-ap', Region: 'ap-southeast-2' },
      ],
    };
    successOf(await pipeline.invoke(parameters));
    const again = await pipeline.invoke(parameters);
    const { executionDetails, outputVariables } = successOf(again);
    expect(again.writes).toEqual([]);
    for (const { Bucket } of parameters.DestinationBuckets)
      expect(operationsOn(Bucket, again).toSorted()).toEqual([
        'GetBucketEncryption',
        'HeadObject',
        'HeadObject',
      ]);
    expect(copiesOf(again).map(({ strategy }) => strategy)).toEqual(['skip', 'skip', 'skip', 'skip']);
    expect(executionDetails.summary).toMatch(/to 2 regions in .* s, 4 already there$/);
    expect(outputVariables).toMatchObject({ CopiesSkipped: '4', BytesCopied: '0' });
  });

  it('but may not be looked at is copied without a look', async ({ pipeline }) => {
    successOf(await pipeline.invoke({ DestinationBucket: EU }));
    pipeline.deny(['s3:GetObject', 's3:GetObjectVersion'], `arn:aws:s3:::${EU}/*`);
    const again = await pipeline.invoke({ DestinationBucket: EU });
    expect(copiesOf(again)).toMatchObject([{ strategy: 'object', proof: 'checksum' }]);
  });

  it('as the source itself is reported and left alone', async ({ pipeline }) => {
    const before = pipeline.object(SOURCE, KEY);
    const outcome = await pipeline.invoke({ DestinationBuckets: [SOURCE, EU] });
    expect(copiesOf(outcome)).toMatchObject([
      { bucket: SOURCE, strategy: 'same-object' },
      { bucket: EU, strategy: 'object' },
    ]);
    expect(pipeline.object(SOURCE, KEY)).toBe(before);
    expect(operationsOn(SOURCE, outcome).filter((name) => name.startsWith('Copy'))).toEqual([]);
  });
});

describe('a key template', () => {
  it('puts each copy of each bucket where it says', async () => {
    await using pipeline = await TestPipeline.start();
    pipeline.addArtifact('App', 1000, { revision: 'c0ffee' });
    pipeline.addArtifact('Templates', MULTIPART_BYTES, { revision: 'decaf' });
    pipeline.addDestination(EU);
    pipeline.addDestination('destinations-release', { region: 'ap-southeast-2' });
    const outcome = await pipeline.invoke({
      DestinationBuckets: [
        EU,
        { Bucket: 'destinations-release', Key: 'releases/{executionId}/{artifact}-{revision}.zip' },
      ],
      Key: 'by-key/{objectKey}',
      ExecutionId: 'e-1',
    });
    const { outputVariables } = successOf(outcome);
    expect([...pipeline.bucket(EU).objects.keys()].sort()).toEqual([
      'by-key/pipeline/App/abc.zip',
      'by-key/pipeline/Templates/abc.zip',
    ]);
    expect([...pipeline.bucket('destinations-release').objects.keys()].sort()).toEqual([
      'releases/e-1/App-c0ffee.zip',
      'releases/e-1/Templates-decaf.zip',
    ]);
    expect(outputVariables).toMatchObject({
      ArtifactCount: '2',
      DestinationCount: '2',
      BytesCopied: String(2 * (1000 + MULTIPART_BYTES)),
      CopiesSkipped: '0',
      App_ObjectKey: 'by-key/pipeline/App/abc.zip',
      App_Checksum: `CRC64NVME:${pipeline.object(SOURCE, KEY).checksum?.value}`,
    });
  });

  it('can copy within the artifact bucket itself', async ({ pipeline }) => {
    pipeline.allowWriting(SOURCE);
    successOf(await pipeline.invoke({ DestinationBucket: SOURCE, Key: 'kept/{artifact}.zip' }));
    expect(pipeline.object(SOURCE, 'kept/App.zip').sizeBytes).toBe(1000);
  });
});

describe('InputArtifacts', () => {
  it('chooses which artifacts are copied', async ({ pipeline }) => {
    pipeline.addArtifact('Templates');
    pipeline.addArtifact('Docs');
    successOf(await pipeline.invoke({ DestinationBucket: EU, InputArtifacts: ['Templates'] }));
    expect([...pipeline.bucket(EU).objects.keys()]).toEqual(['pipeline/Templates/abc.zip']);
  });
});

describe('MinimumProof', () => {
  it.each(['Enabled', 'Unversioned'] as const)(
    'fails and removes a copy that is proved by size only (versioning: %s)',
    async (versioning) => {
      await using pipeline = await appPipeline(1000, { checksum: 'none' }, { versioning });
      const outcome = await pipeline.invoke({ DestinationBucket: EU, MinimumProof: 'etag' });
      const removed = versioning === 'Enabled' ? /Its version \S+ was removed/ : /It was removed/;
      expectFailure(
        outcome,
        'JobFailed',
        'has only the proof "size-only", but MinimumProof is "etag"',
        removed,
      );
      expect(pipeline.bucket(EU).objects.size).toBe(0);
      expect(outcome.metrics).toContainEqual({ metric: 'VerificationFailures', value: 1, dimensions: {} });
    },
  );

  it('as weak as size-only accepts it, and the summary says so', async () => {
    await using pipeline = await appPipeline(1000, { checksum: 'none' });
    const outcome = await pipeline.invoke({ DestinationBucket: EU });
    expect(successOf(outcome).executionDetails.summary).toContain('1 proved by size only');
    expect(copiesOf(outcome)).toMatchObject([{ proof: 'size-only' }]);
  });
});
