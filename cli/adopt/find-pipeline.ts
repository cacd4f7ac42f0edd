// Finds the pipeline in a file: `aws codepipeline get-pipeline` output, or a resource of a CloudFormation template.
import { didYouMean } from '../../functions/sync-artifacts/job/user-parameters.ts';
import { UsageError } from '../usage-error.ts';
import type { Path } from './document/document.ts';
import { isMap, type Value } from './intrinsics.ts';

/** CloudFormation's type of a pipeline. */
const PIPELINE_TYPE = 'AWS::CodePipeline::Pipeline';

/** Where a file has its pipeline, and how it spells properties. */
export interface FoundPipeline {
  /** The pipeline's own name, or else its logical id. */
  readonly name: string;
  /** A template spells `Stages`, the API `stages`. */
  readonly kind: 'template' | 'api';
  /** Where the pipeline's properties are. */
  readonly path: Path;
  readonly properties: Readonly<Record<string, Value>>;
  /** ARN from the metadata of `get-pipeline`. */
  readonly arn?: string;
  /** Names that mean something in `Fn::Sub`. */
  readonly names: ReadonlySet<string>;
  /** Made by the AWS CDK, so that the next synth writes it again. */
  readonly generated: boolean;
}

/**
 * Finds the pipeline; `wanted` is the logical id of one of several in a template.
 * @throws UsageError when there is none, or more than one and none is named
 */
export function findPipeline(file: Value, fileName: string, wanted: string | undefined): FoundPipeline {
  if (isMap(file) && isMap(file.Resources)) return inTemplate(file, file.Resources, fileName, wanted);
  const path = isMap(file) && isMap(file.pipeline) ? ['pipeline'] : [];
  const properties = isMap(file) && isMap(file.pipeline) ? file.pipeline : file;
  if (!isMap(properties) || !Array.isArray(properties.stages)) {
    throw new UsageError(
      `${fileName} has no pipeline: expected the output of "aws codepipeline get-pipeline --name NAME", or a CloudFormation template with a resource of type ${PIPELINE_TYPE}.`,
    );
  }
  const metadata = isMap(file) && isMap(file.metadata) ? file.metadata : {};
  return {
    name: String(properties.name ?? fileName),
    kind: 'api',
    path,
    properties,
    ...(typeof metadata.pipelineArn === 'string' ? { arn: metadata.pipelineArn } : {}),
    names: new Set(),
    generated: false,
  };
}

function inTemplate(
  template: Readonly<Record<string, Value>>,
  resources: Readonly<Record<string, Value>>,
  fileName: string,
  wanted: string | undefined,
): FoundPipeline {
  const ids = Object.keys(resources).filter((id) => {
    const resource = resources[id];
    return isMap(resource) && resource.Type === PIPELINE_TYPE;
  });
  const [only] = ids;
  if (only === undefined) {
    throw new UsageError(
      `${fileName} has no resource of type ${PIPELINE_TYPE}; give the template that makes the pipeline.`,
    );
  }
  if (wanted === undefined && ids.length > 1) {
    throw new UsageError(
      `${fileName} has ${ids.length} pipelines: ${ids.join(', ')}; say which with --pipeline LOGICAL_ID.`,
    );
  }
  const id = wanted ?? only;
  if (!ids.includes(id)) {
    throw new UsageError(
      `${fileName} has no pipeline ${JSON.stringify(id)}; expected ${ids.join(' or ')}.${didYouMean(id, ids)}`,
    );
  }
  const resource = resources[id];
  const properties = isMap(resource) && isMap(resource.Properties) ? resource.Properties : {};
  const parameters = isMap(template.Parameters) ? Object.keys(template.Parameters) : [];
  return {
    name: typeof properties.Name === 'string' ? properties.Name : id,
    kind: 'template',
    path: ['Resources', id, 'Properties'],
    properties,
    names: new Set([...Object.keys(resources), ...parameters]),
    generated: isMap(resource) && isMap(resource.Metadata) && 'aws:cdk:path' in resource.Metadata,
  };
}
