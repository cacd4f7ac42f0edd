// Every way in which S3 and KMS refuse a job: the failure type, and a message that says where and what to change.
import { describe, expect } from 'vitest';
import { generated } from '../../../local/aws/content/content.ts';
import { DENIED, errorOf, faultAt, justBefore, RESET, SILENCE } from '../harness/faults.ts';
import { appPipeline, EU, KEY, pipelineTest } from '../harness/pipeline-test.ts';
import {
  expectEmpty,
  expectFailure,
  HOME,
  MULTIPART_BYTES,
  OTHER_ACCOUNT,
  type Outcome,
  RELAYED_BYTES,
  SOURCE,
  successOf,
  TestPipeline,
} from '../harness/test-pipeline.ts';

const it = pipelineTest();

const REGION = 'eu-west-1';
const SESSION = 'arn:aws:sts::111122223333:assumed-role/sync-artifacts/sync-artifacts';
const ROLE = 'arn:aws:iam::111122223333:role/sync-artifacts';
/** Requests that begin a copy. */
const COPYING = ['CopyObject', 'CreateMultipartUpload'];
const REQUEST_ID = /\(request id [0-9A-F]{16}\)/;

describe('a source', () => {
  it('that is gone is RevisionUnavailable', async ({ pipeline }) => {
    pipeline.bucket(SOURCE).objects.clear();
    const outcome = await pipeline.invoke({ DestinationBucket: EU });
    expectFailure(
      outcome,
      'RevisionUnavailable',
      `HeadObject on s3://${SOURCE}/${KEY} in ${HOME}: NotFound`,
      REQUEST_ID,
      'lifecycle rules of the artifact bucket',
    );
    expect(outcome.writes).toEqual([]);
  });

  it('that is archived is RevisionUnavailable', async ({ pipeline }) => {
    const { content } = pipeline.object(SOURCE, KEY);
    pipeline.aws.putObject(SOURCE, KEY, content, { storageClass: 'GLACIER' });
    const outcome = await pipeline.invoke({ DestinationBucket: EU });
    expectFailure(outcome, 'RevisionUnavailable', 'The source artifact is archived: restore it');
  });

  it('whose bucket is gone is a failure that names the bucket', async ({ pipeline }) => {
    pipeline.aws.deleteBucket(SOURCE);
    const outcome = await pipeline.invoke({ DestinationBucket: EU });
    expectFailure(outcome, 'RevisionUnavailable', `s3://${SOURCE}/${KEY}`, REQUEST_ID);
  });

  it.each([1000, MULTIPART_BYTES])(
    'of %d bytes that gets a new version under way is still copied as it was',
    async (sizeBytes) => {
      await using pipeline = await appPipeline(sizeBytes);
      const pinned = pipeline.object(SOURCE, KEY);
      pipeline.faults = justBefore(COPYING, () =>
        pipeline.aws.putObject(SOURCE, KEY, pinned.content, { contentType: 'new' }),
      );
      const outcome = await pipeline.invoke({ DestinationBucket: EU });
      successOf(outcome);
      expect(pipeline.object(EU, KEY).headers).toEqual(pinned.headers);
    },
  );

  it.each([
    ['CopyObject', 1000],
    ['UploadPartCopy', MULTIPART_BYTES],
  ])('that is overwritten before %s is RevisionOutOfSync', async (operation, sizeBytes) => {
    await using pipeline = await appPipeline(sizeBytes);
    overwriteAt(COPYING, pipeline);
    const outcome = await pipeline.invoke({ DestinationBucket: EU });
    expectFailure(
      outcome,
      'RevisionOutOfSync',
      `${operation} on s3://${EU}/${KEY} from s3://${SOURCE}/${KEY} in ${REGION}: PreconditionFailed`,
      REQUEST_ID,
      'release the change again',
    );
    expectEmpty(pipeline, EU);
  });

  it.each([
    ['CopyObject', 1000],
    ['UploadPartCopy', MULTIPART_BYTES],
  ])('whose version vanishes before %s is RevisionOutOfSync', async (operation, sizeBytes) => {
    await using pipeline = await appPipeline(sizeBytes);
    pipeline.faults = justBefore(COPYING, () => pipeline.bucket(SOURCE).objects.clear());
    const outcome = await pipeline.invoke({ DestinationBucket: EU });
    expectFailure(outcome, 'RevisionOutOfSync', operation, /NoSuch(Key|Version)/, 'changed or vanished');
  });

  it('that is overwritten while it is relayed is RevisionOutOfSync', async ({ pipeline }) => {
    overwriteAt('GetObject', pipeline);
    const outcome = await pipeline.invoke({ DestinationBucket: EU, Mode: 'relay' });
    expectFailure(outcome, 'RevisionOutOfSync', `GetObject on s3://${SOURCE}/${KEY} in ${HOME}`);
  });

  it('that neither identity may read is a PermissionError that says whom to allow what', async ({
    pipeline,
  }) => {
    pipeline.deny(['s3:GetObject', 's3:GetObjectVersion'], `arn:aws:s3:::${SOURCE}/*`);
    const outcome = await pipeline.invoke({ DestinationBucket: EU, Mode: 'copy' });
    expectFailure(
      outcome,
      'PermissionError',
      `HeadObject on s3://${SOURCE}/${KEY} in ${HOME}: AccessDenied`,
      REQUEST_ID,
      `Allow s3:GetObject on arn:aws:s3:::${SOURCE}/${KEY} for the function's role`,
      'IAM policy first, then at the bucket policy',
      'kms:Decrypt',
      'correct BucketOwner',
    );
    expect(outcome.writes).toEqual([]);
  });

  it('that the job itself may not read either is a PermissionError', async ({ pipeline }) => {
    const data = { inputArtifacts: pipeline.artifacts };
    pipeline.deny(['s3:GetObject', 's3:GetObjectVersion'], `arn:aws:s3:::${SOURCE}/*`);
    const job = pipeline.job({ DestinationBucket: EU }, data);
    const principalArn = 'arn:aws:sts::111122223333:assumed-role/PipelineRole/may-nothing';
    pipeline.aws.addIdentity({ principalArn, credentials: job.data.artifactCredentials, may: [] });
    const outcome = await pipeline.run(job.event);
    expectFailure(outcome, 'PermissionError', `HeadObject on s3://${SOURCE}/${KEY}`);
    expect(outcome.writes).toEqual([]);
  });

  it.each([
    ['CopyObject', 1000],
    ['UploadPartCopy', MULTIPART_BYTES],
  ])('whose key the role may not use fails %s as PermissionError', async (operation, sizeBytes) => {
    await using pipeline = await appPipeline(sizeBytes);
    pipeline.faults = justBefore(operation, () => pipeline.deny(['kms:Decrypt'], pipeline.sourceKey.arn));
    const outcome = await pipeline.invoke({ DestinationBucket: EU });
    expectFailure(
      outcome,
      'PermissionError',
      `${operation} on s3://${EU}/${KEY} from s3://${SOURCE}/${KEY} in ${REGION}: AccessDenied`,
      `An explicit deny in an identity-based policy refuses kms:Decrypt on ${pipeline.sourceKey.arn} for ${ROLE}: change`,
      `AWS reported: User: ${SESSION} is not authorized to perform: kms:Decrypt`,
    );
    expect(pipeline.bucket(EU).uploads.size).toBe(0);
  });

  it('whose key is disabled is a ConfigurationError', async ({ pipeline }) => {
    pipeline.faults = justBefore('CopyObject', () =>
      pipeline.aws.setKeyState(pipeline.sourceKey.arn, 'Disabled'),
    );
    const outcome = await pipeline.invoke({ DestinationBucket: EU });
    expectFailure(outcome, 'ConfigurationError', 'KMS.DisabledException', 'or the key of the source');
  });
});

describe('a destination', () => {
  it.for([
    ['with its region', { Bucket: 'failures-nowhere', Region: REGION }],
    ['without its region', { Bucket: 'failures-nowhere' }],
    [
      'with its region and key',
      {
        Bucket: 'failures-nowhere',
        Region: REGION,
        KmsKeyId: `arn:aws:kms:${REGION}:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab`,
      },
    ],
  ] as const)(
    'that does not exist, given %s, is a ConfigurationError',
    async ([_what, destination], { pipeline }) => {
      const outcome = await pipeline.invoke({ DestinationBuckets: [EU, destination] });
      expectFailure(outcome, 'ConfigurationError', /[Bb]ucket failures-nowhere does not exist: create it/);
    },
  );

  it.each([
    ['CopyObject', 1000],
    ['CreateMultipartUpload', MULTIPART_BYTES],
  ])('that may not be written to fails %s as PermissionError', async (operation, sizeBytes) => {
    await using pipeline = await appPipeline(sizeBytes);
    pipeline.deny(['s3:PutObject'], `arn:aws:s3:::${EU}/*`);
    const outcome = await pipeline.invoke({ DestinationBucket: EU });
    expectFailure(
      outcome,
      'PermissionError',
      `${operation} on s3://${EU}/${KEY}`,
      `in ${REGION}: AccessDenied`,
      REQUEST_ID,
      `An explicit deny in an identity-based policy refuses s3:PutObject on arn:aws:s3:::${EU}/${KEY} for ${ROLE}`,
    );
    expect(pipeline.bucket(EU).objects.size).toBe(0);
  });

  it('that may not be written to at a key with spaces is named with all of it', async () => {
    await using pipeline = await appPipeline(1000, { key: 'my app/a b.zip' });
    pipeline.deny(['s3:PutObject'], `arn:aws:s3:::${EU}/*`);
    const outcome = await pipeline.invoke({ DestinationBucket: EU });
    expectFailure(outcome, 'PermissionError', `s3:PutObject on arn:aws:s3:::${EU}/my app/a b.zip for`);
  });

  it.each(['kms:GenerateDataKey', 'kms:Decrypt'])(
    'whose key does not let the role in for %s is a PermissionError',
    async (action) => {
      await using pipeline = await appPipeline(MULTIPART_BYTES);
      const { keyId = '' } = pipeline.bucket(EU).encryption ?? {};
      pipeline.deny([action], keyId);
      const outcome = await pipeline.invoke({ DestinationBucket: EU });
      expectFailure(
        outcome,
        'PermissionError',
        `s3://${EU}/${KEY}`,
        `An explicit deny in an identity-based policy refuses ${action} on ${keyId} for ${ROLE}`,
      );
      expectEmpty(pipeline, EU);
    },
  );

  it('whose encryption may not be read is a PermissionError that names the action', async ({ pipeline }) => {
    pipeline.deny(['s3:GetEncryptionConfiguration'], `arn:aws:s3:::${EU}`);
    const outcome = await pipeline.invoke({ DestinationBucket: EU });
    expectFailure(
      outcome,
      'PermissionError',
      `GetBucketEncryption on s3://${EU} in ${REGION}`,
      `s3:GetEncryptionConfiguration on arn:aws:s3:::${EU} for`,
    );
    expect(outcome.writes).toEqual([]);
  });

  it.for([
    ['nothing else', () => ({})],
    ['its region', () => ({ Region: REGION })],
    ['its region and key', (KmsKeyId: string) => ({ Region: REGION, KmsKeyId })],
  ] as const)(
    'that belongs to a stranger is a PermissionError that names both causes (given %s)',
    async ([_what, given], { pipeline }) => {
      const { arn } = pipeline.addDestination('failures-stolen', { ownerAccountId: OTHER_ACCOUNT });
      const outcome = await pipeline.invoke({
        DestinationBuckets: [{ Bucket: 'failures-stolen', ...given(arn) }],
      });
      expectFailure(
        outcome,
        'PermissionError',
        's3://failures-stolen',
        'IAM policy',
        'If bucket failures-stolen belongs to another account than expected, S3 answers the same: correct BucketOwner',
      );
      expect(outcome.writes.filter(({ status }) => status !== 403)).toEqual([]);
      expectEmpty(pipeline, 'failures-stolen');
    },
  );
});

describe('the encryption of a destination', () => {
  it.for([
    ['none', 'none' as const, 'no default encryption'],
    ["S3's own keys", { algorithm: 'AES256' } as const, 'default encryption AES256 without a key of yours'],
    ['no key of its own', { algorithm: 'aws:kms' } as const, 'default encryption aws:kms without a key'],
  ] as const)(
    'by %s fails the job before a byte is copied',
    async ([_what, encryption, says], { pipeline }) => {
      pipeline.addDestination('failures-plain', { encryption });
      const outcome = await pipeline.invoke({ DestinationBuckets: [EU, 'failures-plain'] });
      expectFailure(
        outcome,
        'ConfigurationError',
        `failures-plain has ${says}`,
        'KmsKeyId',
        'Nothing was copied',
      );
      expect(outcome.writes).toEqual([]);
    },
  );

  it('under the AWS managed key fails the job, since other accounts cannot use it', async ({ pipeline }) => {
    const { arn } = pipeline.aws.keys.managed('111122223333', REGION);
    for (const [bucket, keyId] of [
      ['failures-alias', 'alias/aws/s3'],
      ['failures-alias-arn', `arn:aws:kms:${REGION}:111122223333:alias/aws/s3`],
    ] as const) {
      pipeline.addDestination(bucket, { encryption: { algorithm: 'aws:kms', keyId } });
      const outcome = await pipeline.invoke({ DestinationBuckets: [EU, bucket] });
      expectFailure(outcome, 'ConfigurationError', keyId, bucket, 'AWS managed key', 'customer managed key');
      expect(outcome.writes).toEqual([]);
    }
    expect(arn).toContain(':key/');
  });

  it('under a key of another region fails the job before a byte is copied', async ({ pipeline }) => {
    const { arn } = pipeline.aws.createKey({ region: 'ap-southeast-2' });
    const outcome = await pipeline.invoke({ DestinationBuckets: [{ Bucket: EU, KmsKeyId: arn }] });
    expectFailure(outcome, 'ConfigurationError', arn, 'is in ap-southeast-2', `bucket ${EU} is in ${REGION}`);
    expect(outcome.writes.filter(({ status }) => status < 300)).toEqual([]);
  });

  it.for([
    ['Disabled', 'KMS.DisabledException', 'is disabled: enable it'],
    ['PendingDeletion', 'KMS.KMSInvalidStateException', 'pending deletion: cancel the deletion'],
  ] as const)('under a key that is %s is a ConfigurationError', async ([state, code, says], { pipeline }) => {
    const { keyId = '' } = pipeline.bucket(EU).encryption ?? {};
    pipeline.aws.setKeyState(keyId, state);
    const outcome = await pipeline.invoke({ DestinationBucket: EU });
    expectFailure(outcome, 'ConfigurationError', `s3://${EU}/${KEY}`, code, `KMS key ${keyId}`, says);
  });

  it.for([
    `arn:aws:kms:${REGION}:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab`,
    '1234abcd-12ab-34cd-56ef-1234567890ab',
    'alias/never-made',
  ])('under a key that does not exist (%s) is a ConfigurationError', async (KmsKeyId, { pipeline }) => {
    pipeline.allowKey('*');
    const outcome = await pipeline.invoke({ DestinationBuckets: [{ Bucket: EU, KmsKeyId }] });
    const last = KmsKeyId.split(':').at(-1) ?? '';
    expectFailure(outcome, 'ConfigurationError', 'KMS.NotFoundException', last, 'does not exist', 'KmsKeyId');
    expect(pipeline.bucket(EU).objects.size).toBe(0);
  });
});

describe('a copy', () => {
  /** A copy whose proof is read from a HEAD of an unversioned object, which somebody replaces just before. */
  async function replacedCopy(
    replace: (pipeline: TestPipeline) => void,
  ): Promise<{ outcome: Outcome; pipeline: TestPipeline }> {
    const pipeline = await TestPipeline.start();
    pipeline.addArtifact('App', 1000, { checksum: 'none' });
    pipeline.addDestination(EU, { versioning: 'Unversioned' });
    let copied = false;
    pipeline.faults = ({ phase, operation, bucket }) => {
      if (phase === 'after' && operation === 'CopyObject') copied = true;
      if (phase === 'before' && operation === 'HeadObject' && bucket === EU && copied) replace(pipeline);
      return undefined;
    };
    return { outcome: await pipeline.invoke({ DestinationBucket: EU }), pipeline };
  }

  it('that is not what its source is fails the job, and what others wrote is left alone', async () => {
    const { outcome, pipeline } = await replacedCopy(({ aws }) => aws.putObject(EU, KEY, generated(999)));
    await using _ = pipeline;
    expectFailure(
      outcome,
      'JobFailed',
      `The copy at s3://${EU}/${KEY} in ${REGION} is not what its source is: 999 bytes instead of 1000`,
      'no longer the one that this job wrote, so it was left alone',
    );
    expect(pipeline.object(EU, KEY).sizeBytes).toBe(999);
    expect(outcome.metrics).toContainEqual({ metric: 'VerificationFailures', value: 1, dimensions: {} });
  });

  it('that is under another key than asked for fails the job', async () => {
    const { outcome, pipeline } = await replacedCopy((replaced) => {
      const { aws } = replaced;
      const bucket = aws.bucket(EU);
      const { arn } = aws.createKey({ region: REGION });
      replaced.allowKey(arn);
      aws.putObject({ ...bucket, encryption: { algorithm: 'aws:kms', keyId: arn } }, KEY, generated(1000));
    });
    await using _ = pipeline;
    expectFailure(outcome, 'JobFailed', /has aws:kms with arn:\S+ instead of aws:kms with arn/);
  });

  it('that S3 refuses to complete for its checksum fails the job, and its parts are cleaned up', async () => {
    await using pipeline = await appPipeline(MULTIPART_BYTES);
    pipeline.faults = faultAt('CompleteMultipartUpload', errorOf(400, 'BadDigest'));
    const outcome = await pipeline.invoke({ DestinationBucket: EU }, { settings: { retryBudgetMs: 0 } });
    expectFailure(
      outcome,
      'JobFailed',
      `S3 refused to complete the copy at s3://${EU}/${KEY}`,
      'Nothing was written there',
    );
    expect(pipeline.bucket(EU).uploads.size).toBe(0);
  });
});

describe('S3', () => {
  it.for([
    [500, 'InternalError'],
    [503, 'ServiceUnavailable'],
    [503, 'SlowDown'],
    [400, 'RequestTimeout'],
    [503, 'KMS.KeyUnavailableException'],
  ] as const)(
    'answering %d %s until the patience ends is SystemUnavailable',
    async ([status, code], { pipeline }) => {
      pipeline.faults = faultAt('CopyObject', errorOf(status, code));
      const outcome = await pipeline.invoke({ DestinationBucket: EU }, { settings: { retryBudgetMs: 200 } });
      expectFailure(
        outcome,
        'SystemUnavailable',
        `CopyObject on s3://${EU}/${KEY}`,
        code,
        'kept failing after retries: retry the stage',
        'AWS Health Dashboard',
      );
    },
  );

  it('that cuts every connection is SystemUnavailable', async ({ pipeline }) => {
    pipeline.faults = faultAt('CopyObject', RESET);
    const outcome = await pipeline.invoke({ DestinationBucket: EU }, { settings: { retryBudgetMs: 200 } });
    expectFailure(outcome, 'SystemUnavailable', 'CopyObject', 'The network reported: socket hang up');
  });

  it('that does not know the credentials of the role is a PermissionError', async ({ pipeline }) => {
    pipeline.faults = faultAt('CopyObject', errorOf(403, 'InvalidAccessKeyId'));
    const outcome = await pipeline.invoke({ DestinationBucket: EU });
    expectFailure(
      outcome,
      'PermissionError',
      'InvalidAccessKeyId',
      "The credentials of the function's role were refused",
    );
  });

  it.for(['InvalidStorageClass', 'constructor'])(
    'that refuses for a reason that nobody foresaw (%s) is JobFailed, with its message',
    async (code, { pipeline }) => {
      pipeline.faults = faultAt('CopyObject', errorOf(400, code, 'The storage class is not valid'));
      const outcome = await pipeline.invoke({ DestinationBucket: EU });
      expectFailure(
        outcome,
        'JobFailed',
        'CopyObject',
        code,
        'AWS reported: The storage class is not valid',
        'the same request would be refused again',
      );
    },
  );

  it('that denies with the code of another region is a PermissionError all the same', async ({
    pipeline,
  }) => {
    pipeline.faults = faultAt('CopyObject', errorOf(403, 'AuthorizationHeaderMalformed', 'Denied'));
    const outcome = await pipeline.invoke({ DestinationBucket: EU });
    expectFailure(outcome, 'PermissionError', 'AuthorizationHeaderMalformed');
  });

  it('that denies for a moment only, while a grant spreads, does not fail the job', async ({ pipeline }) => {
    const denials = faultAt('CopyObject', DENIED, { times: 2 });
    pipeline.faults = denials;
    const outcome = await pipeline.invoke(
      { DestinationBucket: EU },
      { settings: { accessDeniedRetryMs: 5_000 } },
    );
    successOf(outcome);
    expect(denials.hits).toBe(3);
  });

  it('that keeps denying is believed when its time is over', async ({ pipeline }) => {
    const denials = faultAt('CopyObject', DENIED, { times: 8 });
    pipeline.faults = denials;
    const outcome = await pipeline.invoke(
      { DestinationBucket: EU },
      { settings: { accessDeniedRetryMs: 250 } },
    );
    expectFailure(outcome, 'PermissionError', 'CopyObject');
    expect(denials.hits).toBeGreaterThan(1);
    expect(denials.hits).toBeLessThan(8);
  });
});

describe('a relay', () => {
  const CUT_OFF = { kind: 'truncate', afterBytes: 100 } as const;
  const relayed = { DestinationBucket: EU, Mode: 'relay' };

  it.each([1000, RELAYED_BYTES])(
    'of %d bytes reads again what was cut off, and writes it once',
    async (sizeBytes) => {
      await using pipeline = await appPipeline(sizeBytes);
      const cut = faultAt('GetObject', CUT_OFF, { phase: 'after', times: 2 });
      pipeline.faults = cut;
      const outcome = await pipeline.invoke(relayed, { settings: { retryBudgetMs: 10_000 } });
      successOf(outcome);
      expect(pipeline.object(EU, KEY).checksum).toEqual(pipeline.object(SOURCE, KEY).checksum);
      expect(cut.hits).toBeGreaterThan(2);
    },
  );

  it('of a source that is always cut off is SystemUnavailable, and leaves no upload', async () => {
    await using pipeline = await appPipeline(RELAYED_BYTES);
    pipeline.faults = faultAt('GetObject', CUT_OFF, { phase: 'after' });
    const outcome = await pipeline.invoke(relayed, { settings: { retryBudgetMs: 300 } });
    expectFailure(outcome, 'SystemUnavailable', `GetObject on s3://${SOURCE}/${KEY} in ${HOME}`);
    expect(pipeline.bucket(EU).uploads.size).toBe(0);
  });

  it('waits no longer than the stall limit for a request that stays unanswered', async ({ pipeline }) => {
    const stalled = faultAt('GetObject', SILENCE, { times: 1 });
    pipeline.faults = stalled;
    const outcome = await pipeline.invoke(relayed, { settings: { stallMs: 200, retryBudgetMs: 5_000 } });
    successOf(outcome);
    expect(stalled.hits).toBeGreaterThan(1);
  });
});

describe('a job that never gets anything done', () => {
  it('is given up after three invocations, and says what to change', async () => {
    await using pipeline = await appPipeline(MULTIPART_BYTES);
    const parameters = { DestinationBucket: EU };
    let event: unknown = pipeline.job(parameters).event;
    const unsubscribe = pipeline.aws.codePipeline.onJob((job) => {
      event = job.event;
    });
    let outcome: Outcome | undefined;
    for (let count = 0; count < 3; count++) {
      // Of the minute that there was when it began, only what the answer needs is left when the first part could be copied.
      let asked = 0;
      outcome = await pipeline.run(event, { remainingMs: () => (++asked <= 2 ? 60_000 : 5_000) });
    }
    unsubscribe();
    if (outcome === undefined) throw new Error('nothing was run');
    expectFailure(outcome, 'JobFailed', '3 invocations in a row', 'raise the timeout of the function');
    expect(pipeline.bucket(EU).objects.size).toBe(0);
  });
});

/** Overwrites the source, of which there are no versions, when the first request that copies it arrives. */
function overwriteAt(operation: string | readonly string[], pipeline: TestPipeline): void {
  const { content } = pipeline.object(SOURCE, KEY);
  const source = pipeline.bucket(SOURCE);
  source.versioning = 'Unversioned';
  source.objects.clear();
  pipeline.aws.putObject(SOURCE, KEY, generated(content.sizeBytes));
  pipeline.faults = justBefore(operation, () => pipeline.aws.putObject(SOURCE, KEY, content));
}
