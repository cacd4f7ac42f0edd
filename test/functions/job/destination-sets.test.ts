// Named sets of destinations: what a job copies to, what is not looked up, what is wrong with them, and connections ahead of the first job.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { coldStart } from '../harness/cold-start.ts';
import { copiesOf, failureOf, JobWorld, type Outcome, successOf } from '../harness/world.ts';

const EU = 'sets-eu';
const US = 'sets-us';

async function worldWithSets(): Promise<{ world: JobWorld; sets: Record<string, object[]> }> {
  const world = await JobWorld.start();
  world.addArtifact('App');
  const eu = world.addDestination(EU, { region: 'eu-west-1' });
  const us = world.addDestination(US, { region: 'us-west-2' });
  const stated = [
    { Bucket: EU, Region: 'eu-west-1', KmsKeyId: eu.arn },
    { Bucket: US, Region: 'us-west-2', KmsKeyId: us.arn, Key: 'releases/{artifact}.zip' },
  ];
  return { world, sets: { 'all-regions': stated, europe: stated.slice(0, 1) } };
}

const invoke = (world: JobWorld, sets: unknown, parameters: unknown): Promise<Outcome> =>
  world.invoke(parameters, {
    settings: { destinationSets: typeof sets === 'string' ? sets : JSON.stringify(sets) },
  });

describe('a job that names a set', () => {
  it('copies to each of its destinations, under the keys that it says', async () => {
    const { world, sets } = await worldWithSets();
    await using _ = world;

    const outcome = await invoke(world, sets, { Destinations: 'all-regions' });

    successOf(outcome);
    const copies = copiesOf(outcome);
    expect(copies).toHaveLength(2);
    expect(copies).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ bucket: EU, region: 'eu-west-1', key: 'pipeline/App/abc.zip' }),
        expect.objectContaining({ bucket: US, region: 'us-west-2', key: 'releases/App.zip' }),
      ]),
    );
  });

  it('looks nothing up that the set says', async () => {
    const { world, sets } = await worldWithSets();
    await using _ = world;

    const outcome = await invoke(world, sets, { Destinations: 'all-regions' });

    const operations = outcome.requests.map(({ operation }) => operation);
    expect(operations).toContain('CopyObject');
    expect(operations).not.toContain('HeadBucket');
    expect(operations).not.toContain('GetBucketEncryption');
  });

  it('looks up what the set leaves open, as for any destination', async () => {
    const { world } = await worldWithSets();
    await using _ = world;

    const outcome = await invoke(world, { plain: [EU] }, { Destinations: 'plain' });

    successOf(outcome);
    expect(outcome.requests.map(({ operation }) => operation)).toContain('GetBucketEncryption');
  });

  it('keeps dual-layer encryption where the set leaves the key to the bucket', async () => {
    const world = await JobWorld.start();
    await using _ = world;
    world.addArtifact('App');
    const key = world.world.createKey({ region: 'eu-west-1' });
    world.addDestination(EU, { encryption: { algorithm: 'aws:kms:dsse', keyId: key.arn, bucketKey: false } });
    world.allowKey(key.arn);

    const outcome = await invoke(
      world,
      { dual: [{ Bucket: EU, Region: 'eu-west-1' }] },
      { Destinations: 'dual' },
    );

    successOf(outcome);
    expect(world.object(EU, 'pipeline/App/abc.zip').encryption).toMatchObject({ algorithm: 'aws:kms:dsse' });
  });

  it('starts over when the set has changed since its continuation token', async () => {
    const { world, sets } = await worldWithSets();
    await using _ = world;
    const { parseJob } = await import('../../../functions/sync-artifacts/job/parse-job.ts');
    const { event } = world.job({ Destinations: 'all-regions' });

    const [before, same, after] = [sets, sets, { 'all-regions': [US, EU] }].map(
      (some) => parseJob(event, JSON.stringify(some)).binding,
    );

    expect(same).toBe(before);
    expect(after).not.toBe(before);
  });
});

describe('a set that cannot be used is a ConfigurationError, and nothing is written', () => {
  const europe = { europe: [EU], 'all-regions': [EU, US] };
  it.each<[string, unknown, unknown, RegExp]>([
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
      /SYNC_DESTINATION_SETS property europe names "sets-eu" twice/,
    ],
    [
      'an empty set',
      { europe: [] },
      { Destinations: 'europe' },
      /property europe is \[\]; .*at least one bucket/,
    ],
    ['an impossible name', { 'a b': [EU] }, { Destinations: 'a b' }, /1 to 64 letters/],
  ])('%s', async (_what, sets, parameters, message) => {
    const { world } = await worldWithSets();
    await using _ = world;

    const outcome = await invoke(world, sets, parameters);

    expect(failureOf(outcome)).toMatchObject({
      type: 'ConfigurationError',
      message: expect.stringMatching(message),
    });
    expect(outcome.requests.filter(({ service }) => service === 's3')).toEqual([]);
  });

  it('but not for jobs that name no set', async () => {
    const { world } = await worldWithSets();
    await using _ = world;

    successOf(await invoke(world, '{not JSON', { DestinationBucket: EU }));
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
