// What the replay reads out of an event: where artifacts lie, where copies have to be in the end.
import { describe, expect, it } from 'vitest';
import { EventError, interpretEvent, readEvent, regionInName } from '../../../local/pipeline/event.ts';

const artifact = (name: string, objectKey: string): object => ({
  name,
  revision: 'r1',
  location: { type: 'S3', s3Location: { bucketName: 'artifacts-eu-west-1', objectKey } },
});

function eventWith(parameters: unknown, data: object = {}): unknown {
  const UserParameters = typeof parameters === 'string' ? parameters : JSON.stringify(parameters);
  return {
    'CodePipeline.job': {
      id: 'job-1',
      accountId: '111122223333',
      data: {
        actionConfiguration: { configuration: { FunctionName: 'f', UserParameters } },
        inputArtifacts: [artifact('App', 'p/App/1.zip'), artifact('Web', 'p/Web/2.zip')],
        outputArtifacts: [],
        ...data,
      },
    },
  };
}

const copiesOf = (parameters: unknown): string[] =>
  interpretEvent(eventWith(parameters), 'event').copies.map(
    ({ destination, key }) => `${destination.region}: ${destination.bucket}/${key}`,
  );

describe('interpretEvent', () => {
  it('expects every artifact in every destination, in the region that the bucket name contains', () => {
    expect(copiesOf({ DestinationBuckets: ['a-us-east-1', 'b.ap-south-1.c'] })).toEqual([
      'us-east-1: a-us-east-1/p/App/1.zip',
      'ap-south-1: b.ap-south-1.c/p/App/1.zip',
      'us-east-1: a-us-east-1/p/Web/2.zip',
      'ap-south-1: b.ap-south-1.c/p/Web/2.zip',
    ]);
  });

  it('lets Region win over the name, and spreads nameless buckets over regions', () => {
    const regions = interpretEvent(
      eventWith({ DestinationBuckets: [{ Bucket: 'x-us-east-1', Region: 'eu-south-2' }, 'one', 'two'] }),
      'event',
    ).destinations.map(({ region }) => region);
    expect(regions[0]).toBe('eu-south-2');
    expect(new Set(regions).size).toBe(3);
  });

  it('expects only the artifacts that InputArtifacts names', () => {
    expect(copiesOf({ DestinationBucket: 'a-us-east-1', InputArtifacts: ['Web'] })).toEqual([
      'us-east-1: a-us-east-1/p/Web/2.zip',
    ]);
  });

  it('expects copies under the keys of the templates, the nearest one first', () => {
    const parameters = {
      DestinationBuckets: [{ Bucket: 'a-us-east-1', Key: '{objectKey}' }, 'b-us-east-2'],
      Key: '{executionId}/{artifact}-{revision}.zip',
      ExecutionId: 'e1',
      InputArtifacts: ['App'],
    };
    expect(copiesOf(parameters)).toEqual([
      'us-east-1: a-us-east-1/p/App/1.zip',
      'us-east-2: b-us-east-2/e1/App-r1.zip',
    ]);
  });

  it.each(['', 'not JSON', '[]', '{"DestinationBuckets": 7}', '{"DestinationBuckets": [7, {}]}'])(
    'leaves parameters like %j to the function',
    (parameters) => {
      expect(interpretEvent(eventWith(parameters), 'event').copies).toEqual([]);
    },
  );

  it('hands the event on unchanged, and only sound artifacts to the embedded AWS', () => {
    const raw = eventWith({}, { inputArtifacts: [artifact('App', 'k'), { name: 'broken' }], extra: 1 });
    const event = interpretEvent(raw, 'event');
    expect(event.raw).toBe(raw);
    expect(event.data.inputArtifacts.map(({ name }) => name)).toEqual(['App']);
  });

  it.each([null, [], {}, { 'CodePipeline.job': { id: 'x' } }])('refuses %j as no job event', (raw) => {
    expect(() => interpretEvent(raw, 'my.json')).toThrow(/my\.json is no CodePipeline job event/);
  });
});

describe('readEvent', () => {
  it('says which file cannot be read', async () => {
    await expect(readEvent('no/such.json')).rejects.toThrow(EventError);
    await expect(readEvent('no/such.json')).rejects.toThrow('no/such.json');
  });

  it('says that a file is not JSON', async () => {
    await expect(readEvent('LICENSE')).rejects.toThrow('LICENSE is not JSON');
  });
});

describe('regionInName', () => {
  it.each([
    ['web-shop-artifacts-ap-southeast-2', 'ap-southeast-2'],
    ['us-gov-west-1-artifacts', 'us-gov-west-1'],
    ['my.eu-central-1.bucket', 'eu-central-1'],
    ['menu-west-1', undefined],
    ['artifacts', undefined],
  ])('finds in %s: %s', (bucket, region) => {
    expect(regionInName(bucket)).toBe(region);
  });
});
