// What AWS would refuse for its size when it is deployed, synthesis refuses, with the number that is too large.
import { readFileSync } from 'node:fs';
import type {
  IPolicyValidationContext,
  IPolicyValidationPlugin,
  PolicyValidationPluginReport,
  PolicyViolation,
} from 'aws-cdk-lib';
import { lengthOf, listOf, type Template, type TemplateResource, text } from './template.ts';

/** One quota: what is measured, and how much of it AWS takes. */
interface Limit {
  /** The type of resource that it is a limit of; none for the template as a whole. */
  readonly type?: string;
  readonly what: string;
  readonly max: number;
  readonly unit: string;
  readonly measure: (resource: TemplateResource, template: Template) => number;
}

const property =
  (name: string) =>
  ({ properties }: TemplateResource): number =>
    lengthOf(properties[name]);

/** Of a name that the template gives; one that a parameter gives is not known. */
const name =
  (property: string) =>
  ({ properties }: TemplateResource): number =>
    typeof properties[property] === 'string' ? properties[property].length : 0;

/** Sources: the quota pages of each service's user guide; where a quota can be raised, its default. */
const LIMITS: readonly Limit[] = [
  { what: 'template', max: 1_000_000, unit: 'bytes', measure: (_, { body }) => Buffer.byteLength(body) },
  { what: 'resources', max: 500, unit: 'resources', measure: (_, { resources }) => resources.length },
  { what: 'outputs', max: 200, unit: 'outputs', measure: (_, { outputs }) => outputs },
  { what: 'parameters', max: 200, unit: 'parameters', measure: (_, { parameters }) => parameters },
  {
    type: 'AWS::IAM::Role',
    what: 'inline policies',
    max: 10_240,
    unit: 'characters',
    measure: ({ id, properties }, { resources }) =>
      [
        ...listOf(properties.Policies).map((policy) => policy.PolicyDocument),
        // Policies that constructs attach to the role.
        ...resources
          .filter(({ type, properties: { Roles } }) => type === 'AWS::IAM::Policy' && refersTo(Roles, id))
          .map((policy) => policy.properties.PolicyDocument),
      ]
        .map(lengthOf)
        .reduce((total, length) => total + length, 0),
  },
  {
    type: 'AWS::IAM::Role',
    what: 'trust policy',
    max: 2048,
    unit: 'characters',
    measure: property('AssumeRolePolicyDocument'),
  },
  {
    type: 'AWS::IAM::Role',
    what: 'managed policies',
    max: 10,
    unit: 'policies',
    measure: ({ properties }) => listOf(properties.ManagedPolicyArns).length,
  },
  { type: 'AWS::IAM::Role', what: 'name', max: 64, unit: 'characters', measure: name('RoleName') },
  {
    type: 'AWS::IAM::ManagedPolicy',
    what: 'policy',
    max: 6144,
    unit: 'characters',
    measure: property('PolicyDocument'),
  },
  {
    type: 'AWS::S3::BucketPolicy',
    what: 'policy',
    max: 20_480,
    unit: 'bytes',
    measure: property('PolicyDocument'),
  },
  { type: 'AWS::S3::Bucket', what: 'name', max: 63, unit: 'characters', measure: name('BucketName') },
  { type: 'AWS::KMS::Key', what: 'key policy', max: 32_768, unit: 'bytes', measure: property('KeyPolicy') },
  {
    type: 'AWS::Lambda::Function',
    what: 'environment',
    max: 4096,
    unit: 'bytes',
    measure: ({ properties }) => lengthOf((properties.Environment as { Variables?: unknown })?.Variables),
  },
  {
    type: 'AWS::Lambda::Function',
    what: 'name',
    max: 64,
    unit: 'characters',
    measure: name('FunctionName'),
  },
  {
    type: 'AWS::Events::Rule',
    what: 'event pattern',
    max: 2048,
    unit: 'characters',
    measure: property('EventPattern'),
  },
  {
    type: 'AWS::CloudWatch::CompositeAlarm',
    what: 'rule',
    max: 10_240,
    unit: 'characters',
    measure: property('AlarmRule'),
  },
  {
    type: 'AWS::CloudWatch::Dashboard',
    what: 'widgets',
    max: 500,
    unit: 'widgets',
    measure: ({ properties }) => text(properties.DashboardBody).split('"type":').length - 1,
  },
  {
    type: 'AWS::CodePipeline::Pipeline',
    what: 'stages',
    max: 50,
    unit: 'stages',
    measure: ({ properties }) => listOf(properties.Stages).length,
  },
  {
    type: 'AWS::CodePipeline::Pipeline',
    what: 'actions',
    max: 1000,
    unit: 'actions',
    measure: ({ properties }) => actionsOf(properties).length,
  },
  {
    type: 'AWS::CodePipeline::Pipeline',
    what: 'largest stage',
    max: 50,
    unit: 'actions',
    measure: ({ properties }) =>
      largest(listOf(properties.Stages).map(({ Actions }) => listOf(Actions).length)),
  },
  {
    type: 'AWS::CodePipeline::Pipeline',
    what: 'longest UserParameters',
    max: 1000,
    unit: 'characters',
    measure: ({ properties }) => longest(properties, 'UserParameters'),
  },
  {
    type: 'AWS::CodePipeline::Pipeline',
    what: 'longest ParameterOverrides',
    max: 1024,
    unit: 'characters',
    measure: ({ properties }) => longest(properties, 'ParameterOverrides'),
  },
];

/** Holds every template of an app against AWS's quotas of size. */
export class LimitChecks implements IPolicyValidationPlugin {
  readonly name = 'Limits';

  validate({ stackTemplates }: IPolicyValidationContext): PolicyValidationPluginReport {
    const violations = stackTemplates.flatMap(({ templatePath }) =>
      violationsOf(readTemplate(templatePath), templatePath),
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
  return LIMITS.filter(({ type }) => type === limitsOf).flatMap(({ type, what, max, unit, measure }) => {
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

function readTemplate(path: string): Template {
  return templateOf(readFileSync(path, 'utf8'));
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

function actionsOf(properties: TemplateResource['properties']): Record<string, unknown>[] {
  return listOf(properties.Stages).flatMap(({ Actions }) => listOf(Actions));
}

function longest(properties: TemplateResource['properties'], key: string): number {
  return largest(
    actionsOf(properties).map(({ Configuration }) =>
      lengthOf((Configuration as Record<string, unknown>)?.[key]),
    ),
  );
}

function largest(numbers: readonly number[]): number {
  return Math.max(0, ...numbers);
}

function refersTo(roles: unknown, id: string): boolean {
  return listOf(roles).some(({ Ref }) => Ref === id);
}
