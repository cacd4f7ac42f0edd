// S3 servers that are not AWS: what they lack weakens the proof at most, and never the encryption.
import { describe, expect } from 'vitest';
import { checksumOf } from '../../../functions/sync-artifacts/facts/head-object.ts';
import { compareContent } from '../../../local/aws/content/content.ts';
import type { FaultHook } from '../../../local/aws/faults/faults.ts';
import { errorOf, faultAt } from '../harness/faults.ts';
import { type Asked, type Lacks, startLimitedServer } from '../harness/limited-server.ts';
import { appPipeline, EU, KEY, pipelineTest } from '../harness/pipeline-test.ts';
import {
  copiesOf,
  eventWith,
  expectEmpty,
  expectFailure,
  HOME,
  MIB,
  MULTIPART_BYTES,
  type Outcome,
  SOURCE,
  successOf,
  type TestPipeline,
} from '../harness/test-pipeline.ts';

const it = pipelineTest();

const US = 'foreign-us';
const REGION = 'eu-west-1';

/** How servers say that they lack an operation. */
const LACKING = [
  [501, 'NotImplemented'],
  [405, 'MethodNotAllowed'],
  [404, 'NoSuchConfiguration'],
  [400, 'InvalidRequest'],
] as const;

const SIZES = [
  ['object', 1000],
  ['multipart', MULTIPART_BYTES],
] as const;

const lacking = (operation: string, status: number, code: string): FaultHook =>
  faultAt(operation, errorOf(status, code));

/** Invokes the function with a limited server between it and the embedded AWS. */
async function invokeThrough(
  lacks: Lacks,
  pipeline: TestPipeline,
  parameters: object = {},
): Promise<Outcome> {
  await using server = await startLimitedServer(pipeline.server.endpoint, lacks);
  process.env.AWS_ENDPOINT_URL_S3 = server.endpoint;
  return await pipeline.invoke({ DestinationBucket: EU, ...parameters });
}

function expectCopied(pipeline: TestPipeline, bucket = EU): void {
  const copy = pipeline.object(bucket, KEY);
  expect(compareContent(copy.content, pipeline.object(SOURCE, KEY).content)).toBe(true);
  expect(copy.encryption?.algorithm).toBe('aws:kms');
}

describe.each(LACKING)('a server that answers %d %s', (status, code) => {
  it('to GetBucketEncryption needs a KmsKeyId, as a bucket without a key does', async ({ pipeline }) => {
    pipeline.faults = lacking('GetBucketEncryption', status, code);
    const outcome = await pipeline.invoke({ DestinationBucket: EU });
    expectFailure(outcome, 'ConfigurationError', 'KmsKeyId');
    expect(outcome.writes).toEqual([]);
  });

  it('to GetBucketEncryption is not asked when there is a KmsKeyId', async ({ pipeline }) => {
    pipeline.faults = lacking('GetBucketEncryption', status, code);
    const { arn } = pipeline.aws.createKey({ region: REGION });
    pipeline.allowKey(arn);
    successOf(await pipeline.invoke({ DestinationBuckets: [{ Bucket: EU, KmsKeyId: arn }] }));
    expectCopied(pipeline);
  });

  it('to ListMultipartUploads gets a new upload each time', async () => {
    await using pipeline = await appPipeline(MULTIPART_BYTES);
    pipeline.faults = lacking('ListMultipartUploads', status, code);
    successOf(await pipeline.invoke({ DestinationBucket: EU }));
    expectCopied(pipeline);
  });

  it('to GetObjectTagging gives copies without tags', async ({ pipeline }) => {
    pipeline.faults = lacking('GetObjectTagging', status, code);
    successOf(await pipeline.invoke({ DestinationBucket: EU }));
    expectCopied(pipeline);
  });
});

describe('a server without bucket regions', () => {
  it.for([501, 405, 400])(
    'is asked where the key is (HeadBucket answers %d)',
    async (status, { pipeline }) => {
      const { arn } = pipeline.aws.createKey({ region: REGION });
      pipeline.allowKey(arn);
      pipeline.faults = lacking('HeadBucket', status, 'NotImplemented');
      const outcome = await pipeline.invoke({ DestinationBuckets: [{ Bucket: EU, KmsKeyId: arn }] });
      expect(copiesOf(outcome)).toMatchObject([{ region: REGION }]);
      expect(outcome.requests.filter(({ status: answered }) => answered === 301)).toEqual([]);
    },
  );

  it('is asked where the default key of the bucket is', async ({ pipeline }) => {
    const arn = pipeline.bucket(EU).encryption?.keyId ?? '';
    const answer = ({ method, path, query }: Asked) => {
      if (method === 'HEAD' && path === `/${EU}/`) return { status: 200 };
      if (query.has('encryption')) return { status: 200, body: defaultEncryption(arn) };
      return undefined;
    };
    const outcome = await invokeThrough({ answer }, pipeline);
    expect(copiesOf(outcome)).toMatchObject([{ region: REGION, kmsKeyArn: arn }]);
    expect(outcome.requests.filter(({ status }) => status === 301)).toEqual([]);
  });
});

describe('a server that copies no parts', () => {
  it.each([
    ['CreateMultipartUpload', 501, 'NotImplemented'],
    ['CreateMultipartUpload', 405, 'MethodNotAllowed'],
    ['UploadPartCopy', 501, 'NotImplemented'],
    ['UploadPartCopy', 405, 'MethodNotAllowed'],
  ] as const)(
    '(%s answers %d) copies in one request and keeps no upload',
    async (operation, status, code) => {
      await using pipeline = await appPipeline(MULTIPART_BYTES);
      pipeline.faults = lacking(operation, status, code);
      const outcome = await pipeline.invoke({ DestinationBucket: EU });
      expectCopied(pipeline);
      expect(copiesOf(outcome)).toMatchObject([{ strategy: 'object', proof: 'checksum' }]);
      expect(pipeline.bucket(EU).uploads.size).toBe(0);
    },
  );

  it('fails the job when the copy in one request is refused too', async () => {
    await using pipeline = await appPipeline(MULTIPART_BYTES);
    pipeline.faults = faultAt(['UploadPartCopy', 'CopyObject'], errorOf(501, 'NotImplemented'));
    expectFailure(await pipeline.invoke({ DestinationBucket: EU }), 'JobFailed');
    expect(pipeline.bucket(EU).uploads.size).toBe(0);
  });
});

describe('a server that does not know subresources', () => {
  it.for([
    ['small', 'no XML at all'],
    ['large', 'x'.repeat(100_000_000)],
    ['an XML document', '<project><TagSet/></project>'],
  ] as const)(
    'and answers with an object (%s) gives copies without tags',
    async ([_what, body], { pipeline }) => {
      const answer = ({ query }: Asked) => (query.has('tagging') ? { status: 200, body } : undefined);
      const outcome = await invokeThrough({ answer }, pipeline);
      successOf(outcome);
      expectCopied(pipeline);
      expect(outcome.metrics.map(({ metric }) => metric)).not.toContain('ThrottledRequests');
    },
  );
});

describe('a server whose answers lack', () => {
  it.each(SIZES)(
    'checksums: the proof of a copy by %s is weaker, the copy the same',
    async (_, sizeBytes) => {
      await using pipeline = await appPipeline(sizeBytes);
      const outcome = await invokeThrough({ headers: ['x-amz-checksum'] }, pipeline);
      successOf(outcome);
      expectCopied(pipeline);
    },
  );

  it.each(SIZES)('versions: the ETag alone pins the source of a copy by %s', async (_, sizeBytes) => {
    await using pipeline = await appPipeline(sizeBytes);
    const outcome = await invokeThrough({ headers: ['x-amz-version-id'] }, pipeline);
    successOf(outcome);
    expectCopied(pipeline);
  });

  it('checksums and ETags: the copy is not called proved by an ETag', async ({ pipeline }) => {
    const lacks: Lacks = {
      headers: ['x-amz-checksum', 'etag'],
      rewrite: (xml) => xml.replaceAll(/<(Checksum\w*|ETag)>[^<]*<\/\1>/g, ''),
    };
    const outcome = await invokeThrough(lacks, pipeline);
    expect(copiesOf(outcome).map(({ proof }) => proof)).toEqual(['size-only']);
  });

  it.each(SIZES)('the encryption: a copy by %s fails and is removed', async (_, sizeBytes) => {
    await using pipeline = await appPipeline(sizeBytes);
    const outcome = await invokeThrough({ headers: ['x-amz-server-side'] }, pipeline);
    expectFailure(outcome, 'JobFailed', 'no reported encryption');
    expectEmpty(pipeline, EU);
  });
});

describe('a server that says it encrypted otherwise', () => {
  const KEY_HEADER = 'x-amz-server-side-encryption-aws-kms-key-id';
  const CLAIMS = [
    ['with another key', { [KEY_HEADER]: `arn:aws:kms:${REGION}:111122223333:key/not-asked-for` }],
    ['in another way', { 'x-amz-server-side-encryption': 'AES256' }],
  ] as const;

  it.for(CLAIMS)('(%s) has its copy removed again', async ([_, claims], { pipeline }) => {
    const outcome = await invokeThrough({ claims: () => claims }, pipeline);
    expectFailure(outcome, 'JobFailed', /instead of aws:kms with arn:.* was removed/);
    expectEmpty(pipeline, EU);
  });

  it.each(CLAIMS)('(%s) when a copy in parts begins gets no part', async (_, claims) => {
    await using pipeline = await appPipeline(MULTIPART_BYTES);
    const outcome = await invokeThrough({ claims: () => claims }, pipeline);
    expectFailure(outcome, 'JobFailed', /^S3 began the copy .* instead of aws:kms with arn:/);
    expect(outcome.writes.map(({ operation }) => operation)).toEqual([
      'CreateMultipartUpload',
      'AbortMultipartUpload',
    ]);
  });
});

describe('a server that says it stored other bytes than went through', () => {
  it('in a part fails the job, and the parts are cleaned up', async () => {
    await using pipeline = await appPipeline(10 * MIB);
    pipeline.addDestination(US, { region: 'us-west-2' });
    const outcome = await invokeThrough(
      {
        claims: ({ method, query }): Record<string, string> =>
          method === 'PUT' && query.has('partNumber') ? { 'x-amz-checksum-crc64nvme': 'AAAAAAAAAAA=' } : {},
      },
      pipeline,
      { DestinationBucket: undefined, DestinationBuckets: [EU, US], Mode: 'relay' },
    );
    expectFailure(outcome, 'JobFailed', /^S3 stored part \d .* with CRC64NVME AAAAAAAAAAA= instead of/);
    for (const bucket of [EU, US]) expectEmpty(pipeline, bucket);
  });

  it('in one request has its copy proved by the size alone', async () => {
    await using pipeline = await appPipeline(1000, { checksum: 'none' });
    const outcome = await invokeThrough(
      {
        claims: ({ method }): Record<string, string> =>
          method === 'PUT' ? { 'x-amz-checksum-crc64nvme': 'AAAAAAAAAAA=' } : {},
      },
      pipeline,
      { Mode: 'relay' },
    );
    expect(copiesOf(outcome).map(({ proof }) => proof)).toEqual(['size-only']);
  });
});

describe('a checksum', () => {
  const CRC32 = 'NSRBwg==';
  it.each([
    ['a composite one says so itself', { ChecksumCRC32: `${CRC32}-3`, ETag: '"e-3"' }, 'COMPOSITE'],
    ['of an object in one piece is of the whole', { ChecksumCRC32: CRC32, ETag: '"e"' }, 'FULL_OBJECT'],
    [
      'of an object in parts is what the answer says',
      { ChecksumCRC32: CRC32, ETag: '"e-3"', ChecksumType: 'FULL_OBJECT' },
      'FULL_OBJECT',
    ],
    [
      'of an object in parts without a type may be of anything',
      { ChecksumCRC32: CRC32, ETag: '"e-3"' },
      undefined,
    ],
    ['that is too short is none of its algorithm', { ChecksumCRC64NVME: CRC32, ETag: '"e"' }, undefined],
  ])('%s', (_what, fields, type) => {
    expect(checksumOf(fields)?.type).toBe(type);
  });
});

describe('a refusal inside a 200 OK', () => {
  it('is believed at once, as one with a status of its own is', async ({ pipeline }) => {
    const refused = faultAt('CopyObject', errorOf(200, 'AccessDenied'), { phase: 'after' });
    pipeline.faults = refused;
    expectFailure(await pipeline.invoke({ DestinationBucket: EU }), 'PermissionError');
    expect(refused.hits).toBe(1);
  });
});

describe('a CodePipeline that does not know GetJobDetails', () => {
  it.for([
    [400, 'UnknownOperationException'],
    [404, 'JobNotFoundException'],
    [500, 'InternalFailure'],
  ] as const)(
    '(%d %s) leaves S3 to say whether artifactCredentials of the past have run out',
    async ([status, code], { pipeline }) => {
      pipeline.faults = lacking('GetJobDetails', status, code);
      const job = pipeline.job({ DestinationBucket: EU, Mode: 'relay' });
      const artifactCredentials = { ...job.data.artifactCredentials, expirationTime: 1_575_493_418_000 };
      successOf(await pipeline.run(eventWith(job, { artifactCredentials })));
      expectCopied(pipeline);
    },
  );
});

describe('an action with an output artifact', () => {
  it('but no artifactCredentials gets its manifest from the role', async ({ pipeline }) => {
    const { arn } = pipeline.addDestination('foreign-manifests', { region: HOME });
    const output = {
      name: 'Manifest',
      location: { type: 'S3', s3Location: { bucketName: 'foreign-manifests', objectKey: 'manifest' } },
    } as const;
    const job = pipeline.job({ DestinationBucket: EU }, { outputArtifacts: [output] });
    const outcome = await pipeline.run(eventWith(job, { artifactCredentials: null }));
    successOf(outcome);
    expect(pipeline.object('foreign-manifests', 'manifest').encryption?.keyArn).toBe(arn);
  });
});

function defaultEncryption(keyArn: string): string {
  return `<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>${keyArn}</KMSMasterKeyID></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`;
}
