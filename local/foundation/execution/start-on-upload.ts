// What starts the pipeline: a release is uploaded, EventBridge matches the event, and the rule's role starts an execution.
import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { DeployedResource } from '../../cloudformation/deployment.ts';
import { list, record, text } from '../../pipeline/event/json.ts';
import type { Cloud } from './cloud.ts';
import type { PipelineDeclaration } from './declaration.ts';
import { StepError } from './steps.ts';

/** An upload, as the source action names its object. */
interface Upload {
  readonly bucket: string;
  readonly key: string;
}

/** Source revisions by the name of the action that reads them. */
export type SourceRevisions = ReadonlyMap<string, string>;

/** The object that the first source action reads; undefined when none reads from S3. */
export function sourceObject({ stages }: PipelineDeclaration): Upload | undefined {
  const source = stages[0]?.actions.find(({ provider }) => provider === 'S3')?.configuration;
  return source && { bucket: source.S3Bucket ?? '', key: source.S3ObjectKey ?? '' };
}

/** Uploads a release as an administrator of the pipeline's account; returns its version. */
export async function upload(
  cloud: Cloud,
  { accountId, region }: PipelineDeclaration,
  { bucket: Bucket, key: Key }: Upload,
  Body: Uint8Array,
): Promise<string> {
  const client = cloud.administrator(accountId, 'release-engineer').s3(region);
  const { VersionId = '' } = await client.send(
    new PutObjectCommand({ Bucket, Key, Body, ContentType: 'application/zip' }),
  );
  return VersionId;
}

/**
 * EventBridge's part: finds the rule whose pattern the upload matches, and starts the pipeline with the rule's role.
 *
 * @returns which revisions the execution is started with
 * @throws StepError when nothing starts the pipeline, AccessDenied when the rule may not
 */
export function startOnUpload(
  cloud: Cloud,
  pipeline: PipelineDeclaration,
  object: Upload & { readonly versionId: string },
): SourceRevisions {
  const bucket = cloud.find('AWS::S3::Bucket', `bucket ${object.bucket}`, ({ ref }) => ref === object.bucket);
  const { EventBridgeEnabled } = record(
    record(bucket.properties.NotificationConfiguration).EventBridgeConfiguration,
  );
  // CloudFormation template reference, EventBridgeConfiguration: enabled unless it says false.
  const sends =
    'NotificationConfiguration' in bucket.properties && String(EventBridgeEnabled ?? true) === 'true';
  const event = {
    source: 'aws.s3',
    'detail-type': 'Object Created',
    account: bucket.account,
    region: bucket.region,
    detail: {
      bucket: { name: object.bucket },
      object: { key: object.key, 'version-id': object.versionId },
      reason: 'PutObject',
    },
  };
  const rules = cloud.deployment
    .resourcesOf('AWS::Events::Rule')
    .filter(({ properties, account, region }) => {
      const here = account === bucket.account && region === bucket.region && properties.State !== 'DISABLED';
      return sends && here && matchesPattern(properties.EventPattern, event);
    });
  for (const rule of rules) {
    const target = list(rule.properties.Targets)
      .map(record)
      .find(({ Arn }) => Arn === pipeline.arn);
    if (target !== undefined) return start(cloud, pipeline, rule, target, event);
  }
  throw new StepError(
    'NotStarted',
    sends
      ? `No rule of EventBridge that matches s3://${object.bucket}/${object.key} has the pipeline as its target.`
      : `The bucket ${object.bucket} sends no events to EventBridge, so nothing starts the pipeline.`,
  );
}

function start(
  cloud: Cloud,
  { arn, region, accountId, stages }: PipelineDeclaration,
  rule: DeployedResource,
  target: Readonly<Record<string, unknown>>,
  event: object,
): SourceRevisions {
  const role = cloud.service('events.amazonaws.com').assume(text(target.RoleArn) ?? '', 'events', region, {
    'aws:SourceAccount': accountId,
    'aws:SourceArn': `arn:aws:events:${rule.region}:${rule.account}:rule/${rule.ref}`,
  });
  role.call('codepipeline:StartPipelineExecution', arn, region);
  const input = record(JSON.parse(transform(record(target.InputTransformer), event)));
  const revisions = new Map(
    list(input.sourceRevisions)
      .map(record)
      .map(({ actionName, revisionValue }) => [String(actionName), String(revisionValue)]),
  );
  const sources = stages[0]?.actions.map(({ name }) => name) ?? [];
  const unknown = [...revisions.keys()].find((name) => !sources.includes(name));
  if (unknown === undefined) return revisions;
  throw new StepError(
    'ValidationException',
    `Rule ${rule.ref} gives a revision for the source action ${unknown}, which the pipeline does not have; expected ${sources.join(' or ')}.`,
  );
}

/** EventBridge user guide, event patterns: a list of values for a field, of which one must be equal. @throws StepError for other filters */
function matchesPattern(pattern: unknown, event: unknown): boolean {
  if (!Array.isArray(pattern)) {
    const fields = Object.entries(record(pattern));
    return fields.every(([name, inner]) => matchesPattern(inner, record(event)[name]));
  }
  return pattern.some((wanted: unknown) => {
    if (typeof wanted === 'object' && wanted !== null) {
      throw new StepError('Unsupported', `The event pattern ${JSON.stringify(wanted)} is not known here.`);
    }
    return wanted === event;
  });
}

/** EventBridge user guide, input transformers: paths of the event take the place of `<name>`. */
function transform(
  { InputPathsMap, InputTemplate }: Readonly<Record<string, unknown>>,
  event: object,
): string {
  const values = new Map(
    Object.entries(record(InputPathsMap)).map(([name, path]) => [
      name,
      String(path)
        .split('.')
        .slice(1)
        .reduce<unknown>((value, field) => record(value)[field], event),
    ]),
  );
  return (text(InputTemplate) ?? '{}').replaceAll(/<([\w-]+)>/g, (whole, name: string) =>
    String(values.get(name) ?? whole),
  );
}
