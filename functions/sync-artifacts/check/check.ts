// Answers a check event: parses as a job would, looks at sources and destinations with the role, copies nothing and answers no job.
import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { isAccessDenied } from '../aws/errors.ts';
import type { JobContext } from '../context/context.ts';
import { deadlineOf } from '../context/deadline.ts';
import { type Container, createContext } from '../create-context.ts';
import { ConfigurationError } from '../errors.ts';
import { readSource } from '../facts/source.ts';
import { destinationKeys } from '../job/destination-key.ts';
import { parseJob } from '../job/parse-job.ts';
import { parseUserParameters } from '../job/user-parameters.ts';
import type { LambdaContext } from '../result/job-reporter.ts';
import { assertValidSettings } from '../settings.ts';
import type { Artifact, SyncJob, Tag } from '../types.ts';
import { checkDestination } from './check-destination.ts';
import { findingOf } from './finding.ts';
import { CHECK_EVENT, type CheckReport, type DestinationCheck, type SourceCheck } from './report.ts';

/** Stands for the key and the revision of an artifact that is not given. */
const SAMPLE = 'artifact-sync-check';

/** Checks what a job would meet. Bad input is a finding; only what nobody foresaw is thrown. */
export async function runCheck(
  event: unknown,
  lambda: LambdaContext,
  container: Container,
): Promise<CheckReport> {
  const { telemetry, settings } = container;
  telemetry.begin({ requestId: lambda.awsRequestId });
  const deadline = deadlineOf(() => lambda.getRemainingTimeInMillis(), settings.deadlineMarginMs);
  let context: JobContext | undefined;
  // A check may follow a change of buckets: what a warm container remembers does not count.
  container.facts.clear();
  try {
    const { job, given } = readJob(event, container);
    context = createContext(job, deadline, container);
    const current = context;
    const sources = given
      ? await Promise.all(job.artifacts.map((artifact) => checkSource(artifact, job, current)))
      : [];
    const tags = sources.find((source) => source.tags.length > 0)?.tags ?? [];
    const destinations = await Promise.all(
      job.destinations.map((destination): Promise<DestinationCheck> => {
        // What is its own destination is not written.
        const written = destinationKeys(destination, job).filter(
          (key, index) =>
            job.artifacts[index]?.bucket !== destination.bucket || job.artifacts[index]?.key !== key,
        );
        return checkDestination(destination, written, tags, current);
      }),
    );
    const checked = sources.map(({ check }) => check);
    return reportOf(settings.region, [], checked, destinations);
  } catch (error) {
    return reportOf(settings.region, [findingOf(error)], [], []);
  } finally {
    deadline.clear();
    context?.fail(new DOMException('the check is over', 'AbortError'));
    await telemetry.flush();
  }
}

function reportOf(
  region: string,
  findings: CheckReport['findings'],
  sources: CheckReport['sources'],
  destinations: CheckReport['destinations'],
): CheckReport {
  const all = [findings, ...[...sources, ...destinations].map((each) => each.findings)].flat();
  const ok = !all.some(({ severity }) => severity === 'error');
  return { version: 1, ok, region, findings, sources, destinations };
}

const checkSchema = v.object({
  [CHECK_EVENT]: v.strictObject({
    userParameters: v.unknown(),
    accountId: v.string(),
    inputArtifacts: v.nullish(v.array(v.unknown())),
  }),
});

/** The job that these parameters would make; with sample artifacts when none are given. */
function readJob(
  event: unknown,
  { settings }: Container,
): { readonly job: SyncJob; readonly given: boolean } {
  assertValidSettings(settings);
  const parsed = v.safeParse(checkSchema, event);
  if (!parsed.success) {
    const [{ path, message }] = parsed.issues;
    const where = (path ?? []).map(({ key }) => String(key)).join(', ');
    throw new ConfigurationError(
      `The check event is not usable at ${where}: ${message}; it must be {"${CHECK_EVENT}": {"userParameters": …, "accountId": "111122223333", "inputArtifacts": […]}}, the last of which may be left out.`,
    );
  }
  const { userParameters, accountId, inputArtifacts } = parsed.output[CHECK_EVENT];
  const isObject = typeof userParameters === 'object' && userParameters !== null;
  const UserParameters = isObject ? JSON.stringify(userParameters) : userParameters;
  const given = inputArtifacts != null && inputArtifacts.length > 0;
  const { InputArtifacts: names = ['Artifact'] } = given ? {} : parseUserParameters(UserParameters);
  const job = parseJob(
    {
      'CodePipeline.job': {
        id: randomUUID(),
        accountId,
        data: {
          actionConfiguration: { configuration: { UserParameters } },
          inputArtifacts: given ? inputArtifacts : names.map(sampleArtifact),
        },
      },
    },
    settings.destinationSets,
  );
  return { job, given };
}

function sampleArtifact(name: string): object {
  const s3Location = { bucketName: SAMPLE, objectKey: `${SAMPLE}/${name}` };
  return { name, revision: SAMPLE, location: { type: 'S3', s3Location } };
}

interface CheckedSource {
  readonly check: SourceCheck;
  readonly tags: readonly Tag[];
}

/** The role alone is tried: a check has no artifactCredentials, which a relay reads with. */
async function checkSource(artifact: Artifact, job: SyncJob, context: JobContext): Promise<CheckedSource> {
  const { name, bucket, key } = artifact;
  const place = { artifact: name, bucket, key };
  if (job.mode === 'relay') {
    return { check: { ...place, readableBy: 'artifactCredentials', findings: [] }, tags: [] };
  }
  try {
    const { region, sizeBytes, tags = [] } = await readSource(artifact, job, context);
    return { check: { ...place, region, sizeBytes, readableBy: 'role', findings: [] }, tags };
  } catch (error) {
    // Other modes than copy read with the job's credentials what the role may not read; a relay is slower.
    const relayed = job.mode !== 'copy' && isAccessDenied(error);
    const finding = findingOf(error, relayed ? 'warning' : 'error');
    const readableBy = relayed ? 'artifactCredentials' : 'role';
    return { check: { ...place, readableBy, findings: [finding] }, tags: [] };
  }
}
