// A small stack in an empty world, for tests that look at one thing.
import { World } from '../../../local/aws/state/world.ts';
import type { StackTemplate } from '../../../local/cloudformation/cdk/assembly.ts';
import { type DeployedStack, Deployment } from '../../../local/cloudformation/deployment.ts';
import { deployStack } from '../../../local/cloudformation/stack.ts';
import type { Template } from '../../../local/cloudformation/template/template.ts';

/** The account and region of the stacks. */
export const ACCOUNT = '111122223333';
export const REGION = 'eu-west-1';

/** A stack of a template, or of its resources alone. */
export function stackOf(template: Template, more: Partial<StackTemplate> = {}): StackTemplate {
  return { name: 'stack', account: ACCOUNT, region: REGION, template, dependsOn: [], ...more };
}

/** Deploys a template into an empty world, or on top of what is deployed. */
export function deploy(
  template: Template,
  more: Partial<StackTemplate> = {},
  deployment = new Deployment(new World()),
): DeployedStack {
  return deployStack(deployment, stackOf(template, more));
}

/** A resource that says nothing but a value: a parameter in the Parameter Store. */
export function parameter(value: unknown): object {
  return { Type: 'AWS::SSM::Parameter', Properties: { Type: 'String', Value: value } };
}

/** What a value becomes once it is deployed. */
export function deployedValue(
  value: unknown,
  rest: Template = {},
  more: Partial<StackTemplate> = {},
): unknown {
  const resources = typeof rest.Resources === 'object' ? rest.Resources : {};
  const stack = deploy({ ...rest, Resources: { ...resources, Value: parameter(value) } }, more);
  return stack.resources.get('Value')?.properties.Value;
}

/** A resource of a template. */
export const resource = (Type: string, Properties: object): object => ({ Type, Properties });
/** A policy document. */
export const policy = (...Statement: object[]): object => ({ Version: '2012-10-17', Statement });
/** A trust policy that lets a service assume the role. */
export const trust = (service: string): object =>
  policy({ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' });
/** A role that a service may assume. */
export const role = (service: string, more: object = {}): object =>
  resource('AWS::IAM::Role', { AssumeRolePolicyDocument: trust(service), ...more });

/** A bucket. */
export const bucket = (BucketName: string, more: object = {}): object =>
  resource('AWS::S3::Bucket', { BucketName, ...more });
/** The ARN of a resource of the same template. */
export const arnOf = (id: string): object => ({ 'Fn::GetAtt': [id, 'Arn'] });
