// What the names in a template mean in one stack: parameters, resources, pseudo parameters, and other stacks.

import type { Deployment, StackPlace } from '../deployment.ts';
import { TemplateError } from '../deployment-error.ts';
import type { Identity } from '../resource-kind/resource-kind.ts';
import { conditionsOf } from './conditions.ts';
import type { Scope } from './intrinsics.ts';
import type { ParameterValue } from './parameters.ts';
import type { CheckedTemplate } from './template.ts';

/** The scope of a stack. `resources` are those that are made already; it may grow. */
export function scopeOf(
  stack: StackPlace,
  template: CheckedTemplate,
  parameters: ReadonlyMap<string, ParameterValue>,
  resources: ReadonlyMap<string, Identity>,
  deployment: Deployment,
): Scope {
  const pseudo: Readonly<Record<string, string | undefined>> = {
    'AWS::AccountId': stack.account,
    'AWS::NoValue': undefined,
    'AWS::Partition': 'aws',
    'AWS::Region': stack.region,
    'AWS::StackId': stack.id,
    'AWS::StackName': stack.name,
    'AWS::URLSuffix': 'amazonaws.com',
  };
  const made = (logicalId: string): Identity => {
    const identity = resources.get(logicalId);
    if (identity !== undefined) return identity;
    throw new TemplateError(
      `Template format error: Unresolved resource dependencies [${logicalId}] in the Resources block of the template`,
    );
  };
  const scope: Scope = {
    ref: (name) => {
      if (Object.hasOwn(pseudo, name)) return pseudo[name];
      return parameters.get(name) ?? made(name).ref;
    },
    attribute: (logicalId, name) => {
      const { attributes } = made(logicalId);
      if (Object.hasOwn(attributes, name)) return attributes[name];
      throw new TemplateError(
        `Template error: resource ${logicalId} does not support attribute type ${name} in Fn::GetAtt`,
      );
    },
    condition: (name) => condition(name),
    mapping: (map, key, name) => {
      const value = template.Mappings[map]?.[key]?.[name];
      if (value !== undefined) return value;
      throw new TemplateError(`Template error: Unable to get mapping for ${map}::${key}::${name}`);
    },
    exported: (name) => {
      const value = deployment.stacks
        .filter(({ account, region }) => account === stack.account && region === stack.region)
        .flatMap(({ exports }) => exports.get(name) ?? [])[0];
      if (value !== undefined) return value;
      throw new TemplateError(`No export named ${name} found.`);
    },
    stackOutput: (stackName, outputName, region = stack.region) => {
      const value = deployment.stack(stack.account, region, stackName)?.outputs.get(outputName);
      if (value !== undefined) return value;
      throw new TemplateError(
        `Fn::GetStackOutput: stack ${stackName} in ${region} of account ${stack.account} has no output ${outputName}`,
      );
    },
  };
  const condition = conditionsOf(template, scope);
  return scope;
}
