// The stack of one deploy account: the role that CodePipeline assumes there, and the role that CloudFormation uses.
import { Stack } from 'aws-cdk-lib';
import { CfnRole } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import {
  acknowledgeWildcards,
  policyDocument,
  type Statement,
  trustRole,
  trustService,
  type Wildcard,
} from '../permissions/policy.ts';
import { namesOf, regionsOf, roleArn, s3ViaService } from '../shape/names.ts';
import type { DeployAccount, InlinePolicy, Topology } from '../shape/topology-rules.ts';

/** The roles of one deploy account. Roles are global; the stack is in the primary region. */
export class DeployRolesStack extends Stack {
  constructor(scope: Construct, topology: Topology, deployAccount: DeployAccount) {
    const names = namesOf(topology);
    super(scope, names.stacks.deployRoles(deployAccount.name), {
      env: { account: deployAccount.account, region: topology.tools.primaryRegion },
      description: `Roles that the pipeline deploys with to ${deployAccount.name}`,
    });
    const read = readArtifacts(topology, deployAccount);
    const inline = deployAccount.policies.filter((policy): policy is InlinePolicy => 'statements' in policy);
    const managed = deployAccount.policies.filter((policy) => 'managedPolicyArn' in policy);
    const chosen = fillIn(inline, topology, deployAccount);
    const chosenForAction = fillIn(deployAccount.actionPolicies, topology, deployAccount);

    const cloudFormationRole = new CfnRole(this, 'CloudFormationRole', {
      roleName: names.cloudFormationRole,
      description: 'CloudFormation creates the resources of the environments with this role',
      assumeRolePolicyDocument: trustService('cloudformation.amazonaws.com'),
      ...(deployAccount.permissionsBoundary === undefined
        ? {}
        : {
            permissionsBoundary: `arn:${topology.partition}:iam::${deployAccount.account}:policy/${deployAccount.permissionsBoundary}`,
          }),
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
            findArtifacts(topology, deployAccount),
            ...read,
            describeKeys(topology, deployAccount),
          ]),
        },
        { policyName: 'deploy', policyDocument: policyDocument(deploy) },
        ...chosenForAction.policies,
      ],
    });

    const readWildcards = [
      {
        resources: objectArns(topology, deployAccount),
        reason: 'CodePipeline chooses the keys of artifacts at run time; the buckets are named.',
      },
      {
        resources: keysIn(topology, regionsOf(topology, deployAccount.name)),
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

function findArtifacts(topology: Topology, { name }: DeployAccount): Statement {
  const buckets = regionsOf(topology, name).map((region) => namesOf(topology).artifactBucket(region));
  return {
    Sid: 'FindArtifacts',
    Effect: 'Allow',
    // CodePipeline asks where the bucket is and whether it has versions before it reads.
    Action: ['s3:GetBucketLocation', 's3:GetBucketVersioning', 's3:ListBucket'],
    Resource: buckets.map((bucket) => `arn:${topology.partition}:s3:::${bucket}`),
  };
}

function readArtifacts(topology: Topology, { name }: DeployAccount): Statement[] {
  const names = namesOf(topology);
  const regions = regionsOf(topology, name);
  return [
    {
      Sid: 'ReadArtifacts',
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:GetObjectVersion'],
      Resource: regions.map((region) => `arn:${topology.partition}:s3:::${names.artifactBucket(region)}/*`),
    },
    {
      Sid: 'DecryptArtifacts',
      Effect: 'Allow',
      Action: ['kms:Decrypt'],
      Resource: keysIn(topology, regions),
      Condition: {
        StringEquals: { 'kms:ViaService': regions.map(s3ViaService) },
        // The ARN of a key of another account is not known here, its alias is.
        'ForAnyValue:StringEquals': { 'kms:ResourceAliases': names.artifactKeyAlias },
      },
    },
  ];
}

function describeKeys(topology: Topology, { name }: DeployAccount): Statement {
  return {
    Sid: 'DescribeArtifactKeys',
    Effect: 'Allow',
    // CodePipeline user guide, cross-account actions: CodePipeline looks at the key itself, so not through S3.
    Action: ['kms:DescribeKey'],
    Resource: keysIn(topology, regionsOf(topology, name)),
    Condition: { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': namesOf(topology).artifactKeyAlias } },
  };
}

function deployStatements(
  topology: Topology,
  deployAccount: DeployAccount,
  cloudFormationRoleArn: string,
): Statement[] {
  return [
    {
      Sid: 'ChangeStacks',
      Effect: 'Allow',
      Action: [
        'cloudformation:CreateChangeSet',
        'cloudformation:DeleteChangeSet',
        'cloudformation:DescribeChangeSet',
        // For the reason of a failure in the console.
        'cloudformation:DescribeStackEvents',
        'cloudformation:DescribeStacks',
        'cloudformation:ExecuteChangeSet',
      ],
      Resource: stackArns(topology, deployAccount),
    },
    {
      Sid: 'PassCloudFormationRole',
      Effect: 'Allow',
      Action: ['iam:PassRole'],
      Resource: [cloudFormationRoleArn],
      Condition: { StringEquals: { 'iam:PassedToService': 'cloudformation.amazonaws.com' } },
    },
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

function objectArns(topology: Topology, { name }: DeployAccount): string[] {
  return regionsOf(topology, name).map(
    (region) => `arn:${topology.partition}:s3:::${namesOf(topology).artifactBucket(region)}/*`,
  );
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
  const filled = policies.map(({ name, statements }) => ({
    name,
    statements: statements.map(({ actions, resources, why }) => ({
      actions,
      resources: resources.map((resource) =>
        resource.replaceAll(/\{\w+\}/g, (given) => values[given] ?? given),
      ),
      why,
    })),
  }));
  return {
    policies: filled.map(({ name, statements }) => ({
      policyName: name,
      policyDocument: policyDocument(
        statements.map(({ actions, resources }, index) => ({
          Sid: `S${index + 1}`,
          Effect: 'Allow',
          Action: actions,
          Resource: resources,
        })),
      ),
    })),
    wildcards: filled.flatMap(({ statements }) =>
      statements.map(({ resources, why }) => ({ resources, reason: `Chosen in the topology: ${why}` })),
    ),
  };
}
