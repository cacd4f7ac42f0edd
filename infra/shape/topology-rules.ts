// What a topology may say, checked when it is defined: every mistake is one clear line before anything is synthesised.

import * as v from 'valibot';
import { explainIssue } from './explain-issue.ts';
import { hasCodePipeline, partitionByRegion } from './regions.ts';
import { type inlinePolicySchema, topologySchema } from './topology-schema.ts';

/** What a user writes. */
export type TopologyInput = v.InferInput<typeof topologySchema>;

/** A policy of a deploy account, spelled out. */
export type InlinePolicy = v.InferOutput<typeof inlinePolicySchema>;

type Parsed = v.InferOutput<typeof topologySchema>;

/** The repository that releases are built from. */
export type GitHubSource = NonNullable<Parsed['github']>;

/** A deploy account of the topology. */
export type DeployAccount = Parsed['deployAccounts'][number];

/** A region with an artifact store. */
export interface StoreRegion {
  readonly region: string;
  readonly copyLatencyP99Ms: number;
  readonly keyGeneration: number;
  readonly codePipeline: boolean;
}

/** An environment with its defaults filled in. */
export interface Environment extends Omit<Parsed['environments'][number], 'deployAccount' | 'regions'> {
  readonly account: DeployAccount;
  readonly regions: readonly string[];
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
    super(`the topology:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

const checked = new WeakSet<object>();

/**
 * Checks a topology and fills in its defaults; one that it made is returned as it is.
 *
 * @throws {TopologyError} that lists everything that is wrong, not only the first thing
 */
export function defineTopology(input: TopologyInput): Topology {
  if (checked.has(input)) return input as unknown as Topology;
  const result = v.safeParse(topologySchema, input);
  if (!result.success) {
    throw new TopologyError(
      result.issues.map((issue) => `${v.getDotPath(issue) ?? 'topology'}: ${explainIssue(issue)}`),
    );
  }
  const parsed = result.output;
  const problems = contradictionsOf(parsed);
  if (problems.length > 0) throw new TopologyError(problems);

  const regions = parsed.regions.map((given) => ({
    ...given,
    copyLatencyP99Ms: given.copyLatencyP99Ms ?? parsed.alarms.copyLatencyP99Ms,
    codePipeline: inPipelines(given),
  }));
  const topology: Topology = {
    ...parsed,
    partition: partitionOf(parsed.tools.primaryRegion),
    regions,
    destinations: regions.filter(({ region }) => region !== parsed.tools.primaryRegion),
    environments: parsed.environments.map(({ deployAccount, ...environment }) => ({
      ...environment,
      account: accountNamed(parsed, deployAccount),
      regions: environment.regions ?? regions.filter(inPipelines).map(({ region }) => region),
    })),
  };
  checked.add(topology);
  return topology;
}

// Of either pipeline.
const OTHER_STAGES = ['source', 'build', 'updatepipeline', 'assets', 'sync'];

function contradictionsOf({
  tools: { account: toolsAccount, primaryRegion },
  regions,
  deployAccounts,
  environments,
  github,
  alarms: { notify },
}: Parsed): string[] {
  const regionNames = regions.map(({ region }) => region);
  const accountNames = deployAccounts.map(({ name }) => name);
  const connectionAccount = github?.connectionArn.split(':')[4];
  const topicRegion = notify && 'topicArn' in notify ? notify.topicArn.split(':')[3] : undefined;
  return [
    ...duplicatesOf(regionNames).map((name) => `regions: "${name}" is listed twice`),
    ...duplicatesOf(accountNames).map((name) => `deployAccounts: the name "${name}" is used twice`),
    ...duplicatesOf(deployAccounts.map(({ account }) => account)).map(
      (account) =>
        `deployAccounts: account ${account} is listed twice; list it once and let environments share it`,
    ),
    ...duplicatesOf(environments.map(({ name }) => name.toLowerCase())).map(
      (name) => `environments: the name "${name}" is used twice`,
    ),
    ...environments
      .filter(({ name }) => OTHER_STAGES.includes(name.toLowerCase()))
      .map(({ name }) => `environments: "${name}" is the name of another stage of the pipeline`),
    ...when(
      !regionNames.includes(primaryRegion),
      `regions: the primary region "${primaryRegion}" has no artifact store; add it to regions`,
    ),
    ...regions
      .filter((given) => !inPipelines(given))
      .flatMap(({ region }) => [
        ...when(region === primaryRegion, 'tools: the primary region'),
        ...environments
          .filter((environment) => environment.regions?.includes(region))
          .map(({ name }) => `environments: "${name}" is deployed to "${region}", but that region`),
      ])
      .map(
        (what) =>
          `${what} has no CodePipeline; it can only take copies. If it has by now, say "codePipeline: true" there`,
      ),
    ...regionNames
      .filter((region) => partitionOf(region) !== partitionOf(primaryRegion))
      .map(
        (region) =>
          `regions: "${region}" is in another partition than "${primaryRegion}"; S3 copies cannot cross partitions`,
      ),
    ...environments.flatMap(({ name, deployAccount, regions: deployed = [] }) => [
      ...when(
        !accountNames.includes(deployAccount),
        `environments: "${name}" names the deploy account "${deployAccount}"; there is ${accountNames.join(', ')}`,
      ),
      ...deployed
        .filter((region) => !regionNames.includes(region))
        .map(
          (region) =>
            `environments: "${name}" is deployed to "${region}", which has no artifact store; add it to regions`,
        ),
      ...duplicatesOf(deployed).map((region) => `environments: "${name}" lists "${region}" twice`),
    ]),
    ...accountNames
      .filter((name) => !environments.some(({ deployAccount }) => deployAccount === name))
      .map((name) => `deployAccounts: no environment is deployed to "${name}"`),
    ...when(
      connectionAccount !== undefined && connectionAccount !== toolsAccount,
      `github: the connection is in account ${connectionAccount}, the build is in ${toolsAccount}`,
    ),
    ...when(
      topicRegion !== undefined && topicRegion !== primaryRegion,
      `alarms: the topic is in ${topicRegion}; an alarm can only notify a topic in its own region, ${primaryRegion}`,
    ),
  ];
}

function when(condition: boolean, problem: string): string[] {
  return condition ? [problem] : [];
}

function duplicatesOf(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}

function inPipelines({ region, codePipeline }: Parsed['regions'][number]): boolean {
  return codePipeline ?? hasCodePipeline(region);
}

function partitionOf(region: string): string {
  return partitionByRegion.get(region) ?? 'aws';
}

function accountNamed(topology: Parsed, name: string): DeployAccount {
  const account = topology.deployAccounts.find((candidate) => candidate.name === name);
  if (!account) throw new TopologyError([`environments: no deploy account is named "${name}"`]);
  return account;
}
