// Bad parameters and malformed events: one ConfigurationError that names the property, and nothing is written.
import { describe, expect } from 'vitest';
import { pipelineTest } from '../harness/pipeline-test.ts';
import {
  eventWith,
  expectFailure,
  failureOf,
  type Outcome,
  successOf,
  TestPipeline,
} from '../harness/test-pipeline.ts';

const BUCKET = 'bad-input-eu';

type BadProperty = readonly [what: string, given: object, is: string, ...says: string[]];

/** One property of a destination that is an object, beside its name. */
const DESTINATION_PROPERTIES: readonly BadProperty[] = [
  ['an impossible region', { Region: 'Ireland' }, 'Region is "Ireland"', 'eu-west-1'],
  ['an impossible key id', { KmsKeyId: 'my key!' }, 'KmsKeyId is "my key!"', 'alias/NAME'],
  ['an impossible account', { BucketOwner: '1234' }, 'BucketOwner is "1234"', '12 digits'],
  ['a number as account', { BucketOwner: 111122223333 }, 'BucketOwner is 111122223333', 'a string'],
  ['a bad template in an object', { Key: '{nope}' }, 'Key is "{nope}"'],
];

const MODES = 'auto, copy, relay, audit';
const PROOFS = 'size-only, etag, checksum';
const PLACEHOLDERS = '{objectKey}, {artifact}, {revision}, {executionId}';
const TOO_LONG = `${'ä'.repeat(510)}/{artifact}`;

/** Properties beside the destination. */
const OTHER_PROPERTIES: readonly BadProperty[] = [
  [
    'an unknown artifact',
    { InputArtifacts: ['Ap'] },
    'InputArtifacts names "Ap"',
    'input artifacts App, Templates',
    'Did you mean "App"?',
  ],
  ['an artifact twice', { InputArtifacts: ['App', 'App'] }, 'InputArtifacts names "App" twice'],
  ['no artifacts chosen', { InputArtifacts: [] }, 'InputArtifacts is []'],
  ['one artifact, no list', { InputArtifacts: 'App' }, 'InputArtifacts is "App"'],
  ['an artifact number', { InputArtifacts: [1] }, 'InputArtifacts[0] is 1'],
  ['an unknown mode', { Mode: 'Relay' }, 'Mode is "Relay"', MODES, 'Did you mean "relay"?'],
  ['a mode of another type', { Mode: true }, 'Mode is true'],
  [
    'an unknown proof',
    { MinimumProof: 'checksums' },
    'MinimumProof is "checksums"',
    PROOFS,
    'Did you mean "checksum"?',
  ],
  [
    'an unknown rule for other objects',
    { Overwrite: 'replaced' },
    'Overwrite is "replaced"',
    'replace, never',
    'Did you mean "replace"?',
  ],
  ['an unknown rule for annotations', { Annotations: true }, 'Annotations is true', 'exclude, copy'],
  [
    'an unknown placeholder',
    { Key: 'r/{artefact}.zip' },
    'Key is "r/{artefact}.zip"',
    PLACEHOLDERS,
    'Did you mean "artifact"?',
  ],
  ['an open brace', { Key: 'r/{artifact' }, 'Key is "r/{artifact"'],
  ['an empty template', { Key: '' }, 'Key is ""'],
  [
    'a template without its execution id',
    { Key: '{executionId}/{artifact}' },
    'Key is',
    'ExecutionId',
    '#{codepipeline.PipelineExecutionId}',
  ],
  ['a template without its revision', { Key: '{revision}/{artifact}' }, 'Key is', '"App" has no revision'],
  [
    'a template that does not tell artifacts apart',
    { Key: 'latest.zip' },
    'Key is "latest.zip"',
    '"App" and "Templates"',
    'the same key "latest.zip"',
  ],
  ['a template that gives too long a key', { Key: TOO_LONG }, 'Key gives', 'at most 1024'],
  ['an empty execution id', { ExecutionId: '' }, 'ExecutionId is ""'],
];

type BadParameters = readonly [what: string, parameters: unknown, ...says: (string | RegExp)[]];

/** Parameters, and what the message must say: the property, what was given, what is expected. */
const BAD_PARAMETERS: readonly BadParameters[] = [
  ['no text', '', 'UserParameters is missing', '{"DestinationBucket":"regional-pipeline-bucket"}'],
  ['no JSON', '{DestinationBucket: x}', 'UserParameters is not JSON', '{DestinationBucket: x}'],
  ['cut-off JSON', '{"DestinationBucket":"x', 'UserParameters is not JSON'],
  ['a JSON array', ['a-bucket'], 'UserParameters is ["a-bucket"]', 'a JSON object'],
  ['a JSON string', '"a-bucket"', 'UserParameters is "a-bucket"', 'a JSON object'],
  ['null', 'null', 'UserParameters is null', 'a JSON object'],
  [
    'over 1000 characters',
    { DestinationBucket: BUCKET, ExecutionId: 'x'.repeat(1000) },
    /has 10\d\d characters/,
    'at most 1000',
  ],
  [
    'no destination',
    {},
    'names no destination',
    'exactly one of DestinationBucket, DestinationBuckets, Destinations',
  ],
  [
    'both destinations',
    { DestinationBucket: BUCKET, DestinationBuckets: [BUCKET] },
    'has DestinationBucket and DestinationBuckets',
  ],
  [
    'a typo',
    { DestinationBuket: BUCKET },
    'unknown property "DestinationBuket"',
    'DestinationBuckets, Destinations, InputArtifacts',
    'Did you mean "DestinationBucket"?',
  ],
  ['another case', { destinationbuckets: [BUCKET] }, 'Did you mean "DestinationBuckets"?'],
  ['half a name', { Destination: BUCKET }, 'Did you mean "DestinationBucket"?'],
  ['a name of every object', { DestinationBucket: BUCKET, toString: 1 }, 'unknown property "toString"'],
  [
    'a prototype',
    `{"DestinationBucket":"${BUCKET}","__proto__":{"Mode":"copy"}}`,
    'unknown property "__proto__"',
  ],
  [
    'nothing alike',
    { DestinationBucket: BUCKET, Colour: 'red' },
    'unknown property "Colour"',
    /MinimumProof, Overwrite, Annotations, ExecutionId, \$schema\.$/,
  ],
  ['a number as bucket', { DestinationBucket: 7 }, 'property DestinationBucket is 7', 'a string'],
  ['null as bucket', { DestinationBucket: null }, 'property DestinationBucket is null', 'a string'],
  [
    'an impossible bucket name',
    { DestinationBucket: 'No_Such_Name' },
    'property DestinationBucket is "No_Such_Name"',
    '3 to 63 lower-case letters',
  ],
  ['a short bucket name', { DestinationBucket: 'ab' }, 'property DestinationBucket is "ab"'],
  ['a long bucket name', { DestinationBucket: 'a'.repeat(64) }, 'property DestinationBucket is "aaa'],
  ['an IP address', { DestinationBucket: '192.168.5.4' }, 'property DestinationBucket is "192.168.5.4"'],
  ...[
    'xn--shop',
    'sthree-shop',
    'shop-s3alias',
    'shop--ol-s3',
    'shop.mrap',
    'shop--x-s3',
    'shop--table-s3',
  ].map((name): [string, object, string] => [
    `the name of something other than a bucket (${name})`,
    { DestinationBucket: name },
    `property DestinationBucket is "${name}"`,
  ]),
  ['an empty bucket name', { DestinationBucket: '' }, 'property DestinationBucket is ""'],
  ['an ARN', { DestinationBucket: `arn:aws:s3:::${BUCKET}` }, 'property DestinationBucket is "arn:aws:s3'],
  [
    'a bucket where a list belongs',
    { DestinationBuckets: BUCKET },
    `property DestinationBuckets is "${BUCKET}"`,
    'an array of bucket names or objects',
  ],
  ['an empty list', { DestinationBuckets: [] }, 'property DestinationBuckets is []', 'at least one bucket'],
  ['a number in the list', { DestinationBuckets: [BUCKET, 7] }, 'property DestinationBuckets[1] is 7'],
  [
    'an impossible name in the list',
    { DestinationBuckets: [BUCKET, 'Upper'] },
    'property DestinationBuckets[1] is "Upper"',
  ],
  [
    'a bucket twice',
    { DestinationBuckets: [BUCKET, { Bucket: BUCKET, Key: 'other/{objectKey}' }] },
    `property DestinationBuckets names "${BUCKET}" twice`,
  ],
  [
    'an object without Bucket',
    { DestinationBuckets: [{ Region: 'eu-west-1' }] },
    'property DestinationBuckets[0].Bucket is missing',
  ],
  [
    'a typo in an object',
    { DestinationBuckets: [{ Bucket: BUCKET, KmsKeyID: 'alias/a' }] },
    'unknown property "DestinationBuckets[0].KmsKeyID"',
    'Bucket, Region, KmsKeyId, BucketOwner, Key',
    'Did you mean "KmsKeyId"?',
  ],
  ...DESTINATION_PROPERTIES.map(([what, destination, says, ...more]): BadParameters => {
    const DestinationBuckets = [{ Bucket: BUCKET, ...destination }];
    return [what, { DestinationBuckets }, `property DestinationBuckets[0].${says}`, ...more];
  }),
  ...OTHER_PROPERTIES.map(([what, parameters, says, ...more]): BadParameters => {
    return [what, { DestinationBucket: BUCKET, ...parameters }, `property ${says}`, ...more];
  }),
];

async function createPipeline(): Promise<TestPipeline> {
  const pipeline = await TestPipeline.start();
  pipeline.addArtifact('App');
  pipeline.addArtifact('Templates');
  pipeline.addDestination(BUCKET);
  return pipeline;
}

const it = pipelineTest(createPipeline);

function expectRefusal(outcome: Outcome, says: readonly (string | RegExp)[]): void {
  expectFailure(outcome, 'ConfigurationError', ...says);
  expect(outcome.requests.filter(({ service }) => service === 's3')).toEqual([]);
}

describe('UserParameters', () => {
  it.for(BAD_PARAMETERS)(
    'with %s are refused before S3 is asked anything',
    async ([_, parameters, ...says], { pipeline }) => {
      expectRefusal(await pipeline.invoke(parameters), says);
    },
  );

  it('that are nested thousands of levels deep are refused without being written down', async ({
    pipeline,
  }) => {
    const deep = nested(100_000);
    const configuration = { FunctionName: 'sync-artifacts', UserParameters: deep };
    const job = pipeline.job({ DestinationBucket: BUCKET });

    const outcome = await pipeline.run(eventWith(job, { actionConfiguration: { configuration } }));

    expectRefusal(outcome, ['UserParameters is an array of many levels', 'JSON text']);
  });

  it('that are not there are refused', async ({ pipeline }) => {
    const data = { actionConfiguration: { configuration: { FunctionName: 'sync-artifacts' } } };
    expectRefusal(await pipeline.invoke({}, { data }), ['UserParameters is missing']);
  });

  it('are refused with all that is wrong with them at once', async ({ pipeline }) => {
    const outcome = await pipeline.invoke({ DestinationBucket: 'Bad', Mode: 'fast', MinimumProof: 'none' });
    expectRefusal(outcome, ['property DestinationBucket', 'property Mode', 'property MinimumProof']);
  });

  it('that ask for a relay are refused without artifactCredentials', async ({ pipeline }) => {
    const { event } = pipeline.job({ DestinationBucket: BUCKET, Mode: 'relay' });
    const outcome = await pipeline.run(edited(event, (job) => delete job.data.artifactCredentials));
    expectFailure(outcome, 'ConfigurationError', 'property Mode is "relay"');
    expect(outcome.writes).toEqual([]);
  });
});

type LooseJob = Record<string, unknown> & { data: Record<string, unknown> };

/** A copy of an event with a change. */
function edited(event: unknown, change: (job: LooseJob) => unknown): unknown {
  const copy = structuredClone(event) as { 'CodePipeline.job': LooseJob };
  change(copy['CodePipeline.job']);
  return copy;
}

function artifactsWith(change: object): (job: LooseJob) => void {
  return (job) => {
    job.data.inputArtifacts = (job.data.inputArtifacts as object[]).map((each) => ({ ...each, ...change }));
  };
}

const MALFORMED: readonly [what: string, change: (job: LooseJob) => unknown, ...says: (string | RegExp)[]][] =
  [
    ['no input artifacts', (job) => (job.data.inputArtifacts = []), 'inputArtifacts', '1 to 5'],
    ['inputArtifacts null', (job) => (job.data.inputArtifacts = null), 'inputArtifacts'],
    ['inputArtifacts missing', (job) => delete job.data.inputArtifacts, 'inputArtifacts'],
    [
      'inputArtifacts of another type',
      (job) => (job.data.inputArtifacts = 'App'),
      'data.inputArtifacts is "App"',
    ],
    [
      'more artifacts than an action can have',
      (job) =>
        (job.data.inputArtifacts = Array.from({ length: 6 }, () => (job.data.inputArtifacts as object[])[0])),
      'inputArtifacts',
      'at most 5',
    ],
    ['an artifact without name', artifactsWith({ name: undefined }), 'inputArtifacts[0].name is missing'],
    ['an artifact name that is none', artifactsWith({ name: 'a b' }), 'inputArtifacts[0].name is "a b"'],
    ['an artifact without location', artifactsWith({ location: null }), 'inputArtifacts[0].location is null'],
    [
      'an artifact that is not in S3',
      artifactsWith({ location: { type: 'Git' } }),
      'inputArtifacts[0].location.type is "Git"',
      '"S3"',
    ],
    [
      'an artifact without key',
      artifactsWith({ location: { type: 'S3', s3Location: { bucketName: 'b' } } }),
      'inputArtifacts[0].location.s3Location.objectKey is missing',
    ],
    [
      'an artifact with an empty bucket name',
      artifactsWith({ location: { type: 'S3', s3Location: { bucketName: '', objectKey: 'k' } } }),
      'inputArtifacts[0].location.s3Location.bucketName is ""',
    ],
    [
      'an artifact with a longer key than S3 has',
      (job) => {
        const s3Location = { bucketName: 'b', objectKey: 'k'.repeat(1025) };
        artifactsWith({ location: { type: 'S3', s3Location } })(job);
        const UserParameters = JSON.stringify({ DestinationBucket: BUCKET, Key: '{artifact}' });
        job.data.actionConfiguration = { configuration: { UserParameters } };
      },
      's3Location.objectKey is',
      'at most 1024 bytes',
    ],
    ['no data', (job) => Reflect.deleteProperty(job, 'data'), "The job's data is missing"],
    ['an account id that is none', (job) => (job.accountId = 'mine'), 'The job\'s accountId is "mine"'],
    [
      'configuration of another type',
      (job) => (job.data.actionConfiguration = 'none'),
      'actionConfiguration is "none"',
    ],
    [
      'UserParameters of another type',
      (job) =>
        (job.data.actionConfiguration = { configuration: { UserParameters: { DestinationBucket: BUCKET } } }),
      'UserParameters is {"DestinationBucket"',
      'JSON text',
    ],
    [
      'credentials without a secret',
      (job) => (job.data.artifactCredentials = { accessKeyId: 'ASIASECRETSECRET' }),
      'artifactCredentials.secretAccessKey is not usable',
    ],
    [
      'credentials of another type',
      (job) => (job.data.artifactCredentials = 'ASIASECRETSECRET'),
      'artifactCredentials is not usable',
    ],
  ];

function nested(levels: number): unknown {
  let value: unknown = [];
  for (let level = 0; level < levels; level++) value = [value];
  return value;
}

describe('half of a surrogate pair', () => {
  it.for([
    ['an object key', { objectKey: 'a\ud800.zip' }, {}, 'objectKey'],
    ['a bucket name', { bucketName: 'a\udc00' }, {}, 'bucketName'],
    ['a key template', {}, { Key: 'releases/\ud800/{artifact}.zip' }, 'property Key'],
    ['an execution id', {}, { Key: '{executionId}/{artifact}', ExecutionId: '\udfff' }, 'property Key'],
  ] as const)(
    'in %s is refused before S3 is asked anything',
    async ([_what, location, parameters, says], { pipeline }) => {
      const { event } = pipeline.job({ DestinationBucket: BUCKET, ...parameters });
      const outcome = await pipeline.run(
        edited(event, (job) => {
          const [artifact] = job.data.inputArtifacts as { location: { s3Location: object } }[];
          Object.assign(artifact?.location.s3Location ?? {}, location);
        }),
      );
      expectRefusal(outcome, [says, 'well-formed Unicode text']);
    },
  );
});

describe('an event', () => {
  it.for(MALFORMED)(
    'with %s is refused before S3 is asked anything',
    async ([_, change, ...says], { pipeline }) => {
      const outcome = await pipeline.run(edited(pipeline.job({ DestinationBucket: BUCKET }).event, change));
      expectRefusal(outcome, says);
      expect(failureOf(outcome).message).not.toContain('ASIASECRET');
    },
  );

  it.for([
    ['nothing', undefined],
    ['null', null],
    ['text', 'CodePipeline.job'],
    ['another service', { Records: [{ eventSource: 'aws:s3' }] }],
    ['a job without id', { 'CodePipeline.job': { accountId: '111122223333', data: {} } }],
    ['an id of another type', { 'CodePipeline.job': { id: 7 } }],
    ['an id that is none', { 'CodePipeline.job': { id: '../../etc' } }],
  ] as const)(
    'with %s is logged once and thrown, since there is no job to answer',
    async ([_what, event], { pipeline }) => {
      const outcome = await pipeline.run(event);
      expect(outcome.thrown).toEqual(new Error('the event is not a CodePipeline job'));
      expect(outcome.log).toEqual([
        { level: 'error', message: expect.stringContaining('"CodePipeline.job".id'), fields: {} },
      ]);
      expect(outcome.requests).toEqual([]);
    },
  );

  it('may lack what is optional and carry what nobody knows', async ({ pipeline }) => {
    const { event } = pipeline.job({ DestinationBucket: BUCKET });
    const outcome = await pipeline.run(
      edited(event, (job) => {
        Object.assign(job, { nonce: 'x', 'future-field': {} });
        Object.assign(job.data, { encryptionKey: null, continuationToken: null, outputArtifacts: null });
        artifactsWith({ revision: null, sha: 1 })(job);
        delete job.data.artifactCredentials;
      }),
    );
    successOf(outcome);
  });
});
