// What AWS would refuse for its size when it is deployed, synthesis refuses, with the number that is too large.
import { readFileSync } from 'node:fs';
import type {
  IPolicyValidationContext,
  IPolicyValidationPlugin,
  PolicyValidationPluginReport,
  PolicyViolation,
} from 'aws-cdk-lib';
import { lengthOf, listOf, type Template, type TemplateResource, text } from './template.ts';

/** One quota: the resource type that it limits (none: the template as a whole), what is counted, its maximum and unit, and how to count it. */
type Limit = readonly [type: string | undefined, what: string, max: number, unit: string, measure: Measure];

type Measure = (resource: TemplateResource, template: Template) => number;

const property =
  (name: string): Measure =>
  ({ properties }) =>
    lengthOf(properties[name]);

/** Of a name that the template gives; one that a parameter gives is not known. */
const name =
  (property: string): Measure =>
  ({ properties }) =>
    typeof properties[property] === 'string' ? properties[property].length : 0;

/** The inline policies of a role: its own, and those that constructs attach to it. */
const inlinePolicies: Measure = ({ id, properties }, { resources }) =>
  [
    ...listOf(properties.Policies).map((policy) => policy.PolicyDocument),
    ...resources
      .filter(({ type, properties: { Roles } }) => type === 'AWS::IAM::Policy' && refersTo(Roles, id))
      .map((policy) => policy.properties.PolicyDocument),
  ]
    .map(lengthOf)
    .reduce((total, length) => total + length, 0);

const managedPolicies: Measure = ({ properties }) => listOf(properties.ManagedPolicyArns).length;

const environment: Measure = ({ properties: { Environment } }) =>
  lengthOf((Environment as { Variables?: unknown })?.Variables);

const widgets: Measure = ({ properties }) => text(properties.DashboardBody).split('"type":').length - 1;

const stages: Measure = ({ properties }) => listOf(properties.Stages).length;

const largestStage: Measure = ({ properties }) =>
  largest(listOf(properties.Stages).map(({ Actions }) => listOf(Actions).length));

const longest =
  (key: string): Measure =>
  (pipeline) =>
    largest(
      actionsOf(pipeline).map(({ Configuration }) =>
        lengthOf((Configuration as Record<string, unknown>)?.[key]),
      ),
    );

const ROLE = 'AWS::IAM::Role';
const PIPELINE = 'AWS::CodePipeline::Pipeline';

/** Sources: the quota pages of each service's user guide; where a quota can be raised, its default. */
const LIMITS: readonly Limit[] = [
  [undefined, 'template', 1_000_000, 'bytes', (_, { body }) => Buffer.byteLength(body)],
  [undefined, 'resources', 500, 'resources', (_, { resources }) => resources.length],
  [undefined, 'outputs', 200, 'outputs', (_, { outputs }) => outputs],
  [undefined, 'parameters', 200, 'parameters', (_, { parameters }) => parameters],
  [ROLE, 'inline policies', 10_240, 'characters', inlinePolicies],
  [ROLE, 'trust policy', 2048, 'characters', property('AssumeRolePolicyDocument')],
  [ROLE, 'managed policies', 10, 'policies', managedPolicies],
  [ROLE, 'name', 64, 'characters', name('RoleName')],
  ['AWS::IAM::ManagedPolicy', 'policy', 6144, 'characters', property('PolicyDocument')],
  ['AWS::S3::BucketPolicy', 'policy', 20_480, 'bytes', property('PolicyDocument')],
  ['AWS::S3::Bucket', 'name', 63, 'characters', name('BucketName')],
  ['AWS::KMS::Key', 'key policy', 32_768, 'bytes', property('KeyPolicy')],
  ['AWS::Lambda::Function', 'environment', 4096, 'bytes', environment],
  ['AWS::Lambda::Function', 'name', 64, 'characters', name('FunctionName')],
  ['AWS::Events::Rule', 'event pattern', 2048, 'characters', property('EventPattern')],
  ['AWS::CloudWatch::CompositeAlarm', 'rule', 10_240, 'characters', property('AlarmRule')],
  ['AWS::CloudWatch::Dashboard', 'widgets', 500, 'widgets', widgets],
  [PIPELINE, 'stages', 50, 'stages', stages],
  [PIPELINE, 'actions', 1000, 'actions', (pipeline) => actionsOf(pipeline).length],
  [PIPELINE, 'largest stage', 50, 'actions', largestStage],
  [PIPELINE, 'longest UserParameters', 1000, 'characters', longest('UserParameters')],
  [PIPELINE, 'longest ParameterOverrides', 1024, 'characters', longest('ParameterOverrides')],
];

/** Holds every template of an app against AWS's quotas of size. */
export class LimitChecks implements IPolicyValidationPlugin {
  readonly name = 'Limits';

  validate({ stackTemplates }: IPolicyValidationContext): PolicyValidationPluginReport {
    const violations = stackTemplates.flatMap(({ templatePath }) =>
      violationsOf(templateOf(readFileSync(templatePath, 'utf8')), templatePath),
    );
    return { success: violations.length === 0, violations };
  }
}

function violationsOf(template: Template, templatePath: string): PolicyViolation[] {
  return [
    ...excessesOfTemplate(template),
    ...template.resources.flatMap((resource) => excessesOf(resource, template)),
  ].map(({ id, rule, description }) => ({
    ruleName: rule,
    description: `${id}, ${description}`,
    severity: 'error',
    violatingResources: [{ resourceLogicalId: id, templatePath, locations: ['Properties'] }],
  }));
}

/** A quota that is exceeded. */
interface Excess {
  /** Logical id of the resource, or `template`. */
  readonly id: string;
  /** A name for the quota. */
  readonly rule: string;
  /** What is too large, how large it is, and what AWS takes. */
  readonly description: string;
}

/** The quotas that a template exceeds as a whole. */
export function excessesOfTemplate(template: Template): Excess[] {
  return excesses(undefined, { id: 'template', type: '', properties: {} }, template);
}

/** The quotas that a resource of a template exceeds. */
export function excessesOf(resource: TemplateResource, template: Template): Excess[] {
  return excesses(resource.type, resource, template);
}

function excesses(limitsOf: string | undefined, resource: TemplateResource, template: Template): Excess[] {
  return LIMITS.flatMap(([type, what, max, unit, measure]) => {
    if (type !== limitsOf) return [];
    const size = measure(resource, template);
    if (size <= max) return [];
    return [
      {
        id: resource.id,
        rule: `${type?.split('::').at(-1) ?? 'Template'} ${what}`.replaceAll(' ', '-'),
        description: `${what}: ${size.toLocaleString('en-US')} ${unit}; AWS takes ${max.toLocaleString('en-US')}`,
      },
    ];
  });
}

/** The template of a body in JSON, as the quotas are measured on it. */
export function templateOf(body: string): Template {
  const {
    Resources = {},
    Outputs = {},
    Parameters = {},
  } = JSON.parse(body) as {
    Resources?: Record<string, { Type: string; Properties?: Record<string, unknown> }>;
    Outputs?: object;
    Parameters?: object;
  };
  return {
    body,
    resources: Object.entries(Resources).map(([id, { Type, Properties = {} }]) => ({
      id,
      type: Type,
      properties: Properties,
    })),
    outputs: Object.keys(Outputs).length,
    parameters: Object.keys(Parameters).length,
  };
}

function actionsOf({ properties }: TemplateResource): Record<string, unknown>[] {
  return listOf(properties.Stages).flatMap(({ Actions }) => listOf(Actions));
}

function largest(numbers: readonly number[]): number {
  return Math.max(0, ...numbers);
}

function refersTo(roles: unknown, id: string): boolean {
  return listOf(roles).some(({ Ref }) => Ref === id);
}
