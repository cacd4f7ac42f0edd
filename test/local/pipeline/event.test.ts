// What the replay reads out of an event: where artifacts lie, where copies have to be in the end.
import { describe, expect, it } from 'vitest';
import {
  EventError,
  type EventOptions,
  interpretEvent,
  readEvent,
} from '../../../local/pipeline/event/event.ts';
import { regionInName } from '../../../local/pipeline/regions.ts';

const artifact = (name: string, objectKey: string): object => ({
  name,
  revision: 'r1',
  location: { type: 'S3', s3Location: { bucketName: 'artifacts-eu-west-1', objectKey } },
});

function eventWith(parameters: unknown, data: object = {}): unknown {
  const UserParameters = typeof parameters === 'string' ? parameters : JSON.stringify(parameters);
  return {
    'CodePipeline.job': {
      id: '252c2b8f-8562-4549-aae7-06fa0cfc2146',
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

  it('refuses prose in the place of a bucket, as samples in documents have it', () => {
    const bucketName = 'the name of the bucket configured as the pipeline artifact store in CodePipeline';
    const location = { type: 'S3', s3Location: { bucketName, objectKey: 'the name of the application' } };
    const event = eventWith(
      { DestinationBucket: 'a-us-east-1' },
      { inputArtifacts: [{ name: 'App', location }] },
    );

    expect(() => interpretEvent(event, 'sample.json')).toThrow(
      /^sample\.json: input artifact App is in the bucket "the name of .*location\.s3Location\.bucketName\.$/,
    );
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

  it('says which regions it assumed, and takes those that are given', () => {
    const assumptionsOf = (options: EventOptions): readonly string[] =>
      interpretEvent(eventWith({ DestinationBucket: 'releases' }), 'event', options).assumptions;
    expect(assumptionsOf({})).toEqual([
      'Nothing says where releases is: assumed us-east-1. Set it with --bucket-region releases=REGION.',
    ]);
    expect(assumptionsOf({ bucketRegions: new Map([['releases', 'eu-west-1']]) })).toEqual([]);
  });

  it('takes the region of a bucket from the ARN of its key before it assumes one', () => {
    const KmsKeyId = 'arn:aws:kms:eu-north-1:111122223333:alias/releases';
    const { destinations, assumptions } = interpretEvent(
      eventWith({ DestinationBuckets: [{ Bucket: 'releases', KmsKeyId }] }),
      'event',
    );
    expect(destinations.map(({ region }) => region)).toEqual(['eu-north-1']);
    expect(assumptions).toEqual([]);
  });

  it.each([
    [{ DestinationBuckets: [{ Bucket: 'a', Region: 'eu-west-99' }] }, {}],
    [{ DestinationBucket: 'a' }, { bucketRegions: new Map([['a', 'eu-west-99']]) }],
  ])('refuses a region that does not exist: %j', (parameters, options) => {
    expect(() => interpretEvent(eventWith(parameters), 'event', options)).toThrow(
      /"eu-west-99", which is not an AWS region\. Did you mean "eu-west-\d"\?/,
    );
  });

  it('says that a key of another region cannot be the one of the artifact bucket', () => {
    const encryptionKey = { id: 'arn:aws:kms:us-west-2:111122223333:key/k', type: 'KMS' };
    const { region, assumptions } = interpretEvent(
      eventWith({ DestinationBucket: 'a-us-east-1' }, { encryptionKey }),
      'event',
    );
    expect(region).toBe('eu-west-1');
    expect(assumptions).toEqual([
      expect.stringContaining('encryptionKey is in us-west-2, the artifact bucket in eu-west-1'),
    ]);
  });

  it('resolves pipeline variables, and says which values it assumed', () => {
    const parameters = {
      DestinationBucket: 'a-us-east-1',
      Key: '{executionId}.zip',
      ExecutionId: '#{codepipeline.PipelineExecutionId}',
    };
    const assumed = interpretEvent(eventWith(parameters), 'event');
    const given = interpretEvent(eventWith(parameters), 'event', {
      variables: new Map([['codepipeline.PipelineExecutionId', 'e1']]),
    });
    expect(assumed.copies[0]?.key).toBe('4f1b6c2e-0d3a-4c57-9b8e-2a6d1f7e5c90.zip');
    expect(assumed.assumptions).toEqual([
      expect.stringContaining('Set it with --variable codepipeline.PipelineExecutionId=VALUE.'),
    ]);
    expect(given.copies[0]?.key).toBe('e1.zip');
    expect(given.assumptions).toEqual([]);
    expect(JSON.stringify([assumed.raw, given.raw])).not.toContain('#{');
  });

  it("takes the user's parameters instead of the event's own", () => {
    const { copies, raw } = interpretEvent(eventWith('some-input'), 'event', {
      userParameters: '{"DestinationBucket":"a-us-east-1"}',
    });
    expect(copies).toHaveLength(2);
    expect(JSON.stringify(raw)).not.toContain('some-input');
  });

  it.each([
    ['id', 'job-1', /job id "job-1".*UUID in lower case.*Change "id"/],
    ['accountId', '1234', /accountId "1234".*12 digits.*Change "accountId"/],
  ])('refuses a job with the %s %j in one sentence', (property, value, message) => {
    const event = eventWith({}) as { 'CodePipeline.job': Record<string, unknown> };
    event['CodePipeline.job'][property] = value;
    expect(() => interpretEvent(event, 'my.json')).toThrow(message);
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

  it.each([null, [], {}, { 'CodePipeline.job': { id: 'x' } }])(
    'refuses %j, which is not a job event',
    (raw) => {
      expect(() => interpretEvent(raw, 'my.json')).toThrow(/my\.json is not a CodePipeline job event/);
    },
  );
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
