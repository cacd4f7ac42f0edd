// What the copies of an execution of a pipeline ought to be: by its manifest where the Sync action wrote one, else by its inputs.
import {
  type ActionExecutionDetail,
  type CodePipelineClient,
  GetPipelineExecutionCommand,
  paginateListActionExecutions,
} from '@aws-sdk/client-codepipeline';
import { GetFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { DESTINATION_SETS_VARIABLE } from '../../functions/sync-artifacts/job/destination-sets.ts';
import { omitUndefined } from '../../functions/sync-artifacts/util.ts';
import { type AwsClients, awsMessage, orUsageError } from '../aws-clients.ts';
import { type InvokeAction, readInvokeAction } from '../doctor/read-action.ts';
import { UsageError } from '../usage-error.ts';
import type { ExpectedCopy } from './expected.ts';
import { copiesOfJob } from './job.ts';
import { readManifest } from './manifest.ts';

/** An execution to be audited: the latest one that synced, unless one is named. */
interface ExecutionChoice {
  readonly pipeline: string;
  readonly execution?: string;
  readonly action?: string;
}

/** The copies of an execution. @throws UsageError when it cannot be read, or did not sync */
export async function readExecution(choice: ExecutionChoice, aws: AwsClients): Promise<ExpectedCopy[]> {
  const region = await aws.region();
  const client = aws.codePipeline(region);
  const action = await readInvokeAction(client, choice.pipeline, region, choice.action);
  const detail = await findExecution(client, action, choice.execution);
  const executionId = detail.pipelineExecutionId ?? '';
  const revisions = await readRevisions(client, choice.pipeline, executionId);
  const copies = await copiesOf(detail, action, aws);
  return copies.map((copy) => {
    const revision = revisions.get(copy.artifact) ?? copy.revision;
    return { ...copy, executionId, ...omitUndefined({ revision }) };
  });
}

async function findExecution(
  client: CodePipelineClient,
  { pipeline, stage, name }: InvokeAction,
  execution: string | undefined,
): Promise<ActionExecutionDetail> {
  const given = `--pipeline ${pipeline}${execution === undefined ? '' : ` --execution ${execution}`}`;
  const filter = execution === undefined ? undefined : { pipelineExecutionId: execution };
  const pages = paginateListActionExecutions(
    { client },
    { pipelineName: pipeline, ...omitUndefined({ filter }) },
  );
  const found = await orUsageError(
    async () => {
      for await (const { actionExecutionDetails = [] } of pages) {
        const succeeded = actionExecutionDetails.find(
          ({ stageName, actionName, status }) =>
            stageName === stage && actionName === name && status === 'Succeeded',
        );
        if (succeeded !== undefined) return succeeded;
      }
      return undefined;
    },
    (cause) =>
      `${given}: ${awsMessage(cause)}. Expected is an execution that you may read (codepipeline:ListActionExecutions).`,
  );
  if (found !== undefined) return found;
  throw new UsageError(
    `${given}: action ${stage}/${name} has not succeeded there, so there are no copies to audit.`,
  );
}

/** Commits or versions of the source artifacts, by name. */
async function readRevisions(
  client: CodePipelineClient,
  pipelineName: string,
  pipelineExecutionId: string,
): Promise<ReadonlyMap<string, string>> {
  const { pipelineExecution } = await orUsageError(
    () => client.send(new GetPipelineExecutionCommand({ pipelineName, pipelineExecutionId })),
    (cause) =>
      `--pipeline ${pipelineName}: ${awsMessage(cause)}. Expected is an execution that you may read (codepipeline:GetPipelineExecution).`,
  );
  return new Map(
    (pipelineExecution?.artifactRevisions ?? []).flatMap(({ name, revisionId }) =>
      name === undefined || revisionId === undefined ? [] : [[name, revisionId] as const],
    ),
  );
}

async function copiesOf(
  { input, output }: ActionExecutionDetail,
  action: InvokeAction,
  aws: AwsClients,
): Promise<ExpectedCopy[]> {
  const [manifest] = output?.outputArtifacts ?? [];
  const { bucket, key } = manifest?.s3location ?? {};
  if (bucket !== undefined && key !== undefined) return await readManifest(`s3://${bucket}/${key}`, aws);
  const UserParameters = (input?.resolvedConfiguration ?? input?.configuration)?.UserParameters;
  const event = {
    'CodePipeline.job': {
      id: 'audit',
      accountId: action.accountId,
      data: {
        actionConfiguration: { configuration: { UserParameters } },
        inputArtifacts: (input?.inputArtifacts ?? []).map(({ name, s3location }) => ({
          name,
          location: {
            type: 'S3',
            s3Location: { bucketName: s3location?.bucket, objectKey: s3location?.key },
          },
        })),
      },
    },
  };
  const sets = UserParameters?.includes('"Destinations"') === true ? await readSets(action, aws) : undefined;
  return await copiesOfJob(`--pipeline ${action.pipeline}`, event, aws, sets);
}

async function readSets(
  { region, functionName: FunctionName }: InvokeAction,
  aws: AwsClients,
): Promise<string | undefined> {
  const { Environment } = await orUsageError(
    () => aws.lambda(region).send(new GetFunctionConfigurationCommand({ FunctionName })),
    (cause) =>
      `The sets of destinations of function ${FunctionName} cannot be read (lambda:GetFunctionConfiguration): ${awsMessage(cause)}`,
  );
  return Environment?.Variables?.[DESTINATION_SETS_VARIABLE];
}
