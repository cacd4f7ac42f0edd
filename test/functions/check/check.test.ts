// The answer to a check event: what a job would meet, as data, with nothing written and no job answered.
import { afterAll, beforeAll, describe, expect, vi } from 'vitest';
import type { CheckReport } from '../../../functions/sync-artifacts/check/report.ts';
import { coldStart, context, printedBy } from '../harness/cold-start.ts';
import { errorOf, faultAt } from '../harness/faults.ts';
import { pipelineTest } from '../harness/pipeline-test.ts';
import { ACCOUNT, expectEmpty, HOME, SOURCE, TestPipeline } from '../harness/test-pipeline.ts';

const EU = 'check-eu';
const AP = 'check-ap';
const KEY = 'pipeline/App/abc.zip';
const ROLE = `arn:aws:iam::${ACCOUNT}:role/sync-artifacts`;

// Nothing is denied for a while only, so that no denial need be doubted.
beforeAll(() => void vi.stubEnv('SYNC_ACCESS_DENIED_RETRY_MS', '0'));
afterAll(() => void vi.unstubAllEnvs());

async function createPipeline(): Promise<TestPipeline> {
  const pipeline = await TestPipeline.start();
  pipeline.addArtifact('App', 1000, { tags: { team: 'web' } });
  pipeline.addDestination(EU);
  pipeline.addDestination(AP, { region: 'ap-southeast-2' });
  return pipeline;
}

const it = pipelineTest(createPipeline);

interface Check {
  readonly userParameters?: unknown;
  readonly inputArtifacts?: unknown;
  readonly accountId?: unknown;
  readonly [unknown: string]: unknown;
}

/** What a direct invocation answers, in a cold start. */
async function check(
  pipeline: TestPipeline,
  { userParameters = { DestinationBuckets: [EU, AP] }, ...others }: Check = {},
): Promise<CheckReport> {
  const handler = await coldStart('handler');
  const body = { userParameters, accountId: ACCOUNT, inputArtifacts: pipeline.artifacts, ...others };
  let report: CheckReport | undefined;
  await printedBy(async () => {
    report = await handler({ 'ArtifactSync.check': body }, context);
  });
  if (report === undefined) throw new Error('the check was not answered');
  return report;
}

/** Nothing was written, no upload is left, and CodePipeline was sent nothing. */
function expectUntouched(pipeline: TestPipeline): void {
  for (const name of [EU, AP]) expectEmpty(pipeline, name);
  expect(pipeline.aws.codePipeline.results).toEqual([]);
}

describe('a check of a sound pipeline', () => {
  it('finds every source and destination, and leaves nothing', async ({ pipeline }) => {
    const report = await check(pipeline);

    const destination = (bucket: string, region: string) => {
      const kmsKeyArn = pipeline.bucket(bucket).encryption?.keyId;
      const encryption = { algorithm: 'aws:kms', kmsKeyId: kmsKeyArn, kmsKeyArn };
      return { bucket, keys: [KEY], region, encryption, writable: true, findings: [] };
    };
    expect(report).toEqual({
      version: 1,
      ok: true,
      region: HOME,
      findings: [],
      sources: [
        {
          artifact: 'App',
          bucket: SOURCE,
          key: KEY,
          region: HOME,
          sizeBytes: 1000,
          readableBy: 'role',
          findings: [],
        },
      ],
      destinations: [destination(EU, 'eu-west-1'), destination(AP, 'ap-southeast-2')],
    });
    expectUntouched(pipeline);
    const began = pipeline.aws.requests.filter(({ operation }) => operation === 'CreateMultipartUpload');
    expect(began).toHaveLength(2);
  });

  it('needs no artifacts: destinations are tried at keys that no artifact has', async ({ pipeline }) => {
    const userParameters = JSON.stringify({
      DestinationBucket: EU,
      InputArtifacts: ['App', 'Templates'],
      Key: 'releases/{revision}/{artifact}.zip',
    });

    const report = await check(pipeline, { userParameters, inputArtifacts: undefined });

    expect(report.ok).toBe(true);
    expect(report.sources).toEqual([]);
    expect(report.destinations.map(({ keys }) => keys)).toEqual([
      ['releases/artifact-sync-check/App.zip', 'releases/artifact-sync-check/Templates.zip'],
    ]);
    expectUntouched(pipeline);
  });

  it('resolves the alias of a key to the key that S3 uses', async ({ pipeline }) => {
    const KmsKeyId = `alias/${EU}`;
    const report = await check(pipeline, {
      userParameters: { DestinationBuckets: [{ Bucket: EU, KmsKeyId }] },
    });
    expect(report.destinations[0]?.encryption).toEqual({
      algorithm: 'aws:kms',
      kmsKeyId: `arn:aws:kms:eu-west-1:${ACCOUNT}:alias/${EU}`,
      kmsKeyArn: pipeline.bucket(EU).encryption?.keyId,
    });
  });
});

describe('a check finds', () => {
  it('a write that is denied, with the statement, and continues with the other destinations', async ({
    pipeline,
  }) => {
    const reason = `User: arn:aws:sts::${ACCOUNT}:assumed-role/sync-artifacts/x is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::${EU}/${KEY}" because no identity-based policy allows the s3:PutObject action`;
    pipeline.faults = faultAt('CreateMultipartUpload', errorOf(403, 'AccessDenied', reason), { bucket: EU });

    const { ok, destinations } = await check(pipeline);

    expect(ok).toBe(false);
    expect(destinations.map(({ bucket, writable }) => [bucket, writable])).toEqual([
      [EU, false],
      [AP, true],
    ]);
    const [finding] = destinations[0]?.findings ?? [];
    const resource = `arn:aws:s3:::${EU}/${KEY}`;
    const actions = ['s3:PutObject', 's3:PutObjectTagging'];
    expect(finding).toEqual({
      severity: 'error',
      type: 'PermissionError',
      message: expect.stringContaining(`Allow s3:PutObject on ${resource} for ${ROLE}, in its IAM policy.`),
      request: {
        operation: 'CreateMultipartUpload',
        bucket: EU,
        key: KEY,
        region: 'eu-west-1',
        errorCode: 'AccessDenied',
        requestId: expect.any(String),
      },
      denial: {
        actions,
        resource,
        principal: ROLE,
        places: ['identity policy', 'bucket policy'],
        statement: { Effect: 'Allow', Action: actions, Resource: resource },
      },
    });
    expectUntouched(pipeline);
  });

  it.for([
    ['s3:PutObject', 'object'],
    ['s3:PutObjectTagging', 'object'],
    ['s3:AbortMultipartUpload', 'object'],
    ['s3:GetEncryptionConfiguration', 'bucket'],
    ['kms:GenerateDataKey', 'key'],
  ] as const)('%s that is denied at one destination', async ([action, on], { pipeline }) => {
    const resources: Record<string, string> = {
      object: `arn:aws:s3:::${EU}/*`,
      bucket: `arn:aws:s3:::${EU}`,
      key: pipeline.bucket(EU).encryption?.keyId ?? '',
    };
    pipeline.deny([action], resources[on] ?? '');

    const { ok, destinations } = await check(pipeline);

    expect(ok).toBe(false);
    expect(destinations.map(({ findings }) => findings.length)).toEqual([1, 0]);
    const [finding] = destinations[0]?.findings ?? [];
    expect(finding?.type).toBe('PermissionError');
    expect(finding?.denial?.actions[0]).toBe(action);
  });

  it('a listing that is denied, as a warning', async ({ pipeline }) => {
    pipeline.deny(['s3:ListBucketMultipartUploads'], `arn:aws:s3:::${EU}`);
    const { ok, destinations } = await check(pipeline);
    expect(ok).toBe(true);
    expect(destinations[0]).toMatchObject({
      writable: true,
      findings: [{ severity: 'warning', denial: { resource: `arn:aws:s3:::${EU}` } }],
    });
  });

  it('a region that is given wrongly, as a warning', async ({ pipeline }) => {
    const userParameters = { DestinationBuckets: [{ Bucket: EU, Region: 'eu-central-1' }] };
    const { ok, destinations } = await check(pipeline, { userParameters });
    expect(ok).toBe(true);
    expect(destinations[0]).toMatchObject({
      region: 'eu-west-1',
      findings: [
        { severity: 'warning', message: expect.stringContaining('given eu-central-1, actual eu-west-1') },
      ],
    });
  });

  it('a bucket that does not exist, and one without a key of its own', async ({ pipeline }) => {
    pipeline.addDestination('check-plain', { encryption: { algorithm: 'AES256' } });
    const { destinations } = await check(pipeline, {
      userParameters: { DestinationBuckets: ['check-nowhere', 'check-plain', EU] },
    });
    expect(destinations.map(({ findings }) => findings.map(({ type, message }) => [type, message]))).toEqual([
      [['ConfigurationError', expect.stringContaining('check-nowhere does not exist')]],
      [['ConfigurationError', expect.stringContaining('check-plain has default encryption AES256')]],
      [],
    ]);
  });

  it.for([
    ['auto', 'warning', true, 'artifactCredentials'],
    ['copy', 'error', false, 'role'],
  ] as const)(
    'in Mode %s that the role may not read a source (%s)',
    async ([Mode, severity, ok, readableBy], { pipeline }) => {
      pipeline.deny(['s3:GetObject', 's3:GetObjectVersion'], `arn:aws:s3:::${SOURCE}/*`);
      const report = await check(pipeline, { userParameters: { DestinationBucket: EU, Mode } });
      expect(report.ok).toBe(ok);
      expect(report.sources).toMatchObject([
        { readableBy, findings: [{ severity, denial: { principal: expect.any(String) } }] },
      ]);
    },
  );

  it('a source that is gone', async ({ pipeline }) => {
    pipeline.bucket(SOURCE).objects.clear();
    const { ok, sources } = await check(pipeline);
    expect(ok).toBe(false);
    expect(sources[0]?.findings).toMatchObject([{ severity: 'error', type: 'RevisionUnavailable' }]);
  });

  it.for([
    [
      'parameters with a typo',
      { userParameters: { DestinatonBucket: EU } },
      'Did you mean "DestinationBucket"?',
    ],
    ['parameters that are not JSON', { userParameters: '{' }, 'UserParameters is not JSON'],
    ['parameters that are missing', { userParameters: null }, 'UserParameters is missing'],
    ['an account that is none', { accountId: '12' }, 'account id of 12 digits'],
    ['a field that nobody knows', { artifacts: [] }, 'ArtifactSync.check'],
  ] as const)('%s, without asking S3 anything', async ([_what, given, says], { pipeline }) => {
    const report = await check(pipeline, given);
    expect(report).toMatchObject({ version: 1, ok: false, sources: [], destinations: [] });
    expect(report.findings).toMatchObject([{ severity: 'error', type: 'ConfigurationError' }]);
    expect(report.findings[0]?.message).toContain(says);
    expect(pipeline.aws.requests).toEqual([]);
  });
});
