// Alarms, dashboards and topics: nothing here watches or sends; they are recorded once they are valid.
import * as v from 'valibot';
import { AwsError } from '../../aws/aws-error.ts';
import { parsePolicy } from '../../aws/iam/parse-policy.ts';
import { physicalName, regionalArn } from '../resource-kind/physical-name.ts';
import { arn, bool, integer, number, policyDocument, tags, text } from '../resource-kind/properties.ts';
import { type ResourceContext, resourceKind } from '../resource-kind/resource-kind.ts';

const actions = v.optional(v.pipe(v.array(arn()), v.maxLength(5)), []);
const notify = {
  ActionsEnabled: v.optional(bool),
  AlarmActions: actions,
  OKActions: actions,
  InsufficientDataActions: actions,
  AlarmDescription: v.optional(v.pipe(v.string(), v.maxLength(1024))),
  AlarmName: v.optional(text(255)),
  Tags: tags,
};
const dimensions = v.optional(
  v.pipe(v.array(v.strictObject({ Name: text(255), Value: text(1024) })), v.maxLength(30)),
);
const statistic = v.picklist(['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum']);
const percentile = text(10, /^(p|tm|tc|ts|wm)\d{1,2}(\.\d{1,10})?$/);
/** CloudWatch API, PutMetricAlarm: 10, 20, 30, or a multiple of 60 seconds. */
const period = v.pipe(
  integer(10, 86_400),
  v.check(
    (seconds) => [10, 20, 30].includes(seconds) || seconds % 60 === 0,
    'Period must be 10, 20, 30 or any multiple of 60',
  ),
);

const metricQuery = v.strictObject({
  Id: text(255, /^[a-z]\w*$/),
  Expression: v.optional(text(2048)),
  Label: v.optional(v.string()),
  Period: v.optional(period),
  ReturnData: v.optional(bool),
  MetricStat: v.optional(
    v.strictObject({
      Metric: v.strictObject({ Namespace: text(255), MetricName: text(255), Dimensions: dimensions }),
      Period: period,
      Stat: v.union([statistic, percentile]),
    }),
  ),
});

const identifyAlarm = (
  { AlarmName }: { readonly AlarmName?: string | undefined },
  context: ResourceContext,
) => {
  const name = physicalName(AlarmName, context, 255);
  return { ref: name, attributes: { Arn: regionalArn('cloudwatch', `alarm:${name}`, context) } };
};

/** AWS::CloudWatch::Alarm */
export const alarm = resourceKind({
  properties: v.pipe(
    v.strictObject({
      ...notify,
      ComparisonOperator: v.picklist([
        'GreaterThanOrEqualToThreshold',
        'GreaterThanThreshold',
        'LessThanThreshold',
        'LessThanOrEqualToThreshold',
      ]),
      EvaluationPeriods: integer(1, 8640),
      DatapointsToAlarm: v.optional(integer(1, 8640)),
      Threshold: number,
      TreatMissingData: v.optional(v.picklist(['breaching', 'notBreaching', 'ignore', 'missing'])),
      Namespace: v.optional(text(255, /^[^:]/)),
      MetricName: v.optional(text(255)),
      Dimensions: dimensions,
      Period: v.optional(period),
      Statistic: v.optional(statistic),
      ExtendedStatistic: v.optional(percentile),
      Metrics: v.optional(v.pipe(v.array(metricQuery), v.maxLength(20))),
    }),
    v.check(
      ({ Metrics, MetricName }) => (Metrics === undefined) !== (MetricName === undefined),
      'an alarm has MetricName or Metrics',
    ),
    v.check(
      ({ MetricName, Statistic, ExtendedStatistic }) =>
        MetricName === undefined || (Statistic === undefined) !== (ExtendedStatistic === undefined),
      'an alarm on a metric has Statistic or ExtendedStatistic',
    ),
    v.check(
      ({ Metrics }) =>
        Metrics === undefined || Metrics.filter(({ ReturnData = true }) => ReturnData).length === 1,
      'exactly one of the metrics must return data',
    ),
  ),
  identify: identifyAlarm,
});

/** AWS::CloudWatch::CompositeAlarm */
export const compositeAlarm = resourceKind({
  properties: v.strictObject({
    ...notify,
    AlarmRule: text(10_240, /\b(ALARM|OK|INSUFFICIENT_DATA|TRUE|FALSE)\b/),
  }),
  identify: identifyAlarm,
  check({ AlarmRule }, _identity, { account, deployment, region }) {
    const known = ['AWS::CloudWatch::Alarm', 'AWS::CloudWatch::CompositeAlarm']
      .flatMap((type) => deployment.resourcesOf(type))
      .filter((each) => each.account === account && each.region === region)
      .flatMap(({ ref, attributes }) => [ref, attributes.Arn]);
    const missing = childrenOf(AlarmRule).filter((name) => !known.includes(name));
    if (missing.length === 0) return;
    throw new AwsError(
      400,
      'ValidationError',
      `Could not save the composite alarm as alarms [${missing.join(', ')}] in the alarm rule do not exist`,
    );
  },
});

/** CloudWatch API, PutCompositeAlarm: names or ARNs of alarms, with or without quotation marks. */
function childrenOf(alarmRule: string): string[] {
  const functions = alarmRule.matchAll(
    /\b(?:ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"([^"]*)"|([^\s()"]+))\s*\)/g,
  );
  return [...functions].map(([, quoted, bare]) => quoted ?? bare ?? '');
}

/** AWS::CloudWatch::Dashboard */
export const dashboard = resourceKind({
  properties: v.strictObject({
    DashboardName: v.optional(text(255, /^[A-Za-z0-9_-]+$/)),
    DashboardBody: v.pipe(
      v.string(),
      v.parseJson(),
      v.object({ widgets: v.pipe(v.array(v.looseObject({ type: v.string() })), v.maxLength(500)) }),
    ),
  }),
  identify: ({ DashboardName }, context) => ({
    ref: physicalName(DashboardName, context, 255),
    attributes: {},
  }),
});

/** AWS::SNS::Topic */
export const topic = resourceKind({
  properties: v.strictObject({
    TopicName: v.optional(text(256, /^[A-Za-z0-9_-]+$/)),
    DisplayName: v.optional(text(100)),
    KmsMasterKeyId: v.optional(text(2048)),
    Tags: tags,
  }),
  identify({ TopicName }, context) {
    const name = physicalName(TopicName, context, 256);
    const topicArn = regionalArn('sns', name, context);
    return { ref: topicArn, attributes: { TopicArn: topicArn, TopicName: name } };
  },
});

/** AWS::SNS::TopicPolicy */
export const topicPolicy = resourceKind({
  properties: v.strictObject({
    PolicyDocument: policyDocument,
    Topics: v.pipe(v.array(arn('sns')), v.minLength(1)),
  }),
  identify: (_properties, context) => ({ ref: physicalName(undefined, context, 256), attributes: {} }),
  check({ PolicyDocument, Topics }, _identity, context) {
    for (const topicArn of Topics) requireTopic(topicArn, context);
    context.world.requirePrincipals(
      parsePolicy('resource', `policy of topic ${Topics.join(', ')}`, PolicyDocument),
    );
  },
});

/** AWS::SNS::Subscription */
export const subscription = resourceKind({
  properties: v.pipe(
    v.strictObject({
      TopicArn: arn('sns'),
      Protocol: v.picklist(['email', 'email-json', 'https', 'lambda', 'sqs', 'sms']),
      Endpoint: v.string(),
    }),
    v.check(
      ({ Protocol, Endpoint }) =>
        !Protocol.startsWith('email') || /^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(Endpoint),
      'Invalid parameter: Email address',
    ),
  ),
  identify: ({ TopicArn }, context) => ({
    ref: `${TopicArn}:${physicalName(undefined, context, 256)}`,
    attributes: {},
  }),
  check: ({ TopicArn }, _identity, context) => requireTopic(TopicArn, context),
});

function requireTopic(topicArn: string, { deployment }: ResourceContext): void {
  if (deployment.resourcesOf('AWS::SNS::Topic').some(({ ref }) => ref === topicArn)) return;
  throw new AwsError(404, 'NotFound', `Topic does not exist: ${topicArn}`);
}
