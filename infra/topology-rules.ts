// What a topology may say, checked when it is defined: every mistake is one clear line before anything is synthesised.
import { RegionInfo } from 'aws-cdk-lib/region-info';
import { closest } from 'fastest-levenshtein';
import * as v from 'valibot';

const partitionByRegion = new Map(RegionInfo.regions.map((info) => [info.name, info.partition ?? 'aws']));

const regionSchema = v.pipe(
  v.string(),
  v.check(
    (name) => partitionByRegion.has(name),
    (issue) =>
      `"${String(issue.input)}" is no AWS region; did you mean "${closest(String(issue.input), [...partitionByRegion.keys()])}"?`,
  ),
);

const accountSchema = v.pipe(
  v.string(),
  v.regex(/^\d{12}$/, (issue) => `an account id has 12 digits, "${String(issue.input)}" does not`),
);

const millisecondsSchema = v.pipe(v.number(), v.integer(), v.minValue(1));

const inlinePolicySchema = v.strictObject({
  name: v.pipe(
    v.string(),
    v.regex(/^[\w+=,.@-]{1,100}$/, 'a policy name has 1 to 100 of [A-Za-z0-9_+=,.@-]'),
  ),
  /** `{account}` and `{qualifier}` in resources are filled in. */
  statements: v.pipe(
    v.array(
      v.strictObject({
        actions: v.pipe(
          v.array(
            v.pipe(
              v.string(),
              v.regex(/^[a-z0-9-]+:[A-Za-z]+$/, 'name each IAM action in full, without "*"'),
            ),
          ),
          v.minLength(1),
        ),
        resources: v.pipe(
          v.array(v.pipe(v.string(), v.startsWith('arn:', 'name resources by ARN'))),
          v.minLength(1),
        ),
        why: v.pipe(v.string(), v.minLength(1)),
      }),
    ),
    v.minLength(1),
  ),
});

const managedPolicySchema = v.strictObject({
  managedPolicyArn: v.pipe(
    v.string(),
    v.regex(/^arn:[a-z-]+:iam::(\d{12}|aws):policy\/.+$/, 'expected the ARN of a managed policy'),
    v.check(
      (arn) => !arn.endsWith('policy/AdministratorAccess'),
      'list what the templates need instead of AdministratorAccess',
    ),
  ),
});

const topologySchema = v.strictObject({
  /** First part of every name, so that several topologies can live in one account. */
  qualifier: v.pipe(
    v.string(),
    v.regex(/^[a-z][a-z0-9]{2,15}$/, 'a qualifier has 3 to 16 of [a-z0-9] and begins with a letter'),
  ),
  /** Where the pipeline, the function and all artifact stores live. */
  tools: v.strictObject({ account: accountSchema, primaryRegion: regionSchema }),
  /** Regions that get an artifact store; all but the primary one are destinations of the Sync stage. */
  regions: v.pipe(
    v.array(v.strictObject({ region: regionSchema, copyLatencyP99Ms: v.optional(millisecondsSchema) })),
    v.minLength(1),
  ),
  /** Accounts that environments live in. */
  deployAccounts: v.pipe(
    v.array(
      v.strictObject({
        name: v.pipe(
          v.string(),
          v.regex(/^[a-z][a-z0-9-]{0,31}$/, 'a deploy account name has 1 to 32 of [a-z0-9-]'),
        ),
        account: accountSchema,
        /** What CloudFormation may do there: managed policies by ARN, or statements. */
        policies: v.array(v.union([managedPolicySchema, inlinePolicySchema])),
        /** Name of a managed policy in that account that bounds CloudFormation's role. */
        permissionsBoundary: v.optional(
          v.pipe(v.string(), v.regex(/^[\w+=,.@/-]{1,512}$/, 'expected the name of a managed policy')),
        ),
      }),
    ),
    v.minLength(1),
  ),
  /** What is deployed where, in this order: one pipeline stage each. */
  environments: v.pipe(
    v.array(
      v.strictObject({
        name: v.pipe(
          v.string(),
          v.regex(/^[A-Za-z][A-Za-z0-9-]{0,31}$/, 'an environment name has 1 to 32 of [A-Za-z0-9-]'),
        ),
        deployAccount: v.string(),
        regions: v.optional(v.pipe(v.array(regionSchema), v.minLength(1))),
        /** A person approves between creating and executing the change sets. */
        approval: v.optional(v.boolean(), false),
      }),
    ),
    v.minLength(1),
  ),
  /** One Invoke action for each region in parallel, or one action for all of them. */
  sync: v.optional(v.picklist(['action-per-region', 'one-action']), 'action-per-region'),
  alarms: v.strictObject({
    /** Threshold of the copy latency alarm of regions that name none of their own. */
    copyLatencyP99Ms: millisecondsSchema,
    /** Whom the composite alarm tells: with an address a topic is created, an existing topic is used as it is. */
    notify: v.optional(
      v.union([
        v.strictObject({ email: v.pipe(v.string(), v.email()) }),
        v.strictObject({
          topicArn: v.pipe(
            v.string(),
            v.regex(/^arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}$/, 'expected the ARN of an SNS topic'),
          ),
        }),
      ]),
    ),
  }),
  /** Present: CodeBuild builds this repository's pull requests and publishes its branch to the build bucket. */
  github: v.optional(
    v.strictObject({
      connectionArn: v.pipe(
        v.string(),
        v.regex(
          /^arn:[a-z-]+:(codeconnections|codestar-connections):[a-z0-9-]+:\d{12}:connection\/[0-9a-f-]+$/,
          'expected the ARN of an approved CodeConnections connection',
        ),
      ),
      repository: v.pipe(v.string(), v.regex(/^[\w.-]+\/[\w.-]+$/, 'expected "owner/name"')),
      branch: v.optional(v.pipe(v.string(), v.minLength(1)), 'main'),
    }),
  ),
  /** Present: the bootstrap deploy roles may read the artifact stores, as the CDK Pipelines app needs. */
  cdkPipelines: v.optional(
    v.strictObject({
      bootstrapQualifier: v.optional(v.pipe(v.string(), v.regex(/^[a-z0-9]{1,10}$/)), 'hnb659fds'),
    }),
  ),
});

/** What a user writes. */
export type TopologyInput = v.InferInput<typeof topologySchema>;

/** A policy of a deploy account, spelled out. */
export type InlinePolicy = v.InferOutput<typeof inlinePolicySchema>;

type Parsed = v.InferOutput<typeof topologySchema>;

/** A deploy account of the topology. */
export type DeployAccount = Parsed['deployAccounts'][number];

/** A region with an artifact store. */
export interface StoreRegion {
  readonly region: string;
  readonly copyLatencyP99Ms: number;
}

/** An environment with its defaults filled in. */
export interface Environment {
  readonly name: string;
  readonly account: DeployAccount;
  readonly regions: readonly string[];
  readonly approval: boolean;
}

/** A checked topology with its defaults filled in. */
export interface Topology extends Omit<Parsed, 'regions' | 'environments'> {
  readonly partition: string;
  readonly regions: readonly StoreRegion[];
  /** Regions that the Sync stage copies to: all but the primary one. */
  readonly destinations: readonly StoreRegion[];
  readonly environments: readonly Environment[];
}

/** The topology contradicts itself or names something that cannot exist. */
export class TopologyError extends Error {
  override readonly name = 'TopologyError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`infra/topology.ts:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/**
 * Checks a topology and fills in its defaults.
 *
 * @throws {TopologyError} that lists everything that is wrong, not only the first thing
 */
export function defineTopology(input: TopologyInput): Topology {
  const result = v.safeParse(topologySchema, input);
  if (!result.success) {
    throw new TopologyError(
      result.issues.map((issue) => `${v.getDotPath(issue) ?? 'topology'}: ${issue.message}`),
    );
  }
  const parsed = result.output;
  const problems = contradictionsOf(parsed);
  if (problems.length > 0) throw new TopologyError(problems);

  const regions = parsed.regions.map(({ region, copyLatencyP99Ms }) => ({
    region,
    copyLatencyP99Ms: copyLatencyP99Ms ?? parsed.alarms.copyLatencyP99Ms,
  }));
  return {
    ...parsed,
    partition: partitionOf(parsed.tools.primaryRegion),
    regions,
    destinations: regions.filter(({ region }) => region !== parsed.tools.primaryRegion),
    environments: parsed.environments.map((environment) => ({
      name: environment.name,
      account: accountNamed(parsed, environment.deployAccount),
      regions: environment.regions ?? regions.map(({ region }) => region),
      approval: environment.approval,
    })),
  };
}

function contradictionsOf(topology: Parsed): string[] {
  const regionNames = topology.regions.map(({ region }) => region);
  const accountNames = topology.deployAccounts.map(({ name }) => name);
  const partition = partitionOf(topology.tools.primaryRegion);
  const github = topology.github;
  const topicRegion =
    topology.alarms.notify && 'topicArn' in topology.alarms.notify
      ? topology.alarms.notify.topicArn.split(':')[3]
      : undefined;
  return [
    ...duplicatesOf(regionNames).map((name) => `regions: "${name}" is listed twice`),
    ...duplicatesOf(accountNames).map((name) => `deployAccounts: the name "${name}" is used twice`),
    ...duplicatesOf(topology.deployAccounts.map(({ account }) => account)).map(
      (account) =>
        `deployAccounts: account ${account} is listed twice; list it once and let environments share it`,
    ),
    ...duplicatesOf(topology.environments.map(({ name }) => name.toLowerCase())).map(
      (name) => `environments: the name "${name}" is used twice`,
    ),
    ...topology.environments
      .filter(({ name }) => ['source', 'sync'].includes(name.toLowerCase()))
      .map(({ name }) => `environments: "${name}" is the name of another stage of the pipeline`),
    ...(regionNames.includes(topology.tools.primaryRegion)
      ? []
      : [
          `regions: the primary region "${topology.tools.primaryRegion}" has no artifact store; add it to regions`,
        ]),
    ...(regionNames.length > 1
      ? []
      : ['regions: the Sync stage needs at least one region besides the primary one']),
    ...regionNames
      .filter((region) => partitionOf(region) !== partition)
      .map(
        (region) =>
          `regions: "${region}" is in another partition than "${topology.tools.primaryRegion}"; S3 copies cannot cross partitions`,
      ),
    ...topology.environments.flatMap((environment) => [
      ...(accountNames.includes(environment.deployAccount)
        ? []
        : [
            `environments: "${environment.name}" names the deploy account "${environment.deployAccount}"; there is ${accountNames.join(', ')}`,
          ]),
      ...(environment.regions ?? [])
        .filter((region) => !regionNames.includes(region))
        .map(
          (region) =>
            `environments: "${environment.name}" is deployed to "${region}", which has no artifact store; add it to regions`,
        ),
      ...duplicatesOf(environment.regions ?? []).map(
        (region) => `environments: "${environment.name}" lists "${region}" twice`,
      ),
    ]),
    ...topology.deployAccounts
      .filter(({ name }) => !topology.environments.some((environment) => environment.deployAccount === name))
      .map(({ name }) => `deployAccounts: no environment is deployed to "${name}"`),
    ...(github && github.connectionArn.split(':')[4] !== topology.tools.account
      ? [
          `github: the connection is in account ${github.connectionArn.split(':')[4]}, the build is in ${topology.tools.account}`,
        ]
      : []),
    ...(topicRegion !== undefined && topicRegion !== topology.tools.primaryRegion
      ? [
          `alarms: the topic is in ${topicRegion}; an alarm can only tell a topic in its own region, ${topology.tools.primaryRegion}`,
        ]
      : []),
  ];
}

function duplicatesOf(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}

function partitionOf(region: string): string {
  return partitionByRegion.get(region) ?? 'aws';
}

function accountNamed(topology: Parsed, name: string): DeployAccount {
  const account = topology.deployAccounts.find((candidate) => candidate.name === name);
  if (!account) throw new TopologyError([`environments: no deploy account is named "${name}"`]);
  return account;
}
