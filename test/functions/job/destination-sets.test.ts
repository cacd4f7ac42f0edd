// Named sets of destinations: what a job copies to, what is not looked up, what is wrong with them, and connections ahead of the first job.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { afterEach, describe, expect, vi } from 'vitest';
import { parseJob } from '../../../functions/sync-artifacts/job/parse-job.ts';
import { coldStart } from '../harness/cold-start.ts';
import { appPipeline, EU, pipelineTest } from '../harness/pipeline-test.ts';
import { copiesOf, expectFailure, type Outcome, successOf, TestPipeline } from '../harness/test-pipeline.ts';

const US = 'sets-us';

/** A set of both destinations with all that can be said of them, and one of the first alone. */
function setsOf(pipeline: TestPipeline): Record<string, object[]> {
  const keyOf = (bucket: string) => pipeline.bucket(bucket).encryption?.keyId;
  const stated = [
    { Bucket: EU, Region: 'eu-west-1', KmsKeyId: keyOf(EU) },
    { Bucket: US, Region: 'us-west-2', KmsKeyId: keyOf(US), Key: 'releases/{artifact}.zip' },
  ];
  return { 'all-regions': stated, europe: stated.slice(0, 1) };
}

const it = pipelineTest(async () => {
  const pipeline = await appPipeline();
  pipeline.addDestination(US, { region: 'us-west-2' });
  return pipeline;
});

const invoke = (pipeline: TestPipeline, sets: unknown, parameters: unknown): Promise<Outcome> =>
  pipeline.invoke(parameters, {
    settings: { destinationSets: typeof sets === 'string' ? sets : JSON.stringify(sets) },
  });

describe('a job that names a set', () => {
  it('copies to each of its destinations, under the keys that it says', async ({ pipeline }) => {
    const outcome = await invoke(pipeline, setsOf(pipeline), { Destinations: 'all-regions' });

    const copies = copiesOf(outcome);
    expect(copies).toHaveLength(2);
    expect(copies).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ bucket: EU, region: 'eu-west-1', key: 'pipeline/App/abc.zip' }),
        expect.objectContaining({ bucket: US, region: 'us-west-2', key: 'releases/App.zip' }),
      ]),
    );
  });

  it('looks nothing up that the set says', async ({ pipeline }) => {
    const outcome = await invoke(pipeline, setsOf(pipeline), { Destinations: 'all-regions' });

    const operations = outcome.operations;
    expect(operations).toContain('CopyObject');
    expect(operations).not.toContain('HeadBucket');
    expect(operations).not.toContain('GetBucketEncryption');
  });

  it('looks up what the set leaves open, as for any destination', async ({ pipeline }) => {
    const outcome = await invoke(pipeline, { plain: [EU] }, { Destinations: 'plain' });

    successOf(outcome);
    expect(outcome.operations).toContain('GetBucketEncryption');
  });

  it('keeps dual-layer encryption where the set leaves the key to the bucket', async () => {
    await using pipeline = await TestPipeline.start();
    pipeline.addArtifact('App');
    const key = pipeline.aws.createKey({ region: 'eu-west-1' });
    pipeline.addDestination(EU, {
      encryption: { algorithm: 'aws:kms:dsse', keyId: key.arn, bucketKey: false },
    });
    pipeline.allowKey(key.arn);

    const outcome = await invoke(
      pipeline,
      { dual: [{ Bucket: EU, Region: 'eu-west-1' }] },
      { Destinations: 'dual' },
    );

    successOf(outcome);
    expect(pipeline.object(EU, 'pipeline/App/abc.zip').encryption).toMatchObject({
      algorithm: 'aws:kms:dsse',
    });
  });

  it('starts over when the set has changed since its continuation token', async ({ pipeline }) => {
    const { event } = pipeline.job({ Destinations: 'all-regions' });
    const sets = setsOf(pipeline);

    const [before, same, after] = [sets, sets, { 'all-regions': [US, EU] }].map(
      (some) => parseJob(event, JSON.stringify(some)).binding,
    );

    expect(same).toBe(before);
    expect(after).not.toBe(before);
  });
});

describe('a set that cannot be used is a ConfigurationError, and nothing is written', () => {
  const europe = { europe: [EU], 'all-regions': [EU, US] };
  it.for<[string, unknown, unknown, RegExp]>([
    [
      'another name',
      europe,
      { Destinations: 'eurpe' },
      /Destinations is "eurpe".*europe, all-regions\. Did you mean "europe"\?/,
    ],
    ['no sets at all', '', { Destinations: 'europe' }, /no sets of destinations.*SYNC_DESTINATION_SETS/],
    [
      'a name and a bucket',
      europe,
      { Destinations: 'europe', DestinationBucket: EU },
      /has DestinationBucket and Destinations; expected exactly one/,
    ],
    ['no JSON', '{europe', { Destinations: 'europe' }, /SYNC_DESTINATION_SETS is not JSON: given "\{europe"/],
    ['a list', '[]', { Destinations: 'europe' }, /SYNC_DESTINATION_SETS is \[\]; expected a JSON object/],
    [
      'a typo in a destination',
      { europe: [{ Bucket: EU, Regoin: 'eu-west-1' }] },
      { Destinations: 'europe' },
      /SYNC_DESTINATION_SETS has the unknown property "europe\[0\]\.Regoin".*Did you mean "Region"\?/,
    ],
    [
      'a bucket twice',
      { europe: [EU, EU] },
      { Destinations: 'europe' },
      /SYNC_DESTINATION_SETS property europe names "copies-eu" twice/,
    ],
    [
      'an empty set',
      { europe: [] },
      { Destinations: 'europe' },
      /property europe is \[\]; .*at least one bucket/,
    ],
    ['an impossible name', { 'a b': [EU] }, { Destinations: 'a b' }, /1 to 64 letters/],
  ])('%s', async ([_what, sets, parameters, message], { pipeline }) => {
    const outcome = await invoke(pipeline, sets, parameters);

    expectFailure(outcome, 'ConfigurationError', message);
    expect(outcome.requests.filter(({ service }) => service === 's3')).toEqual([]);
  });

  it('but not for jobs that name no set', async ({ pipeline }) => {
    successOf(await invoke(pipeline, '{not JSON', { DestinationBucket: EU }));
  });
});

describe('a cold start', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('connects to the buckets of the sets before there is a job', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    vi.stubEnv('AWS_ENDPOINT_URL_S3', `http://127.0.0.1:${port}`);
    vi.stubEnv('SYNC_DESTINATION_SETS', JSON.stringify({ one: [{ Bucket: EU, Region: 'eu-west-1' }] }));
    const connected = once(server, 'connection');

    await coldStart('handler');

    await connected;
    server.close();
  });
});
