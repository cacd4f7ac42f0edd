// What adopt makes of pipelines of different shapes: one stage more, and every other byte where it was.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Adoption, type AdoptOptions, adopt } from '../../../cli/adopt/adopt.ts';
import { parseDestination } from '../../../cli/adopt/destinations.ts';
import { openDocument } from '../../../cli/adopt/document/document.ts';
import { insertion } from './insertion.ts';

const FIXTURES = new URL('fixtures/', import.meta.url);
const DEFAULTS: AdoptOptions = {
  destinations: [],
  inputs: [],
  functionName: 'sync-artifacts',
  stageName: 'Sync',
  namespace: 'Sync',
};

/** What is to be given with a file that does not say everything itself. */
const GIVEN: Readonly<Record<string, Partial<AdoptOptions>>> = {
  'one-store-v1.json': { before: 'Beta', destinations: [parseDestination('dr-bucket')] },
  'dashes-alone.yml': {
    before: 'Beta',
    destinations: [parseDestination('Bucket=dr-bucket,Region=eu-west-1')],
  },
  'two-pipelines-flow.yaml': { pipeline: 'Short' },
};
const FILES = readdirSync(FIXTURES);

function read(file: string): string {
  return readFileSync(new URL(file, FIXTURES), 'utf8');
}

function adoptFile(file: string, more: Partial<AdoptOptions> = {}): Extract<Adoption, { changed: true }> {
  const adoption = adopt(read(file), file, { ...DEFAULTS, ...GIVEN[file], ...more });
  if (!adoption.changed) throw new Error(`${file} was not changed`);
  return adoption;
}

describe.each(FILES)('%s', (file) => {
  it('gets one insertion, and is the same text otherwise', () => {
    const { text } = adoptFile(file);

    expect(insertion(read(file), text)).toContain('SyncArtifacts');
  });

  it('is not changed by a second run, with or without the options of the first', () => {
    const { text } = adoptFile(file);

    const { pipeline } = { ...GIVEN[file] };
    const few = { ...DEFAULTS, ...(pipeline === undefined ? {} : { pipeline }) };
    const again = [few, { ...DEFAULTS, ...GIVEN[file] }].map((options) => adopt(text, file, options));

    for (const { changed } of again) expect(changed).toBe(false);
  });

  it('still reads as what it was, with the stage before the one that needs the copies', () => {
    const { text, sync } = adoptFile(file);

    const names = stageNames(openDocument(text, file).value, GIVEN[file]?.pipeline);

    expect(names.indexOf('Sync')).toBe(sync.index);
    expect(names[sync.index + 1]).toBe(sync.before);
  });
});

function stageNames(file: unknown, wanted: string | undefined): unknown[] {
  const found = new Set<unknown>();
  const visit = (value: unknown, key: string): void => {
    if (typeof value !== 'object' || value === null) return;
    if (/^stages$/i.test(key) && Array.isArray(value)) found.add(value);
    for (const [name, entry] of Object.entries(value)) visit(entry, name);
  };
  const resources = (file as { Resources?: Record<string, unknown> }).Resources;
  visit(wanted === undefined ? file : resources?.[wanted], '');
  const [stages] = [...found] as { name?: unknown; Name?: unknown }[][];
  return (stages ?? []).map((stage) => stage.name ?? stage.Name);
}

it.each(['conditional.yaml', 'get-pipeline-two-regions.json', 'one-store-v1.json'])(
  'knows a Sync action of %s by its parameters, whatever the function is called',
  (file) => {
    const { text } = adoptFile(file, { functionName: 'copy-everywhere' });

    expect(adopt(text, file, DEFAULTS)).toMatchObject({ changed: false, actionName: 'SyncArtifacts' });
  },
);

it('adds Sync to a pipeline whose only Lambda actions are others', () => {
  expect(adoptFile('several-invoke-actions-minified.json').sync.before).toBe('Deploy');
});

describe('what is planned', () => {
  it.each([
    ['get-pipeline-two-regions.json', 'Deploy-East', ['SourceArtifact'], ['web-shop-artifacts-us-east-1']],
    ['v2-conditions.json', 'Deploy', ['Site'], ['release-ap-southeast-2', 'release-us-east-1']],
    ['several-invoke-actions-minified.json', 'Deploy', ['Image'], ['invokes-us-east-2']],
    ['one-store-v1.json', 'Beta', ['MyApp'], ['dr-bucket']],
    ['dashes-alone.yml', 'Beta', ['SourceOutput'], ['dr-bucket']],
    ['two-pipelines-flow.yaml', 'Paris', ['In'], ['there']],
    [
      'cdk-output.template.json',
      'Deploy',
      ['Artifact_Source_S3'],
      ['stack-support-us-east-1eplicationbucket'],
    ],
    ['seven-artifacts-crlf.yaml', 'Deploy', ['A1', 'A2', 'A3', 'A4', 'A5', 'A6', 'A7'], ['many-sa']],
    [
      'cross-region.yaml',
      'Deploy',
      ['Templates', 'Code'],
      // biome-ignore lint/suspicious/noTemplateCurlyInString: CloudFormation's own placeholder
      [{ 'Fn::Sub': 'artifacts-${AWS::AccountId}-${SecondRegion}' }],
    ],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: CloudFormation's own placeholder
    ['template.json', 'West', ['Source'], [{ 'Fn::ImportValue': { 'Fn::Sub': '${Network}-west' } }]],
  ])('for %s goes before %s', (file, before, inputs, buckets) => {
    const { sync } = adoptFile(file);

    expect(sync.before).toBe(before);
    expect(sync.inputs).toEqual(inputs);
    expect(sync.destinations.map(({ Bucket }) => Bucket)).toEqual(buckets);
  });

  it('has an action for every five artifacts, each with its own name and namespace', () => {
    const { text } = adoptFile('seven-artifacts-crlf.yaml');

    expect(text).toMatch(
      /- Name: SyncArtifacts\r\n[\s\S]*A5\r\n\s+Namespace: Sync\r\n\s+- Name: SyncArtifacts2\r\n/,
    );
    expect(text).toMatch(/- Name: A6\r\n\s+- Name: A7\r\n\s+Namespace: Sync2\r\n\s+- Name: Deploy\r\n/);
  });
});

it('names a set of destinations of the function, whose policies belong to the function', () => {
  const { text, advice } = adoptFile('one-store-v1.json', {
    destinations: [],
    destinationSet: 'all-regions',
  });

  expect(text).toContain(
    JSON.stringify('{"Destinations":"all-regions","ExecutionId":"#{codepipeline.PipelineExecutionId}"}'),
  );
  expect(JSON.stringify(advice)).not.toContain('s3:PutObject');
});

it.each([
  ['get-pipeline-two-regions.json', 4, '\n'],
  ['cdk-output.template.json', 1, ''],
  ['several-invoke-actions-minified.json', 0, ''],
])('writes the stage into %s in the indentation of the file', (file, indent, end) => {
  const { text } = adoptFile(file);

  expect(text).toBe(JSON.stringify(JSON.parse(text), null, indent) + end);
});

describe('a template in YAML', () => {
  it('gets the stage in its own indentation and short tags, above the comment of the next stage', () => {
    const { text } = adoptFile('cross-region.yaml');

    expect(insertion(read('cross-region.yaml'), text)).toMatchInlineSnapshot(`
      "- Name: Sync
                Actions:
                  - Name: SyncArtifacts
                    ActionTypeId:
                      Category: Invoke
                      Owner: AWS
                      Provider: Lambda
                      Version: '1'
                    RunOrder: 1
                    Configuration:
                      FunctionName: sync-artifacts
                      UserParameters: !Sub
                        - '{"DestinationBuckets":[{"Bucket":"artifacts-\${AWS::AccountId}-\${SecondRegion}","Region":"\${SecondRegion}","KmsKeyId":"\${SyncValue1}"}],"ExecutionId":"#{codepipeline.PipelineExecutionId}"}'
                        - SyncValue1: !ImportValue twin-key-arn
                    InputArtifacts:
                      - Name: Templates
                      - Name: Code
                    Namespace: Sync

              "
    `);
  });

  it('makes a destination that exists under a condition depend on that condition', () => {
    const { text } = adoptFile('conditional.yaml');

    expect(insertion(read('conditional.yaml'), text)).toMatchInlineSnapshot(`
      "Sync
              Actions:
              - Name: SyncArtifacts
                ActionTypeId:
                  Category: Invoke
                  Owner: AWS
                  Provider: Lambda
                  Version: '1'
                RunOrder: 1
                Configuration:
                  FunctionName: sync-artifacts
                  UserParameters: !Sub
                    - '{"DestinationBuckets":[{"Bucket":"artifacts-eu-central-1","Region":"eu-central-1"}\${SyncValue1}],"ExecutionId":"#{codepipeline.PipelineExecutionId}"}'
                    - SyncValue1: !If
                        - HasTokyo
                        - !Sub ',{"Bucket":"artifacts-\${AWS::AccountId}-ap-northeast-1","Region":"ap-northeast-1"}'
                        - ''
                InputArtifacts:
                - Name: !Sub \${AWS::StackName}-source
                Namespace: Sync
            - Name: "
    `);
  });
});

describe('policies', () => {
  it('let the pipeline invoke, and the function read and write what the stage names', () => {
    const { advice } = adoptFile('get-pipeline-two-regions.json', {
      functionRole: 'arn:aws:iam::111122223333:role/sync',
    });

    const [pipeline, role, sourceKey, destinationKey, ...more] = advice;
    expect(more).toEqual([]);
    expect(pipeline?.statements).toEqual([
      {
        Sid: 'InvokeSync',
        Effect: 'Allow',
        Action: ['lambda:InvokeFunction'],
        Resource: ['arn:aws:lambda:us-west-2:111122223333:function:sync-artifacts'],
      },
    ]);
    expect(role?.statements).toContainEqual({
      Sid: 'EncryptDestinations',
      Effect: 'Allow',
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: ['arn:aws:kms:us-east-1:111122223333:key/77d10c5e-64a8-4c5f-b1b0-2a9e3f4d5c02'],
      Condition: { StringEquals: { 'kms:ViaService': ['s3.us-east-1.amazonaws.com'] } },
    });
    expect(role?.statements).toContainEqual(
      expect.objectContaining({
        Sid: 'ReadSources',
        Resource: ['arn:aws:s3:::web-shop-artifacts-us-west-2/*'],
      }),
    );
    for (const key of [sourceKey, destinationKey]) {
      expect(key?.statements).toEqual([
        expect.objectContaining({ Principal: { AWS: 'arn:aws:iam::111122223333:role/sync' }, Resource: '*' }),
      ]);
    }
  });

  it('of a bucket in another account are named with the bucket', () => {
    const { advice } = adoptFile('get-pipeline-two-regions.json', {
      destinations: [parseDestination('Bucket=theirs,Region=eu-west-1,BucketOwner=444455556666')],
    });

    expect(advice.map(({ where }) => where)).toContain(
      'Bucket policy of theirs, which is in another account',
    );
    expect(JSON.stringify(advice)).toContain('arn:aws:kms:eu-west-1:444455556666:key/<key of theirs>');
  });

  it('of a template are written with its own references', () => {
    const { advice } = adoptFile('cross-region.yaml');

    const text = JSON.stringify(advice);

    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: CloudFormation's own placeholders
    expect(text).toContain('{"Fn::Sub":"arn:${AWS::Partition}:s3:::${ArtifactBucket}/*"}');
    expect(text).toContain('{"Fn::GetAtt":["Key","Arn"]}');
    expect(text).toContain('"Resource":[{"Fn::ImportValue":"twin-key-arn"}]');
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: CloudFormation's own placeholders
  });
});

describe('what cannot be adopted is refused with what to do', () => {
  const twoRegions = 'get-pipeline-two-regions.json';
  it.each<[string, Partial<AdoptOptions>, RegExp]>([
    [
      twoRegions,
      { before: 'Deploy-eats' },
      /no stage "Deploy-eats"; expected one of Deploy, Deploy-East\. Did you mean "Deploy-East"\?/,
    ],
    [twoRegions, { before: 'Source' }, /first one, whose actions are sources/],
    [twoRegions, { inputs: ['SourceArtefact'] }, /"SourceArtefact"; expected SourceArtifact\. Did you mean/],
    [twoRegions, { stageName: 'Deploy' }, /has a stage Deploy already.*--stage-name/],
    [twoRegions, { region: 'eu-west-1' }, /no store in eu-west-1/],
    [twoRegions, { destinations: [parseDestination('Not_A_Bucket')] }, /function would refuse.*Not_A_Bucket/],
    [
      'several-invoke-actions-minified.json',
      { namespace: 'Ticket' },
      /namespace Ticket already.*--namespace/,
    ],
    ['one-store-v1.json', { before: 'Beta', destinations: [] }, /one artifact store.*--destination/],
    [
      'two-pipelines-flow.yaml',
      { pipeline: 'Shirt' },
      /no pipeline "Shirt"; expected Short or Long\. Did you mean "Short"\?/,
    ],
  ])('%s with %j', (file, more, message) => {
    expect(() => adoptFile(file, more)).toThrow(message);
  });

  it.each([
    ['{"stages": 1}', /has no pipeline: expected the output of/],
    ['{"Resources": {}}', /no resource of type AWS::CodePipeline::Pipeline/],
    [
      'Resources: {P: {Type: "AWS::CodePipeline::Pipeline", Properties: {Stages: !FindInMap [a, b, c]}}}',
      /made by an intrinsic function/,
    ],
    ['a: [', /neither JSON nor YAML/],
    ['{"a": 1', /neither JSON nor YAML/],
  ])('%s', (text, message) => {
    expect(() => adopt(text, 'file', DEFAULTS)).toThrow(message);
  });

  it('twenty destinations with keys, which do not fit into the parameters of an action', () => {
    const destinations = Array.from({ length: 20 }, (_, index) =>
      parseDestination(`Bucket=release-artifacts-${index},KmsKeyId=alias/release-artifacts-${index}`),
    );

    expect(() => adoptFile(twoRegions, { destinations })).toThrow(/1\d{3} characters.*SYNC_DESTINATION_SETS/);
  });
});

describe('stores without a key', () => {
  const pipeline = JSON.parse(read('get-pipeline-two-regions.json')) as {
    pipeline: { artifactStores: Record<string, { encryptionKey?: object; location: string }> };
  };
  const text = (withKeys: boolean): string => {
    const stores = Object.entries(pipeline.pipeline.artifactStores).map(
      ([region, { encryptionKey, ...store }]) => [
        region,
        withKeys
          ? { ...store, encryptionKey: encryptionKey ?? { id: 'alias/artifacts', type: 'KMS' } }
          : store,
      ],
    );
    return JSON.stringify({ pipeline: { ...pipeline.pipeline, artifactStores: Object.fromEntries(stores) } });
  };
  const notesFor = (withKeys: boolean, more: Partial<AdoptOptions> = {}): string => {
    const adoption = adopt(text(withKeys), 'pipeline.json', { ...DEFAULTS, ...more });
    return adoption.changed ? adoption.sync.notes.join('\n') : '';
  };

  it('are pointed out, unless the buckets are named on the command line', () => {
    expect(notesFor(false)).toContain('the store has no encryptionKey');
    expect(notesFor(true)).not.toContain('encryptionKey');
    expect(notesFor(false, { destinations: [parseDestination('dr-bucket')] })).not.toContain('encryptionKey');
  });
});
