// What `cdk bootstrap` leaves in an account and region, as far as deployments need it: the version, and the bucket of assets.

import { deployStack } from '../deploy.ts';
import type { Deployment } from '../deployment.ts';
import type { StackTemplate } from './assembly.ts';

/** The version of the bootstrap resources (aws-cdk, bootstrap template). */
const VERSION = 32;

/** Bootstraps every account and region that the stacks are deployed to. */
export function bootstrap(deployment: Deployment, stacks: readonly StackTemplate[], qualifier: string): void {
  const environments = new Map(stacks.map((stack) => [`${stack.account}/${stack.region}`, stack]));
  for (const { account, region } of environments.values()) {
    deployStack(deployment, {
      name: `CDKToolkit-${qualifier}`,
      account,
      region,
      dependsOn: [],
      template: template(qualifier),
    });
  }
}

function template(qualifier: string): StackTemplate['template'] {
  return {
    Resources: {
      CdkBootstrapVersion: {
        Type: 'AWS::SSM::Parameter',
        Properties: { Type: 'String', Name: `/cdk-bootstrap/${qualifier}/version`, Value: String(VERSION) },
      },
      StagingBucket: {
        Type: 'AWS::S3::Bucket',
        Properties: {
          BucketName: { 'Fn::Sub': `cdk-${qualifier}-assets-\${AWS::AccountId}-\${AWS::Region}` },
          VersioningConfiguration: { Status: 'Enabled' },
        },
      },
    },
  };
}
