// The encrypted SNS topic of alarms and of notices of pipelines, with its e-mail subscription.
import { Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';

/** Props of an AlarmTopic. */
export interface AlarmTopicProps {
  /** Who gets the messages; SNS asks the address for confirmation first. */
  readonly email: string;
  /** Key of the topic; its policy must let CloudWatch use it. */
  readonly key: IKey;
  /**
   * Name of the topic.
   * @default chosen by CloudFormation
   */
  readonly topicName?: string;
}

/** A topic that the alarms of this account and region may publish to, over TLS only. */
export class AlarmTopic extends Construct {
  /** The topic. */
  readonly topic: Topic;

  constructor(scope: Construct, id: string, props: AlarmTopicProps) {
    super(scope, id);
    const stack = Stack.of(this);
    this.topic = new Topic(this, 'Topic', {
      ...(props.topicName === undefined ? {} : { topicName: props.topicName }),
      masterKey: props.key,
      enforceSSL: true,
    });
    const allowPublishing = (sid: string, service: string, source: string, condition: object = {}): void => {
      const sourceArn = `arn:${stack.partition}:${service}:${stack.region}:${stack.account}:${source}`;
      const statement = {
        Sid: sid,
        Effect: 'Allow',
        Principal: { Service: `${service}.amazonaws.com` },
        Action: 'sns:Publish',
        Resource: this.topic.topicArn,
        Condition: { ArnLike: { 'aws:SourceArn': sourceArn }, ...condition },
      };
      this.topic.addToResourcePolicy(PolicyStatement.fromJson(statement));
    };
    // A topic policy replaces the default one, which would have let alarms of the account publish.
    allowPublishing('PublishAlarms', 'cloudwatch', 'alarm:*', {
      StringEquals: { 'aws:SourceAccount': stack.account },
    });
    allowPublishing('PublishNotices', 'events', 'rule/*');
    this.topic.addSubscription(new EmailSubscription(props.email));
  }
}
