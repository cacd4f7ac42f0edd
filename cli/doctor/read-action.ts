// Reads the Invoke action of a pipeline, and the artifacts that its last executions made.
import {
  type ActionDeclaration,
  type CodePipelineClient,
  GetPipelineCommand,
  ListActionExecutionsCommand,
} from '@aws-sdk/client-codepipeline';
import { awsMessage, orUsageError } from '../aws-clients.ts';
import { UsageError } from '../usage-error.ts';
import { type DoctorFinding, notChecked } from './diagnosis.ts';

/** The action that invokes the function. */
export interface InvokeAction {
  readonly pipeline: string;
  readonly stage: string;
  readonly name: string;
  readonly accountId: string;
  /** Of the function: of the action where it names one, else of the pipeline. */
  readonly region: string;
  readonly functionName: string;
  readonly userParameters: string | undefined;
  readonly inputNames: readonly string[];
  /** Who invokes: the role of the action, else of the pipeline. */
  readonly roleArn: string | undefined;
  readonly artifactBucket: string | undefined;
}

/** An input artifact as a check event has it. */
export interface InputArtifact {
  readonly name: string;
  readonly location: {
    readonly type: 'S3';
    readonly s3Location: { readonly bucketName: string; readonly objectKey: string };
  };
}

/**
 * The Invoke action of a pipeline; `wanted` is `STAGE/ACTION` where there are several.
 * @throws UsageError when the pipeline cannot be read, has no such action, or has several
 */
export async function readInvokeAction(
  client: CodePipelineClient,
  name: string,
  region: string,
  wanted?: string,
): Promise<InvokeAction> {
  const { pipeline, metadata } = await orUsageError(
    () => client.send(new GetPipelineCommand({ name })),
    (cause) =>
      `--pipeline ${name}: ${awsMessage(cause)}. Expected a pipeline in ${region} that you may read (codepipeline:GetPipeline).`,
  );
  const actions = (pipeline?.stages ?? []).flatMap((stage) =>
    (stage.actions ?? [])
      .filter(({ actionTypeId }) => actionTypeId?.category === 'Invoke' && actionTypeId.provider === 'Lambda')
      .map((action) => ({ stage: stage.name ?? '', action })),
  );
  const { stage, action } = choose(name, actions, wanted);
  const store = pipeline?.artifactStores?.[region] ?? pipeline?.artifactStore;
  return {
    pipeline: name,
    stage,
    name: action.name ?? '',
    accountId: metadata?.pipelineArn?.split(':')[4] ?? '',
    region: action.region ?? region,
    functionName: action.configuration?.FunctionName ?? '',
    userParameters: action.configuration?.UserParameters,
    inputNames: (action.inputArtifacts ?? []).flatMap((artifact) => artifact.name ?? []),
    roleArn: action.roleArn ?? pipeline?.roleArn,
    artifactBucket: store?.location,
  };
}

interface PlacedAction {
  readonly stage: string;
  readonly action: ActionDeclaration;
}

function choose(pipeline: string, actions: readonly PlacedAction[], wanted?: string): PlacedAction {
  const nameOf = ({ stage, action }: PlacedAction): string => `${stage}/${action.name ?? ''}`;
  const names = actions.map(nameOf).join(', ');
  if (actions.length === 0) {
    throw new UsageError(
      `Pipeline ${pipeline} has no Invoke action of the provider Lambda: add one, for example with "artifact-sync adopt".`,
    );
  }
  if (wanted !== undefined) {
    const found = actions.find((each) => nameOf(each) === wanted);
    if (found !== undefined) return found;
    throw new UsageError(`--action ${wanted}: expected one of ${names}.`);
  }
  // Other functions have other parameters.
  const ours = actions.filter(({ action }) =>
    /"Destination(?:Bucket|Buckets|s)"/.test(action.configuration?.UserParameters ?? ''),
  );
  const [only, ...others] = ours.length > 0 ? ours : actions;
  if (only !== undefined && others.length === 0) return only;
  throw new UsageError(
    `Pipeline ${pipeline} has several Invoke actions: choose with --action, one of ${names}.`,
  );
}

/** Where the latest execution that made each artifact put it; undefined unless there is one of each. */
export async function readInputs(
  client: CodePipelineClient,
  { pipeline, inputNames }: InvokeAction,
): Promise<{ readonly artifacts?: readonly InputArtifact[]; readonly finding?: DoctorFinding }> {
  try {
    const { actionExecutionDetails = [] } = await client.send(
      new ListActionExecutionsCommand({ pipelineName: pipeline, maxResults: 100 }),
    );
    const outputs = actionExecutionDetails.flatMap(({ output }) => output?.outputArtifacts ?? []);
    const artifacts = inputNames.flatMap((name): InputArtifact[] => {
      const { bucket, key } = outputs.find((output) => output.name === name)?.s3location ?? {};
      if (bucket === undefined || key === undefined) return [];
      return [{ name, location: { type: 'S3', s3Location: { bucketName: bucket, objectKey: key } } }];
    });
    if (artifacts.length > 0 && artifacts.length === inputNames.length) return { artifacts };
    return {};
  } catch (error) {
    return {
      finding: {
        ...notChecked(
          `pipeline ${pipeline}`,
          'where earlier executions put the artifacts',
          error,
          'codepipeline:ListActionExecutions',
        ),
        why: 'Without an artifact, reading a source is simulated and not tried.',
      },
    };
  }
}
