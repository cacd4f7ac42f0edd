// Bootstraps accounts and regions as `cdk bootstrap` does: with the very template of the CDK CLI.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Deployment } from '../deployment.ts';
import { deployStack } from '../stack.ts';
import { parseTemplate } from '../template/parse-template.ts';
import type { Template } from '../template/template.ts';
import type { StackTemplate } from './assembly.ts';
import { AWS_MANAGED_POLICIES } from './aws-managed-policies.ts';

let cached: Template | undefined;

/** Bootstraps every account and region that the stacks are deployed to, with what the CLI chooses by default. */
export function bootstrap(deployment: Deployment, stacks: readonly StackTemplate[], qualifier: string): void {
  for (const [arn, document] of Object.entries(AWS_MANAGED_POLICIES)) {
    if (!deployment.world.managedPolicies.has(arn)) deployment.world.managedPolicies.create(arn, document);
  }
  const environments = new Map(stacks.map((stack) => [`${stack.account}/${stack.region}`, stack]));
  for (const { account, region } of environments.values()) {
    deployStack(deployment, {
      name: `CDKToolkit-${qualifier}`,
      account,
      region,
      template: bootstrapTemplate(),
      parameters: {
        Qualifier: qualifier,
        FileAssetsBucketKmsKeyId: 'AWS_MANAGED_KEY',
        PublicAccessBlockConfiguration: 'true',
      },
    });
  }
}

function bootstrapTemplate(): Template {
  const file = import.meta.resolve('aws-cdk/lib/api/bootstrap/bootstrap-template.yaml');
  cached ??= parseTemplate(readFileSync(fileURLToPath(file), 'utf8'));
  return cached;
}
