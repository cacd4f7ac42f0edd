// ParameterOverrides of CloudFormation actions: texts, and what functions take from artifacts.
import { StepError } from '../steps.ts';

/** An input artifact where the action finds it. */
export interface PlacedArtifact {
  readonly bucket: string;
  readonly key: string;
  /** The content of a file in it. @throws StepError for one that is not there */
  readonly file: (path: string) => Promise<string>;
}

type Artifacts = ReadonlyMap<string, PlacedArtifact>;

/**
 * The parameters of a change set.
 *
 * @throws StepError for functions and artifacts that there are not
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/continuous-delivery-codepipeline-parameter-override-functions.html
 */
export async function readParameterOverrides(
  overrides: string | undefined,
  artifacts: Artifacts,
): Promise<Record<string, string>> {
  const parameters: Record<string, string> = {};
  for (const [name, value] of Object.entries(JSON.parse(overrides ?? '{}') as Record<string, unknown>)) {
    parameters[name] = typeof value === 'object' ? await resolveValue(name, value, artifacts) : String(value);
  }
  return parameters;
}

async function resolveValue(parameter: string, value: object | null, artifacts: Artifacts): Promise<string> {
  const [[name, given] = ['', []]] = Object.entries(value ?? {});
  const [artifactName, ...rest] = [given].flat().map(String);
  const artifact = artifacts.get(artifactName ?? '');
  if (artifact === undefined) {
    throw new StepError(
      'InvalidActionConfiguration',
      `ParameterOverrides: ${parameter} names the artifact ${artifactName}, which is no input of the action.`,
    );
  }
  const { bucket, key } = artifact;
  const [first = '', second = ''] = rest;
  if (name === 'Fn::GetParam') {
    const file = JSON.parse(await artifact.file(first)) as Record<string, unknown>;
    return String(file[second]);
  }
  const attributes: Record<string, string> = {
    BucketName: bucket,
    ObjectKey: key,
    URL: `https://s3.amazonaws.com/${bucket}/${key}`,
  };
  const attribute = name === 'Fn::GetArtifactAtt' ? attributes[first] : undefined;
  if (attribute !== undefined) return attribute;
  throw new StepError(
    'InvalidActionConfiguration',
    `ParameterOverrides: ${parameter} is ${JSON.stringify(value)}; known are Fn::GetArtifactAtt with ${Object.keys(attributes).join(', ')}, and Fn::GetParam.`,
  );
}
