// Doctor's way through a pipeline: action, parameters, function, check event, buckets, policies; each step as far as the last one got.
import type { FunctionConfiguration } from '@aws-sdk/client-lambda';
import type { CheckReport } from '../../functions/sync-artifacts/check/report.ts';
import { DESTINATION_SETS_VARIABLE } from '../../functions/sync-artifacts/job/destination-sets.ts';
import { parseJob } from '../../functions/sync-artifacts/job/parse-job.ts';
import type { SyncJob } from '../../functions/sync-artifacts/types.ts';
import { omitUndefined } from '../../functions/sync-artifacts/util.ts';
import { resolveVariables } from '../../local/pipeline/event/variables.ts';
import type { AwsClients } from '../aws-clients.ts';
import { askFunction } from './ask-function.ts';
import { type BucketLook, checkBucket } from './check-bucket.ts';
import { checkFunction } from './check-function.ts';
import type { DiagnosedDestination, Diagnosis, DoctorFinding } from './diagnosis.ts';
import { destinationsOf, SAMPLE, sourcesOf } from './places.ts';
import { type InvokeAction, readInputs, readInvokeAction } from './read-action.ts';
import { readFunction } from './read-function.ts';
import { simulateInvocation, simulateRole } from './simulate.ts';

/** What is to be diagnosed. */
export type Patient =
  | { readonly pipeline: string; readonly action?: string }
  | { readonly functionName: string; readonly userParameters: string };

/** @throws UsageError when there is nothing to diagnose: no such pipeline, no Invoke action in it */
export async function diagnose(patient: Patient, aws: AwsClients): Promise<Diagnosis> {
  const home = await aws.region();
  const findings: DoctorFinding[] = [];
  const action =
    'pipeline' in patient
      ? await readInvokeAction(aws.codePipeline(home), patient.pipeline, home, patient.action)
      : undefined;
  const functionName = 'pipeline' in patient ? (action?.functionName ?? '') : patient.functionName;
  const given = 'pipeline' in patient ? action?.userParameters : patient.userParameters;
  const region = action?.region ?? home;
  const lambda = aws.lambda(region);
  const base = {
    version: 1 as const,
    ...(action === undefined
      ? {}
      : { action: { pipeline: action.pipeline, stage: action.stage, name: action.name } }),
  };

  const read = await readFunction(lambda, functionName);
  if ('finding' in read) {
    return { ...base, ok: false, sources: [], destinations: [], findings: [read.finding] };
  }
  const { configuration, asynchronous } = read;
  const { FunctionArn: arn = '', Role: roleArn = '' } = configuration;
  findings.push(...checkFunction(configuration, asynchronous), ...read.findings);
  const accountId = action?.accountId || (arn.split(':')[4] ?? '');
  const diagnosed = {
    ...base,
    function: {
      arn,
      roleArn,
      runtime: configuration.Runtime ?? '',
      memoryMiB: configuration.MemorySize ?? 0,
      timeoutSeconds: configuration.Timeout ?? 0,
      codeSha256: configuration.CodeSha256 ?? '',
    },
  };

  const iam = aws.iam(region);
  if (action?.roleArn !== undefined) findings.push(...(await simulateInvocation(iam, action.roleArn, arn)));
  const inputs = action === undefined ? {} : await readInputs(aws.codePipeline(home), action);
  if (inputs.finding !== undefined) findings.push(inputs.finding);

  const userParameters = given === undefined ? undefined : resolveVariables(given, new Map(), []);
  const parsed = parseParameters(userParameters, accountId, action, configuration);
  if ('finding' in parsed) {
    findings.push(parsed.finding);
    return { ...diagnosed, ok: false, sources: [], destinations: [], findings };
  }
  const { job } = parsed;
  const answer = await askFunction(lambda, functionName, {
    userParameters,
    accountId,
    ...omitUndefined({ inputArtifacts: inputs.artifacts }),
  });
  findings.push(...answer.findings);
  const { report } = answer;
  const looks = await lookAtBuckets(report, job, aws);
  for (const look of looks.values()) findings.push(...look.findings);
  const sources = await sourcesOf(action, inputs.artifacts, report, region, aws);
  findings.push(...sources.findings);
  const simulated = await simulateRole(iam, {
    roleArn,
    region,
    mode: job.mode,
    sources: sources.places,
    destinations: destinationsOf(report, job, looks),
    denied: answer.denied,
  });
  findings.push(...simulated);
  for (const { bucket, finding } of answer.guesses) {
    if (!simulated.some(({ where }) => where === `bucket ${bucket}`)) findings.push(finding);
  }
  return {
    ...diagnosed,
    ok: !findings.some(({ severity }) => severity === 'error'),
    sources: (report?.sources ?? []).map(({ artifact, bucket, key }) => ({ artifact, bucket, key })),
    destinations: (report?.destinations ?? []).map((destination): DiagnosedDestination => {
      const { bucket, writable, encryption } = destination;
      const kmsKey = encryption?.kmsKeyArn ?? encryption?.kmsKeyId;
      return {
        bucket,
        writable,
        ...omitUndefined({ region: destination.region, kmsKey }),
        ...looks.get(bucket)?.facts,
      };
    }),
    findings,
  };
}

/** The job that these parameters make, by the function's own parser, with sample artifacts in place of real ones. */
function parseParameters(
  UserParameters: string | undefined,
  accountId: string,
  action: InvokeAction | undefined,
  { Environment }: FunctionConfiguration,
): { readonly job: SyncJob } | { readonly finding: DoctorFinding } {
  const names = action?.inputNames ?? namedInputs(UserParameters);
  const event = {
    'CodePipeline.job': {
      id: SAMPLE,
      accountId,
      data: {
        actionConfiguration: { configuration: { UserParameters } },
        inputArtifacts: names.map((name) => ({
          name,
          revision: SAMPLE,
          location: { type: 'S3', s3Location: { bucketName: SAMPLE, objectKey: `${SAMPLE}/${name}` } },
        })),
      },
    },
  };
  try {
    return { job: parseJob(event, Environment?.Variables?.[DESTINATION_SETS_VARIABLE]) };
  } catch (error) {
    return {
      finding: {
        severity: 'error',
        where: action === undefined ? 'UserParameters' : `action ${action.stage}/${action.name}`,
        what: (error as Error).message,
        why: 'Every job fails with a ConfigurationError. Buckets, keys and permissions were not tried.',
      },
    };
  }
}

function namedInputs(userParameters: string | undefined): readonly string[] {
  try {
    const { InputArtifacts } = JSON.parse(userParameters ?? '') as { readonly InputArtifacts?: unknown };
    if (Array.isArray(InputArtifacts)) return InputArtifacts.map(String);
  } catch {
    // The parser says what is wrong with them.
  }
  return ['Artifact'];
}

async function lookAtBuckets(
  report: CheckReport | undefined,
  { overwrite }: SyncJob,
  aws: AwsClients,
): Promise<ReadonlyMap<string, BucketLook>> {
  const looks = await Promise.all(
    (report?.destinations ?? []).flatMap(({ bucket, region }) =>
      region === undefined
        ? []
        : [checkBucket(aws.s3(region), bucket, overwrite).then((look) => [bucket, look] as const)],
    ),
  );
  return new Map(looks);
}
