// Doctor on a pipeline in the embedded AWS: nothing to say when nothing is wrong, and each broken thing by its name.
import { describe, expect, it } from 'vitest';
import type { DoctorFinding } from '../../../cli/doctor/diagnosis.ts';
import { ACCOUNT, OTHER_ACCOUNT, SOURCE } from '../../functions/harness/test-pipeline.ts';
import { AP, EU, FUNCTION_ARN, FUNCTION_ROLE, PatientWorld, tableOfPermissions } from './patient.ts';

/** One thing that is broken, and what doctor says: where, and words of what and how to mend it. */
interface Breakage {
  readonly thing: string;
  readonly breakIt: (world: PatientWorld) => void;
  readonly severity: DoctorFinding['severity'];
  readonly where: string;
  readonly says: RegExp;
  readonly mend?: RegExp;
}

const keyOf = (world: PatientWorld, bucket: string): string =>
  world.jobs.bucket(bucket).encryption?.keyId ?? '';

const BREAKAGES: readonly Breakage[] = [
  {
    thing: 'a misspelt parameter',
    breakIt: (world) => {
      world.userParameters = { DestinationBucket: EU, MinimumPoof: 'checksum' };
    },
    severity: 'error',
    where: 'action Sync/SyncArtifacts',
    says: /MinimumPoof.*Did you mean "MinimumProof"/,
  },
  {
    thing: 'parameters of more than 1,000 characters',
    breakIt: (world) => {
      world.userParameters = {
        DestinationBuckets: Array.from({ length: 40 }, (_, n) => `a-bucket-with-a-long-name-${n}`),
      };
    },
    severity: 'error',
    where: 'action Sync/SyncArtifacts',
    says: /1000/,
  },
  {
    thing: 'an action without input artifacts',
    breakIt: (world) => {
      world.inputNames = [];
    },
    severity: 'error',
    where: 'action Sync/SyncArtifacts',
    says: /inputArtifacts are none/,
  },
  {
    thing: 'an artifact that the action does not have',
    breakIt: (world) => {
      world.userParameters = { DestinationBucket: EU, InputArtifacts: ['Ap'] };
    },
    severity: 'error',
    where: 'action Sync/SyncArtifacts',
    says: /InputArtifacts names "Ap"/,
  },
  {
    thing: 'a set of destinations that the function does not have',
    breakIt: (world) => {
      world.userParameters = { Destinations: 'all-regions' };
    },
    severity: 'error',
    where: 'action Sync/SyncArtifacts',
    says: /SYNC_DESTINATION_SETS/,
  },
  {
    thing: 'a function that is not there',
    breakIt: (world) => {
      world.jobs.aws.functions.remove(world.lambda);
    },
    severity: 'error',
    where: 'function sync-artifacts',
    says: /There is no function sync-artifacts in us-east-1/,
  },
  {
    thing: 'a function that knows no check event',
    breakIt: (world) => {
      world.lambda.run = async () => undefined;
    },
    severity: 'error',
    where: 'function sync-artifacts',
    says: /does not answer the check event/,
  },
  {
    thing: 'a function that fails',
    breakIt: (world) => {
      world.lambda.run = async () => {
        throw new TypeError('cannot find module');
      };
    },
    severity: 'error',
    where: 'function sync-artifacts',
    says: /failed on the check event: TypeError: cannot find module/,
  },
  {
    thing: 'an old runtime',
    breakIt: (world) => world.configure({ Runtime: 'nodejs16.x' }),
    severity: 'error',
    where: 'function sync-artifacts',
    says: /runtime is nodejs16\.x/,
    mend: /--runtime nodejs24\.x/,
  },
  {
    thing: 'a failed update',
    breakIt: (world) => world.configure({ LastUpdateStatus: 'Failed', LastUpdateStatusReason: 'no key' }),
    severity: 'error',
    where: 'function sync-artifacts',
    says: /last update failed: no key/,
  },
  {
    thing: 'a timeout within the margin before the deadline',
    breakIt: (world) => world.configure({ Timeout: 10 }),
    severity: 'error',
    where: 'function sync-artifacts',
    says: /timeout is 10 s/,
    mend: /--timeout 480/,
  },
  {
    thing: 'little memory',
    breakIt: (world) => world.configure({ MemorySize: 128 }),
    severity: 'warning',
    where: 'function sync-artifacts',
    says: /128 MiB of memory/,
    mend: /--memory-size 1769/,
  },
  {
    thing: 'attempts that outlast the 20 minutes of CodePipeline',
    breakIt: (world) => {
      world.lambda.eventInvokeConfig = {
        ...world.lambda.eventInvokeConfig,
        MaximumRetryAttempts: 2,
        MaximumEventAgeInSeconds: 21_600,
      };
    },
    severity: 'warning',
    where: 'function sync-artifacts',
    says: /3 attempts of 480 s.*27 minutes/,
    mend: /--maximum-event-age-in-seconds 540/,
  },
  {
    thing: 'no on-failure destination',
    breakIt: (world) => {
      world.lambda.eventInvokeConfig = { MaximumRetryAttempts: 0 };
    },
    severity: 'warning',
    where: 'function sync-artifacts',
    says: /no on-failure destination/,
  },
  {
    thing: 'an environment variable that nothing reads',
    breakIt: (world) => world.configure({ Environment: { Variables: { SYNC_MAX_CONCURENCY: '64' } } }),
    severity: 'warning',
    where: 'function sync-artifacts',
    says: /SYNC_MAX_CONCURENCY is not read.*Did you mean "SYNC_MAX_CONCURRENCY"/,
  },
  {
    thing: 'an environment variable with a wrong value',
    breakIt: (world) => world.configure({ Environment: { Variables: { SYNC_MAX_CONCURRENCY: 'many' } } }),
    severity: 'error',
    where: 'function sync-artifacts',
    says: /SYNC_MAX_CONCURRENCY is "many"/,
  },
  {
    thing: 'a pipeline role that may not invoke the function',
    breakIt: (world) => {
      world.pipelineRole.may = [];
    },
    severity: 'error',
    where: 'role pipeline',
    says: /may not lambda:InvokeFunction/,
  },
  {
    thing: 'a pipeline role of another account, which only that account can check',
    breakIt: (world) => {
      world.pipelineRoleArn = `arn:aws:iam::${OTHER_ACCOUNT}:role/pipeline`;
    },
    severity: 'warning',
    where: 'role pipeline',
    says: /Not checked: whether .* in another account/,
    mend: /simulate-principal-policy/,
  },
  {
    thing: 'a destination that does not exist',
    breakIt: (world) => {
      world.userParameters = { DestinationBuckets: [EU, 'no-such-bucket-here'] };
    },
    severity: 'error',
    where: 'bucket no-such-bucket-here',
    says: /no-such-bucket-here/,
  },
  {
    thing: 'a destination in another region than given',
    breakIt: (world) => {
      world.userParameters = { DestinationBuckets: [{ Bucket: EU, Region: 'eu-central-1' }] };
    },
    severity: 'warning',
    where: `bucket ${EU}`,
    says: /region of a destination was corrected.*eu-west-1/,
  },
  {
    thing: 'a destination of another owner',
    breakIt: (world) => {
      world.userParameters = { DestinationBuckets: [{ Bucket: EU, BucketOwner: OTHER_ACCOUNT }] };
    },
    severity: 'error',
    where: `bucket ${EU}`,
    says: /denied/,
  },
  {
    thing: 'a bucket without a customer managed key',
    breakIt: (world) => {
      world.jobs.bucket(EU).encryption = { algorithm: 'AES256' };
    },
    severity: 'error',
    where: `bucket ${EU}`,
    says: /KMS key/,
  },
  {
    thing: 'a disabled key',
    breakIt: (world) => world.jobs.aws.setKeyState(keyOf(world, EU), 'Disabled'),
    severity: 'error',
    where: `bucket ${EU}`,
    says: /disabled/i,
  },
  {
    thing: 'a key that is pending deletion',
    breakIt: (world) => world.jobs.aws.setKeyState(keyOf(world, EU), 'PendingDeletion'),
    severity: 'error',
    where: `bucket ${EU}`,
    says: /KMS/,
  },
  {
    thing: 'a key policy without the account',
    breakIt: (world) => {
      const key = world.jobs.aws.keys.get(keyOf(world, EU));
      if (key === undefined) throw new Error('the bucket has no key');
      world.jobs.aws.setKeyPolicy(key, {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { AWS: `arn:aws:iam::${ACCOUNT}:user/engineer` },
            Action: 'kms:*',
            Resource: '*',
          },
        ],
      });
    },
    severity: 'error',
    where: `bucket ${EU}`,
    says: /kms:GenerateDataKey/,
  },
  {
    thing: 'a bucket policy that denies writes',
    breakIt: (world) => {
      const bucket = world.jobs.bucket(EU);
      world.jobs.aws.setBucketPolicy(bucket, {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Deny', Principal: '*', Action: 's3:PutObject', Resource: `${bucket.arn}/*` }],
      });
    },
    severity: 'error',
    where: `bucket ${EU}`,
    says: /s3:PutObject/,
  },
  {
    thing: 'a bucket policy under which nothing can be replaced',
    breakIt: (world) => {
      const bucket = world.jobs.bucket(EU);
      world.jobs.aws.setBucketPolicy(bucket, {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Deny',
            Principal: '*',
            Action: 's3:PutObject',
            Resource: `${bucket.arn}/*`,
            Condition: {
              Null: { 's3:if-none-match': 'true' },
              Bool: { 's3:ObjectCreationOperation': 'true' },
            },
          },
        ],
      });
    },
    severity: 'warning',
    where: `bucket ${EU}`,
    says: /no object can be replaced/,
    mend: /"Overwrite":"never"/,
  },
  {
    thing: 'a bucket without versions',
    breakIt: (world) => {
      world.jobs.bucket(AP).versioning = 'Suspended';
    },
    severity: 'warning',
    where: `bucket ${AP}`,
    says: /Versioning is suspended/,
    mend: /put-bucket-versioning/,
  },
  {
    thing: 'a bucket that keeps unfinished uploads',
    breakIt: (world) => {
      world.jobs.bucket(AP).lifecycleRules = [];
    },
    severity: 'warning',
    where: `bucket ${AP}`,
    says: /unfinished uploads/,
    mend: /AbortIncompleteMultipartUpload/,
  },
  {
    thing: 'an artifact that has expired since',
    breakIt: (world) => world.jobs.aws.deleteObject(SOURCE, 'pipeline/App/abc.zip'),
    severity: 'warning',
    where: 'source App',
    says: /is gone/,
  },
];

describe('doctor on a pipeline with nothing wrong', () => {
  it('finds nothing, and leaves nothing', async () => {
    await using world = await PatientWorld.start();

    const diagnosis = await world.diagnose();

    expect(diagnosis.findings).toEqual([]);
    expect(diagnosis).toMatchObject({
      ok: true,
      action: { pipeline: 'shop', stage: 'Sync', name: 'SyncArtifacts' },
      function: { arn: FUNCTION_ARN, roleArn: FUNCTION_ROLE, timeoutSeconds: 480 },
      sources: [{ artifact: 'App', bucket: SOURCE }],
      destinations: [
        { bucket: EU, region: 'eu-west-1', writable: true, versioning: 'Enabled', objectLock: false },
        { bucket: AP, region: 'ap-southeast-2', writable: true, versioning: 'Enabled', objectLock: false },
      ],
    });
    expect([EU, AP].map((name) => world.jobs.bucket(name).objects.size)).toEqual([0, 0]);
    expect([EU, AP].map((name) => world.jobs.bucket(name).uploads.size)).toEqual([0, 0]);
  });
});

describe('doctor finds nothing wrong with', () => {
  it.each<[string, (world: PatientWorld) => void]>([
    [
      'a set of destinations of the function',
      (world) => {
        const sets = {
          both: [EU, AP].map((Bucket) => ({
            Bucket,
            Region: world.jobs.bucket(Bucket).region,
            KmsKeyId: keyOf(world, Bucket),
            BucketOwner: ACCOUNT,
          })),
        };
        world.configure({ Environment: { Variables: { SYNC_DESTINATION_SETS: JSON.stringify(sets) } } });
        world.userParameters = { Destinations: 'both' };
      },
    ],
    [
      'a destination in another account',
      (world) => {
        world.jobs.addDestination('dr-bucket', { ownerAccountId: OTHER_ACCOUNT });
        world.jobs.bucket('dr-bucket').lifecycleRules = world.jobs.bucket(EU).lifecycleRules;
        world.userParameters = {
          DestinationBuckets: [EU, { Bucket: 'dr-bucket', BucketOwner: OTHER_ACCOUNT }],
        };
      },
    ],
    [
      'a key that is named by alias',
      (world) => {
        world.userParameters = { DestinationBuckets: [{ Bucket: EU, KmsKeyId: `alias/${EU}` }] };
      },
    ],
    [
      'relayed copies of what the role may not read',
      (world) => {
        world.jobs.role.may = world.jobs.role.may.filter(({ Sid }) => !/Sources$/.test(Sid ?? ''));
        world.userParameters = { DestinationBucket: EU, Mode: 'relay' };
      },
    ],
    [
      'variables of the pipeline in the parameters',
      (world) => {
        world.userParameters = {
          DestinationBucket: EU,
          ExecutionId: '#{codepipeline.PipelineExecutionId}',
          Key: 'releases/{executionId}/{artifact}.zip',
        };
      },
    ],
  ])('%s', async (_, arrange) => {
    await using world = await PatientWorld.start();
    arrange(world);
    const { findings, ok, destinations } = await world.diagnose();
    expect(findings).toEqual([]);
    expect(ok).toBe(true);
    expect(destinations.map(({ writable }) => writable)).not.toContain(false);
  });
});

describe('doctor names', () => {
  it.each(BREAKAGES)('$thing', async ({ breakIt, severity, where, says, mend }) => {
    await using world = await PatientWorld.start();
    breakIt(world);

    const { ok, findings } = await world.diagnose();

    const found = findings.find((finding) => finding.where === where && says.test(finding.what));
    expect(found, JSON.stringify(findings, null, 1)).toMatchObject({ severity });
    if (mend !== undefined) expect(found?.remedy?.command).toMatch(mend);
    expect(ok).toBe(severity === 'warning');
    // What is not broken is not complained of.
    const others = findings.filter((finding) => finding.where !== where);
    expect(others).toEqual([]);
  });
});

describe('doctor names the permission that the role lacks', () => {
  it.each(tableOfPermissions())('%s on %s', async (action, on) => {
    await using world = await PatientWorld.start();
    world.revoke(action, on);

    const { findings } = await world.diagnose();

    const named = findings.filter(({ what }) => what.includes(action));
    expect(named, JSON.stringify(findings, null, 1)).not.toEqual([]);
    expect(named[0]?.remedy?.statement?.Action).toContain(action);
    expect(findings.filter(({ remedy }) => remedy?.statement?.Action.includes(action) !== true)).toEqual([]);
  });
});
