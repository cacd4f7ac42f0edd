// Alarms and rules publish to encrypted topics as services: under the topic's key, whose policy has to let them.
import { record, text } from '../../pipeline/event/json.ts';
import type { Cloud } from '../execution/cloud.ts';

/** SNS developer guide, "Configuring KMS permissions": what a service needs that publishes to an encrypted topic. */
const NEEDS = ['kms:GenerateDataKey', 'kms:Decrypt'];

/** Publishes as each service that the topics have publishers of. */
export function publishNotices(cloud: Cloud): string {
  const topics = cloud.deployment.resourcesOf('AWS::SNS::Topic');
  const publishers = [
    ...(cloud.deployment.resourcesOf('AWS::CloudWatch::CompositeAlarm').length > 0
      ? ['cloudwatch.amazonaws.com']
      : []),
    ...(cloud.deployment.resourcesOf('AWS::Events::Rule').some(hasTopic) ? ['events.amazonaws.com'] : []),
  ];
  for (const { account, properties } of topics) {
    const keyArn = text(properties.KmsMasterKeyId);
    if (keyArn === undefined) continue;
    for (const publisher of publishers) {
      for (const action of NEEDS) {
        cloud.service(publisher).useKey(action, keyArn, { 'aws:SourceAccount': account });
      }
    }
  }
  return `to ${topics.length} topics, by ${publishers.join(' and ')}`;
}

function hasTopic({ properties }: { readonly properties: Readonly<Record<string, unknown>> }): boolean {
  return [properties.Targets].flat().some((target) => String(record(target).Arn).startsWith('arn:aws:sns:'));
}
