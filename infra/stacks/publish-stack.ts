// CodeBuild for a GitHub repository: builds its pull requests, and publishes its branch to the build bucket.
import { Stack } from 'aws-cdk-lib';
import { CfnProject } from 'aws-cdk-lib/aws-codebuild';
import { CfnRole } from 'aws-cdk-lib/aws-iam';
import { CfnLogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { policyDocument, type Statement, trustService } from '../permissions/policy.ts';
import { artifactKeyArn, BUILD_OBJECTS, connectionAction, namesOf, s3ViaService } from '../shape/names.ts';
import type { Topology } from '../shape/topology-rules.ts';

/** Where the sources are, and the approved connection that leads there. */
export type GitHubSource = NonNullable<Topology['github']>;

/** Two projects, so that what a pull request runs never holds a role that may publish. */
export class PublishStack extends Stack {
  readonly #topology: Topology;
  readonly #github: GitHubSource;

  constructor(scope: Construct, topology: Topology, github: GitHubSource) {
    const names = namesOf(topology);
    super(scope, names.stacks.publish, {
      env: { account: topology.tools.account, region: topology.tools.primaryRegion },
      description: `Builds ${github.repository}`,
    });
    this.#topology = topology;
    this.#github = github;
    const artifact = (name: string): CfnProject.ArtifactsProperty => ({
      type: 'S3',
      location: names.buildBucket,
      name,
      namespaceType: 'NONE',
      packaging: 'ZIP',
      overrideArtifactName: false,
    });

    this.#project('PullRequest', {
      description: `Builds pull requests of ${github.repository}; publishes nothing`,
      events: 'PULL_REQUEST_CREATED, PULL_REQUEST_UPDATED, PULL_REQUEST_REOPENED',
      ref: { type: 'BASE_REF', pattern: branchPattern(github.branch) },
      artifacts: { type: 'NO_ARTIFACTS' },
      statements: [],
    });
    this.#project('Publish', {
      description: `Builds ${github.branch} of ${github.repository} and publishes it to ${names.buildBucket}`,
      events: 'PUSH',
      ref: { type: 'HEAD_REF', pattern: branchPattern(github.branch) },
      artifacts: artifact(BUILD_OBJECTS.templates),
      secondaryArtifacts: [{ ...artifact(BUILD_OBJECTS.code), artifactIdentifier: 'code' }],
      statements: publishStatements(topology),
    });
  }

  #project(id: string, build: Build): void {
    const { connectionArn, repository } = this.#github;
    const { qualifier, tools } = this.#topology;
    const name = `${qualifier}-${id === 'Publish' ? 'publish' : 'pull-request'}`;
    const logGroup = new CfnLogGroup(this, `${id}Logs`, {
      logGroupName: `/aws/codebuild/${name}`,
      retentionInDays: 90,
    });
    const role = new CfnRole(this, `${id}Role`, {
      roleName: name,
      assumeRolePolicyDocument: trustService('codebuild.amazonaws.com', {
        StringEquals: { 'aws:SourceAccount': tools.account },
      }),
      policies: [
        {
          policyName: 'exact',
          policyDocument: policyDocument([
            {
              Sid: 'UseConnection',
              Effect: 'Allow',
              // CodeBuild user guide, GitHub through a connection: fetch a token for the repository.
              Action: ['GetConnection', 'GetConnectionToken', 'UseConnection'].map((action) =>
                connectionAction(connectionArn, action),
              ),
              Resource: [connectionArn],
            },
            {
              Sid: 'WriteLogs',
              Effect: 'Allow',
              Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
              Resource: [logGroup.attrArn],
            },
            ...build.statements,
          ]),
        },
      ],
    });
    new CfnProject(this, id, {
      name,
      description: build.description,
      serviceRole: role.attrArn,
      source: {
        type: 'GITHUB',
        location: `https://github.com/${repository}.git`,
        auth: { type: 'CODECONNECTIONS', resource: connectionArn },
        buildSpec: 'buildspec.yml',
        gitCloneDepth: 1,
        reportBuildStatus: true,
      },
      artifacts: build.artifacts,
      ...(build.secondaryArtifacts ? { secondaryArtifacts: build.secondaryArtifacts } : {}),
      triggers: {
        webhook: true,
        filterGroups: [[{ type: 'EVENT', pattern: build.events }, build.ref]],
      },
      environment: {
        type: 'ARM_CONTAINER',
        computeType: 'BUILD_GENERAL1_SMALL',
        image: 'aws/codebuild/amazonlinux-aarch64-standard:3.0',
      },
      encryptionKey: artifactKeyArn(this.#topology, tools.primaryRegion),
      logsConfig: { cloudWatchLogs: { status: 'ENABLED', groupName: `/aws/codebuild/${name}` } },
      timeoutInMinutes: 30,
    }).addResourceDependency(logGroup);
  }
}

interface Build {
  readonly description: string;
  readonly events: string;
  readonly ref: CfnProject.WebhookFilterProperty;
  readonly artifacts: CfnProject.ArtifactsProperty;
  readonly secondaryArtifacts?: CfnProject.ArtifactsProperty[];
  readonly statements: readonly Statement[];
}

function publishStatements(topology: Topology): Statement[] {
  const bucketArn = `arn:${topology.partition}:s3:::${namesOf(topology).buildBucket}`;
  const { primaryRegion } = topology.tools;
  return [
    {
      Sid: 'FindBuildBucket',
      Effect: 'Allow',
      // CodeBuild checks whose bucket it publishes to.
      Action: ['s3:GetBucketAcl', 's3:GetBucketLocation'],
      Resource: [bucketArn],
    },
    {
      Sid: 'PublishBuilds',
      Effect: 'Allow',
      Action: ['s3:PutObject'],
      Resource: Object.values(BUILD_OBJECTS).map((key) => `${bucketArn}/${key}`),
    },
    {
      Sid: 'EncryptBuilds',
      Effect: 'Allow',
      // S3 makes the data key, and reads parts of large uploads back.
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: [artifactKeyArn(topology, primaryRegion)],
      Condition: { StringEquals: { 'kms:ViaService': s3ViaService(primaryRegion) } },
    },
  ];
}

function branchPattern(branch: string): string {
  return `^refs/heads/${branch.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`;
}
