// Every property that a topology has: its form, its default, and what is said about a wrong value.
import { RegionInfo } from 'aws-cdk-lib/region-info';
import { closest } from 'fastest-levenshtein';
import * as v from 'valibot';

/** Every region that there is, with its partition. */
export const partitionByRegion = new Map(
  RegionInfo.regions.map((info) => [info.name, info.partition ?? 'aws']),
);

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

/** A policy of a deploy account, spelled out. */
export const inlinePolicySchema = v.strictObject({
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
        /** The reason with which cdk-nag's findings about wildcards in the resources are acknowledged. */
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

/** The topology as a user writes it. */
export const topologySchema = v.strictObject({
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
