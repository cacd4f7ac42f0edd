// Every property that a topology has: its form, its default, and the message about a wrong value.
import { closest } from 'fastest-levenshtein';
import * as v from 'valibot';
import { partitionByRegion } from './regions.ts';

const regionSchema = v.pipe(
  v.string(),
  v.check(
    (name) => partitionByRegion.has(name),
    (issue) =>
      `"${String(issue.input)}" is not an AWS region; did you mean "${closest(String(issue.input), [...partitionByRegion.keys()])}"?`,
  ),
);

const accountSchema = v.pipe(
  v.string(),
  v.regex(/^\d{12}$/, (issue) => `an account id has 12 digits, "${String(issue.input)}" does not`),
);

const positiveSchema = v.pipe(v.number(), v.integer(), v.minValue(1));

/** A policy of a deploy account, spelled out. */
export const inlinePolicySchema = v.strictObject({
  name: v.pipe(
    v.string(),
    v.regex(/^[\w+=,.@-]{1,100}$/, 'a policy name has 1 to 100 of [A-Za-z0-9_+=,.@-]'),
  ),
  /** `{partition}`, `{account}` and `{qualifier}` in resources are filled in. */
  statements: v.pipe(
    v.array(
      v.strictObject({
        actions: v.pipe(
          v.array(
            v.pipe(
              v.string(),
              v.regex(/^[a-z0-9-]+:[A-Za-z0-9]+$/, 'name each IAM action in full, without "*"'),
            ),
          ),
          v.minLength(1),
        ),
        resources: v.pipe(
          // `*` is for the many actions that take nothing else; elsewhere policy-advice.ts warns of it.
          v.array(v.pipe(v.string(), v.regex(/^(\*|arn:.+)$/, 'name resources by ARN, or "*"'))),
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

const filterSchema = v.optional(
  v.strictObject({ includes: v.optional(patternsSchema()), excludes: v.optional(patternsSchema()) }),
);

function patternsSchema() {
  // CodePipeline API, GitBranchFilterCriteria and its siblings: at most 8 patterns of 255 characters.
  return v.pipe(
    v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(255))),
    v.minLength(1),
    v.maxLength(8),
  );
}

/** The topology as a user writes it. */
export const topologySchema = v.strictObject({
  /** First part of every name, so that several topologies can live in one account. */
  qualifier: v.pipe(
    v.string(),
    v.regex(/^[a-z][a-z0-9]{2,15}$/, 'a qualifier has 3 to 16 of [a-z0-9] and begins with a letter'),
  ),
  /** Where the pipeline, the function and all artifact stores live. */
  tools: v.strictObject({ account: accountSchema, primaryRegion: regionSchema }),
  /** Qualifier of the bootstrap stacks of all accounts (`cdk bootstrap --qualifier`). */
  bootstrapQualifier: v.optional(v.pipe(v.string(), v.regex(/^[a-z0-9]{1,10}$/)), 'hnb659fds'),
  /** `account-regional`: bucket names end in `-an`, and no other account can ever take them. */
  bucketNamespace: v.optional(v.picklist(['global', 'account-regional']), 'global'),
  /** Regions that get an artifact store; all but the primary one are destinations of the Sync stage. */
  regions: v.pipe(
    v.array(
      v.strictObject({
        region: regionSchema,
        copyLatencyP99Ms: v.optional(positiveSchema),
        /** Raised by one, the store gets a new key, and all that uses the store follows; also after the store was recreated. */
        keyGeneration: v.optional(positiveSchema, 1),
        /** Whether CodePipeline is in the region; only needed where regions.ts does not know it yet. */
        codePipeline: v.optional(v.boolean()),
      }),
    ),
    v.minLength(1),
  ),
  retention: v.optional(
    v.strictObject({
      /** Days until artifacts expire. Not given, they never do: what stacks were deployed from, a rollback needs. */
      artifactDays: v.optional(positiveSchema),
      /** Days that older versions of the release are kept in the build bucket, to be deployed again. */
      releaseVersionDays: v.optional(positiveSchema, 365),
    }),
    {},
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
        /** What the pipeline's role there may do besides changing stacks: read parameters, use macros. */
        actionPolicies: v.optional(v.array(inlinePolicySchema), []),
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
        /** What CodePipeline does by itself when the stage fails: run it once more, or deploy the last release that succeeded. */
        onFailure: v.optional(v.picklist(['retry', 'rollback'])),
      }),
    ),
    v.minLength(1),
  ),
  /** One Invoke action for each region in parallel, or one action for all of them. */
  sync: v.optional(v.picklist(['action-per-region', 'one-action']), 'action-per-region'),
  pipeline: v.optional(
    v.strictObject({
      /** SUPERSEDED: a newer execution overtakes a waiting one. QUEUED: every release is deployed, one after the other. */
      executionMode: v.optional(v.picklist(['SUPERSEDED', 'QUEUED']), 'SUPERSEDED'),
      /** Run a Sync stage that failed once more; what it has copied already is not copied again. */
      retrySync: v.optional(v.boolean(), false),
      /** What the templates may do (CloudFormation, capabilities); AUTO_EXPAND is for SAM and other macros. */
      capabilities: v.optional(
        v.array(v.picklist(['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM', 'CAPABILITY_AUTO_EXPAND'])),
        ['CAPABILITY_NAMED_IAM'],
      ),
    }),
    {},
  ),
  alarms: v.strictObject({
    /** Threshold of the copy latency alarm of regions that name none of their own. */
    copyLatencyP99Ms: positiveSchema,
    /** Where your run book is, if not in this repository; alarms link to it. */
    runBookUrl: v.optional(v.pipe(v.string(), v.url())),
    /**
     * Who is notified of alarms, failed executions and approvals: with an address a topic is created, an existing topic is
     * used as it is (its policy must let CloudWatch and EventBridge publish).
     */
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
  /** Present: the pipelines take their source from this repository, and CodeBuild builds the release. */
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
      /** Which pushes start the pipelines, any of these; not given, every push to the branch. */
      triggers: v.optional(
        // CodePipeline API, GitConfiguration: at most 3 push filters.
        v.pipe(
          v.array(v.strictObject({ branches: filterSchema, tags: filterSchema, paths: filterSchema })),
          v.minLength(1),
          v.maxLength(3),
        ),
      ),
    }),
  ),
  /** The bootstrap deploy roles may read the artifact stores, as the CDK Pipelines app needs. */
  cdkPipelines: v.optional(v.boolean(), false),
});
