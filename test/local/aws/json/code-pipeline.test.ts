// CodePipeline: jobs take one result, within the limits of the API; a continuation token brings a new job.
import type { PutJobSuccessResultInput } from '@aws-sdk/client-codepipeline';
import { describe, expect, test } from 'vitest';
import { fromBuffer } from '../../../../local/aws/content/content.ts';
import type { Job, NewJob } from '../../../../local/aws/state/code-pipeline/jobs.ts';
import { codeOf } from '../../../contract/server/errors.ts';
import { freshName, useAws } from '../running-aws.ts';

describe('CodePipeline', () => {
  const aws = useAws();

  function artifact(name: string, bucketName: string, objectKey: string) {
    return { name, location: { type: 'S3' as const, s3Location: { bucketName, objectKey } } };
  }

  function newJob(data: Partial<NewJob['data']> = {}): Job {
    return aws().world.codePipeline.createJob({
      accountId: '111122223333',
      data: {
        actionConfiguration: { configuration: { FunctionName: 'sync', UserParameters: '{}' } },
        inputArtifacts: [],
        outputArtifacts: [],
        ...data,
      },
    });
  }

  const succeed = (input: PutJobSuccessResultInput) => aws().codePipeline().putJobSuccessResult(input);

  const fail = (jobId: string, message: string, type: 'JobFailed' = 'JobFailed') =>
    aws().codePipeline().putJobFailureResult({ jobId, failureDetails: { type, message } });

  test('takes a success, once', async () => {
    const { id: jobId } = newJob();
    const details = { summary: 'done', externalExecutionId: 'request', percentComplete: 100 };
    await succeed({ jobId, executionDetails: details, outputVariables: { App_Checksum: 'abc=' } });
    const { codePipeline } = aws().world;
    expect(codePipeline.state(jobId)).toBe('Succeeded');
    expect(codePipeline.results.at(-1)).toMatchObject({
      jobId,
      operation: 'PutJobSuccessResult',
      input: { executionDetails: details, outputVariables: { App_Checksum: 'abc=' } },
    });
    await expect(succeed({ jobId })).rejects.toMatchObject({ name: 'InvalidJobStateException' });
    await expect(fail(jobId, 'late')).rejects.toMatchObject({ name: 'InvalidJobStateException' });
  });

  test('takes a failure', async () => {
    const { id } = newJob();
    await fail(id, 'no');
    expect(aws().world.codePipeline.state(id)).toBe('Failed');
  });

  test('knows only its own jobs', async () => {
    await expect(succeed({ jobId: crypto.randomUUID() })).rejects.toMatchObject({
      name: 'JobNotFoundException',
    });
    await expect(succeed({ jobId: 'not-a-uuid' })).rejects.toMatchObject({ name: 'ValidationException' });
  });

  test.for<[string, Partial<PutJobSuccessResultInput>]>([
    ['a summary over 2048 characters', { executionDetails: { summary: 'x'.repeat(2049) } }],
    ['an empty summary', { executionDetails: { summary: '' } }],
    ['an execution id over 1500 characters', { executionDetails: { externalExecutionId: 'x'.repeat(1501) } }],
    ['more than 100 percent', { executionDetails: { percentComplete: 101 } }],
    ['a token over 2048 characters', { continuationToken: 'x'.repeat(2049) }],
    ['an empty token', { continuationToken: '' }],
    ['a variable with a dot in its name', { outputVariables: { 'a.b': 'x' } }],
    ['variables together with a token', { continuationToken: 'x', outputVariables: { a: 'b' } }],
  ])('refuses %s', async ([, input]) => {
    const { id: jobId } = newJob();
    await expect(succeed({ jobId, ...input })).rejects.toMatchObject({ name: 'ValidationException' });
    expect(aws().world.codePipeline.state(jobId)).toBe('Open');
  });

  test('refuses output variables that are too large together', async () => {
    const { id: jobId } = newJob();
    const outputVariables = { a: 'x'.repeat(61_440), b: 'x'.repeat(61_440) };
    await expect(succeed({ jobId, outputVariables })).rejects.toMatchObject({
      name: 'OutputVariablesSizeExceededException',
    });
  });

  test('refuses failure messages that are empty or over 5000 characters, and unknown types', async () => {
    const { id } = newJob();
    await expect(fail(id, '')).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(fail(id, 'x'.repeat(5001))).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(fail(id, 'x', 'Other' as 'JobFailed')).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });

  test('answers a continuation token with a new job of the same action', async () => {
    const { codePipeline } = aws().world;
    const job = newJob();
    const next = new Promise<Job>((resolve) => {
      const stop = codePipeline.onJob((found) => {
        stop();
        resolve(found);
      });
    });
    await succeed({ jobId: job.id, continuationToken: 'where I was' });
    const continued = await next;
    expect(codePipeline.state(job.id)).toBe('Continued');
    expect(codePipeline.state(continued.id)).toBe('Open');
    expect(continued.id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(continued.id).not.toBe(job.id);
    expect(continued.continues).toBe(job.id);
    const { artifactCredentials, ...data } = continued.event['CodePipeline.job'].data;
    const { artifactCredentials: before, ...dataBefore } = job.data;
    expect(data).toEqual({ ...dataBefore, continuationToken: 'where I was' });
    expect(artifactCredentials.accessKeyId).not.toBe(before.accessKeyId);
    expect(artifactCredentials.expirationTime).toBeGreaterThan(Date.now());
  });

  test('tells the details of a job, with new credentials each time', async () => {
    const job = newJob();
    const ask = async () => (await aws().codePipeline().getJobDetails({ jobId: job.id })).jobDetails;
    const [first, second] = [await ask(), await ask()];
    expect(first?.data?.actionConfiguration).toEqual(job.data.actionConfiguration);
    expect(first?.data?.pipelineContext?.pipelineName).toEqual(expect.any(String));
    expect(first?.data?.artifactCredentials?.accessKeyId).not.toBe(
      second?.data?.artifactCredentials?.accessKeyId,
    );
  });

  test('gives credentials that read the inputs and write the outputs, no more', async () => {
    const { world } = aws();
    const key = world.createKey({ region: 'us-east-1' });
    const Bucket = freshName();
    world.createBucket({
      name: Bucket,
      region: 'us-east-1',
      versioning: 'Enabled',
      encryption: { algorithm: 'aws:kms', keyId: key.arn },
    });
    const { versionId: VersionId } = world.putObject(Bucket, 'in/App.zip', fromBuffer('input'), {
      tags: { a: 'b' },
    });
    world.putObject(Bucket, 'in/Other.zip', fromBuffer('not yours'));
    const { data } = newJob({
      inputArtifacts: [artifact('App', Bucket, 'in/App.zip')],
      outputArtifacts: [artifact('Manifest', Bucket, 'out/Manifest.zip')],
    });
    const { expirationTime: _later, ...credentials } = data.artifactCredentials;
    const s3 = aws().s3({ credentials });
    expect(await codeOf(s3.getObject({ Bucket, Key: 'in/App.zip' }))).toBe('none');
    expect(await codeOf(s3.getObject({ Bucket, Key: 'in/App.zip', VersionId }))).toBe('none');
    const head = await s3.headObject({ Bucket, Key: 'in/App.zip', ChecksumMode: 'ENABLED' });
    expect(head.TagCount).toBeUndefined();
    const put = (Key: string) => codeOf(s3.putObject({ Bucket, Key, Body: 'x' }));
    expect(await put('out/Manifest.zip')).toBe('none');
    expect(await put('in/App.zip')).toBe('AccessDenied');
    expect(await codeOf(s3.getObject({ Bucket, Key: 'in/Other.zip' }))).toBe('AccessDenied');
    expect(await codeOf(s3.getObject({ Bucket, Key: 'out/Manifest.zip' }))).toBe('AccessDenied');
  });

  test('makes the credentials of a given event valid as they are', async () => {
    const Bucket = freshName();
    aws().world.createBucket({ name: Bucket, region: 'us-east-1' });
    aws().world.putObject(Bucket, 'k', fromBuffer('x'));
    const credentials = { accessKeyId: 'ASIAGIVEN', secretAccessKey: 'given', sessionToken: 'token' };
    const inputArtifacts = [artifact('App', Bucket, 'k')];
    newJob({ inputArtifacts, artifactCredentials: credentials });
    const get = { Bucket, Key: 'k' };
    expect(await codeOf(aws().s3({ credentials }).getObject(get))).toBe('none');
    newJob({ inputArtifacts, artifactCredentials: { ...credentials, expirationTime: Date.now() - 1 } });
    expect(await codeOf(aws().s3({ credentials }).getObject(get))).toBe('ExpiredToken');
  });

  test('lets nobody report results without the permission', async () => {
    const { credentials } = aws().someone();
    const { id: jobId } = newJob();
    const report = { jobId };
    await expect(aws().codePipeline(credentials).putJobSuccessResult(report)).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
  });
});
