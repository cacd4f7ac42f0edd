// The stack of one deploy account: the role that CodePipeline assumes there, and the role that CloudFormation uses.
import { Stack } from 'aws-cdk-lib';
import { CfnRole } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import {
  acknowledgeWildcards,
  policyDocument,
  trustRole,
  trustService,
  type Wildcard,
} from '../permissions/policy.ts';
import { allow, type Condition, type Statement } from '../permissions/statement.ts';
import { artifactBucketArn, namesOf, regionsOf, roleArn, s3ViaService } from '../shape/names.ts';
import type { DeployAccount, InlinePolicy, Topology } from '../shape/topology-rules.ts';

/** The roles of one deploy account. Roles are global; the stack is in the primary region. */
export class DeployRolesStack extends Stack {
  constructor(scope: Construct, topology: Topology, deployAccount: DeployAccount) {
    const names = namesOf(topology);
    super(scope, names.stacks.deployRoles(deployAccount.name), {
      env: { account: deployAccount.account, region: topology.tools.primaryRegion },
      description: `Roles that the pipeline deploys with to ${deployAccount.name}`,
    });
    const regions = regionsOf(topology, deployAccount.name);
    const read = readArtifacts(topology, regions);
    const inline = deployAccount.policies.filter((policy): policy is InlinePolicy => 'statements' in policy);
    const managed = deployAccount.policies.filter((policy) => 'managedPolicyArn' in policy);
    const chosen = fillIn(inline, topology, deployAccount);
    const chosenForAction = fillIn(deployAccount.actionPolicies, topology, deployAccount);
    const { account, permissionsBoundary } = deployAccount;

    const cloudFormationRole = new CfnRole(this, 'CloudFormationRole', {
      roleName: names.cloudFormationRole,
      description: 'CloudFormation creates the resources of the environments with this role',
      assumeRolePolicyDocument: trustService('cloudformation.amazonaws.com'),
      ...(permissionsBoundary === undefined
        ? {}
        : { permissionsBoundary: `arn:${topology.partition}:iam::${account}:policy/${permissionsBoundary}` }),
      managedPolicyArns: managed.map(({ managedPolicyArn }) => managedPolicyArn),
      policies: [
        // Lambda reads the code of a new function with the role that CloudFormation runs with, and asks for nothing else.
        { policyName: 'read-artifacts', policyDocument: policyDocument(read) },
        ...chosen.policies,
      ],
    });

    const deploy = deployStatements(topology, deployAccount, cloudFormationRole.attrArn);
    const actionRole = new CfnRole(this, 'ActionRole', {
      roleName: names.actionRole,
      description: 'CodePipeline creates and executes change sets with this role',
      assumeRolePolicyDocument: trustRole(
        topology.partition,
        topology.tools.account,
        roleArn(topology, topology.tools.account, names.pipelineRole),
      ),
      policies: [
        {
          policyName: 'read-artifacts',
          policyDocument: policyDocument([
            findArtifacts(topology, regions),
            ...read,
            describeKeys(topology, regions),
          ]),
        },
        { policyName: 'deploy', policyDocument: policyDocument(deploy) },
        ...chosenForAction.policies,
      ],
    });

    const readWildcards = [
      {
        resources: objectArns(topology, regions),
        reason: 'CodePipeline chooses the keys of artifacts at run time; the buckets are named.',
      },
      {
        resources: keysIn(topology, regions),
        reason:
          'The id of a key cannot be known in another account; the condition on kms:ResourceAliases names the one key.',
      },
    ];
    acknowledgeWildcards(cloudFormationRole, [...readWildcards, ...chosen.wildcards]);
    acknowledgeWildcards(actionRole, [
      ...readWildcards,
      {
        resources: stackArns(topology, deployAccount),
        reason: 'CloudFormation ends the ARN of a stack with an id of its own choice; the stack is named.',
      },
      ...chosenForAction.wildcards,
    ]);
  }
}

function findArtifacts(topology: Topology, regions: readonly string[]): Statement {
  // CodePipeline asks where the bucket is and whether it has versions before it reads.
  return allow(
    'FindArtifacts',
    ['s3:GetBucketLocation', 's3:GetBucketVersioning', 's3:ListBucket'],
    regions.map((region) => artifactBucketArn(topology, region)),
  );
}

function readArtifacts(topology: Topology, regions: readonly string[]): Statement[] {
  return [
    allow('ReadArtifacts', ['s3:GetObject', 's3:GetObjectVersion'], objectArns(topology, regions)),
    allow('DecryptArtifacts', ['kms:Decrypt'], keysIn(topology, regions), {
      StringEquals: { 'kms:ViaService': regions.map(s3ViaService) },
      ...onlyArtifactKey(topology),
    }),
  ];
}

function describeKeys(topology: Topology, regions: readonly string[]): Statement {
  // CodePipeline user guide, cross-account actions: CodePipeline looks at the key itself, so not through S3.
  return allow(
    'DescribeArtifactKeys',
    ['kms:DescribeKey'],
    keysIn(topology, regions),
    onlyArtifactKey(topology),
  );
}

// The ARN of a key of another account is not known here, its alias is.
function onlyArtifactKey(topology: Topology): Condition {
  return { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': namesOf(topology).artifactKeyAlias } };
}

function deployStatements(
  topology: Topology,
  deployAccount: DeployAccount,
  cloudFormationRoleArn: string,
): Statement[] {
  return [
    allow(
      'ChangeStacks',
      [
        'cloudformation:CreateChangeSet',
        'cloudformation:DeleteChangeSet',
        'cloudformation:DescribeChangeSet',
        // For the reason of a failure in the console.
        'cloudformation:DescribeStackEvents',
        'cloudformation:DescribeStacks',
        'cloudformation:ExecuteChangeSet',
      ],
      stackArns(topology, deployAccount),
    ),
    allow('PassCloudFormationRole', ['iam:PassRole'], [cloudFormationRoleArn], {
      StringEquals: { 'iam:PassedToService': 'cloudformation.amazonaws.com' },
    }),
  ];
}

function stackArns(topology: Topology, { name, account }: DeployAccount): string[] {
  return topology.environments
    .filter((environment) => environment.account.name === name)
    .flatMap((environment) =>
      environment.regions.map(
        (region) =>
          `arn:${topology.partition}:cloudformation:${region}:${account}:stack/${namesOf(topology).workloadStack(environment.name)}/*`,
      ),
    );
}

function keysIn(topology: Topology, regions: readonly string[]): string[] {
  return regions.map((region) => `arn:${topology.partition}:kms:${region}:${topology.tools.account}:key/*`);
}

function objectArns(topology: Topology, regions: readonly string[]): string[] {
  return regions.map((region) => `${artifactBucketArn(topology, region)}/*`);
}

/** Policies of the topology as a role takes them, and the reasons that it gives for wildcards. */
function fillIn(
  policies: readonly InlinePolicy[],
  topology: Topology,
  { account }: DeployAccount,
): { policies: CfnRole.PolicyProperty[]; wildcards: Wildcard[] } {
  const values: Readonly<Record<string, string>> = {
    '{partition}': topology.partition,
    '{account}': account,
    '{qualifier}': topology.qualifier,
  };
  const filled = (resources: readonly string[]): string[] =>
    resources.map((resource) => resource.replaceAll(/\{\w+\}/g, (given) => values[given] ?? given));
  return {
    policies: policies.map(({ name, statements }) => ({
      policyName: name,
      policyDocument: policyDocument(
        statements.map(({ actions, resources }, index) => allow(`S${index + 1}`, actions, filled(resources))),
      ),
    })),
    wildcards: policies.flatMap(({ statements }) =>
      statements.map(({ resources, why }) => ({
        resources: filled(resources),
        reason: `Chosen in the topology: ${why}`,
      })),
    ),
  };
}
