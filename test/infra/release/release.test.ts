// The packaged release: a zip of the very bundle, and a template that needs nothing but its parameters.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUNDLE_DIRECTORY } from '../../../infra/constructs/sync-artifacts-function.ts';
import { RELEASE_TEMPLATE, RELEASE_ZIP, writeRelease } from '../../../infra/release/package.ts';
import { buildReleaseApp, RELEASE_STACK } from '../../../infra/release/template.ts';
import { zipDirectory } from '../../../infra/release/zip.ts';
import { RELEASE_OBJECT } from '../../../infra/shape/names.ts';
import { at, type Json, listAt, objectsWith, stringsIn, synthesise } from '../synthesised.ts';

let directory: string;
let template: Json;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'release-'));
  // That the checks find nothing is seen where all stacks are held against them.
  await writeRelease(directory, { checks: false });
  template = JSON.parse(await readFile(join(directory, RELEASE_TEMPLATE), 'utf8')) as Json;
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

const section = (name: string): Record<string, Json> => (at(template, name) ?? {}) as Record<string, Json>;

describe('the zip', () => {
  it('holds the bundle that the replay runs, byte for byte, and nothing else', async () => {
    const zipped = unzipSync(await readFile(join(directory, RELEASE_ZIP)));
    const entries = await readdir(BUNDLE_DIRECTORY, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    expect(Object.keys(zipped).sort()).toEqual(files.map((file) => relative(BUNDLE_DIRECTORY, file)).sort());
    for (const file of files) {
      const bytes = zipped[relative(BUNDLE_DIRECTORY, file)];
      expect(Buffer.compare(Buffer.from(bytes ?? []), await readFile(file))).toBe(0);
    }
  });

  it('has a file for each handler of the template', async () => {
    const zipped = unzipSync(await readFile(join(directory, RELEASE_ZIP)));
    const handlers = objectsWith(template, 'Handler').map(({ Handler }) => String(Handler));
    expect(handlers).toHaveLength(2);
    for (const handler of handlers)
      expect(Object.keys(zipped)).toContain(handler.replace(/\.handler$/, '.mjs'));
  });

  it('is the same each time it is made', async () => {
    const again = await zipDirectory(BUNDLE_DIRECTORY);
    expect(Buffer.compare(again, await readFile(join(directory, RELEASE_ZIP)))).toBe(0);
  });
});

describe('the template', () => {
  it('takes the code, the buckets, the keys and the address as parameters', () => {
    expect(
      Object.entries(section('Parameters')).map(([id, parameter]) => [id, at(parameter, 'Type')]),
    ).toEqual([
      ['CodeBucket', 'String'],
      ['CodePrefix', 'String'],
      ['ArtifactKeyArns', 'CommaDelimitedList'],
      ['ArtifactBucketArns', 'CommaDelimitedList'],
      ['DestinationBucketArns', 'CommaDelimitedList'],
      ['DestinationKeyArns', 'CommaDelimitedList'],
      ['DestinationSets', 'String'],
      ['FunctionName', 'String'],
      ['LogLevel', 'String'],
      ['AlarmEmail', 'String'],
      ['SlowestCopyMs', 'Number'],
    ]);
  });

  it('upgrades with the command that installed it: the new zip is in the template, in no value that is kept', () => {
    const next = synthesise(buildReleaseApp('sync-artifacts-9.9.9.zip', { checks: false })).stack(
      RELEASE_STACK,
    );
    expect(next.template.Parameters).toEqual(section('Parameters'));
    expect(JSON.stringify(section('Parameters'))).not.toContain(RELEASE_ZIP);
    const keys = (json: Json): Json[] =>
      objectsWith(json, 'S3Key').map(({ S3Key }) => at(S3Key, 'Fn::Join.1.1') ?? null);
    expect(keys(template)).toEqual([RELEASE_ZIP, RELEASE_ZIP]);
    expect(keys(next.template)).toEqual(['sync-artifacts-9.9.9.zip', 'sync-artifacts-9.9.9.zip']);
  });

  it('takes artifact buckets without a customer managed key: then it grants no use of keys', () => {
    expect(at(section('Parameters').ArtifactKeyArns, 'Default')).toBe('');
    const statements = objectsWith(template, 'Fn::If').map((choice) => listAt(choice, 'Fn::If'));
    const [condition, statement, otherwise] =
      statements.find(([, then]) => at(then, 'Sid') === 'DecryptSources') ?? [];
    expect([condition, otherwise]).toEqual(['HasArtifactKeys', { Ref: 'AWS::NoValue' }]);
    expect(at(statement, 'Resource')).toEqual({ Ref: 'ArtifactKeyArns' });
  });

  it('uses every parameter and every condition that it declares', () => {
    const used = [...objectsWith(template, 'Ref').map(({ Ref }) => Ref), ...conditionsUsed()];
    expect(used).toEqual(
      expect.arrayContaining([...Object.keys(section('Parameters')), ...Object.keys(section('Conditions'))]),
    );
  });

  it('refers only to what is in it', () => {
    const inside = [...Object.keys(section('Parameters')), ...Object.keys(section('Resources'))];
    const references = [
      ...objectsWith(template, 'Ref').map(({ Ref }) => String(Ref)),
      ...objectsWith(template, 'Fn::GetAtt').map((attribute) => String(at(attribute, 'Fn::GetAtt.0'))),
    ].filter((name) => !name.startsWith('AWS::'));
    expect(references.length).toBeGreaterThan(30);
    expect(inside).toEqual(expect.arrayContaining([...new Set(references)]));
    expect(Object.keys(section('Conditions'))).toEqual(expect.arrayContaining(conditionsUsed()));
  });

  it('needs no macros, other stacks, bootstrapping or assets', () => {
    const text = JSON.stringify(template);
    for (const word of [
      'Transform',
      'Fn::ImportValue',
      'Fn::GetStackOutput',
      'cdk-hnb659fds',
      'BootstrapVersion',
      'aws:cdk',
    ]) {
      expect(text).not.toContain(word);
    }
  });

  it('can be deployed anywhere: no account and no region is written into it', () => {
    const strings = stringsIn(section('Resources') as Json).filter((text) => !text.includes('{"widgets"'));
    expect(strings.filter((text) => /\d{12}|\b[a-z]{2}-[a-z]+-\d\b/.test(text))).toEqual([]);
  });

  it('fits what CloudFormation takes from a file', () => {
    expect(Buffer.byteLength(JSON.stringify(template))).toBeLessThan(51_200); // CloudFormation quotas, template body
  });

  it('makes the topic only when there is an address', () => {
    const conditional = Object.values(section('Resources')).filter(
      (resource) => at(resource, 'Condition') === 'HasAlarmEmail',
    );
    expect(conditional.map((resource) => at(resource, 'Type')).sort()).toEqual([
      'AWS::KMS::Key',
      'AWS::SNS::Subscription',
      'AWS::SNS::Topic',
      'AWS::SNS::TopicPolicy',
    ]);
    const composite = Object.values(section('Resources')).find(
      (resource) => at(resource, 'Type') === 'AWS::CloudWatch::CompositeAlarm',
    );
    expect(at(composite, 'Properties.AlarmActions.0.Fn::If.0')).toBe('HasAlarmEmail');
  });

  it('turns a list of bucket ARNs into one of object ARNs without knowing its length', () => {
    const { Resource } = objectsWith(template, 'Sid').find(({ Sid }) => Sid === 'ReadSources') ?? {};
    const evaluated = evaluate(Resource ?? null, {
      ArtifactBucketArns: ['arn:aws:s3:::a', 'arn:aws:s3:::b'],
    });
    expect(evaluated).toEqual(['arn:aws:s3:::a/*', 'arn:aws:s3:::b/*']);
    expect(evaluate(Resource ?? null, { ArtifactBucketArns: ['arn:aws:s3:::a'] })).toEqual([
      'arn:aws:s3:::a/*',
    ]);
  });
});

describe('the sample builds', () => {
  it('hold what the reference pipeline looks for', async () => {
    const files = async (name: string): Promise<string[]> =>
      Object.keys(unzipSync(await readFile(join(directory, 'sample', name))));
    expect(await files(RELEASE_OBJECT)).toEqual(['template.yaml', 'code/index.mjs']);
    expect(
      await readFile(new URL('../../../infra/sample-workload/template.yaml', import.meta.url), 'utf8'),
    ).toContain('Handler: code/index.handler');
  });
});

function conditionsUsed(): string[] {
  return [
    ...Object.values(section('Resources')).flatMap(
      (resource) => (at(resource, 'Condition') as string | undefined) ?? [],
    ),
    ...objectsWith(template, 'Fn::If').map((choice) => String(at(choice, 'Fn::If.0'))),
  ];
}

/** The intrinsics that the lists use, as CloudFormation evaluates them. */
function evaluate(json: Json, parameters: Readonly<Record<string, readonly string[]>>): Json {
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return json.map((item: Json) => evaluate(item, parameters));
  const [name, argument] = Object.entries(json)[0] ?? ['', null];
  if (name === 'Ref') return parameters[String(argument)] ?? null;
  const [delimiter, value] = evaluate(argument, parameters) as readonly [string, Json];
  if (name === 'Fn::Join') return (value as readonly string[]).join(delimiter);
  if (name === 'Fn::Split') return String(value).split(delimiter);
  throw new Error(`not evaluated: ${name}`);
}
