// Notices of pipelines: that an execution failed, and that one waits for approval.
import { EventField, type IRuleTarget, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';

/** Props of PipelineNotices. */
export interface PipelineNoticesProps {
  /** Names of the pipelines, in the account and region of the stack. */
  readonly pipelineNames: string[];
  /** Where the notices go; its policy, and that of its key, must let EventBridge publish. */
  readonly topic: ITopic;
}

/**
 * Tells a topic of what needs a person.
 *
 * @see https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html
 */
export class PipelineNotices extends Construct {
  constructor(scope: Construct, id: string, props: PipelineNoticesProps) {
    super(scope, id);
    const execution = `${EventField.fromPath('$.detail.pipeline')}, execution ${EventField.fromPath('$.detail.execution-id')}, in ${EventField.fromPath('$.region')}`;
    const rule = (name: string, of: 'Pipeline' | 'Action', detail: object, message: string): Rule =>
      new Rule(this, name, {
        description: message.split(':')[0] ?? message,
        eventPattern: {
          source: ['aws.codepipeline'],
          detailType: [`CodePipeline ${of} Execution State Change`],
          detail: { pipeline: props.pipelineNames, ...detail },
        },
        targets: [target(props.topic, message)],
      });
    rule('Failed', 'Pipeline', { state: ['FAILED'] }, `A pipeline failed: ${execution}`);
    rule(
      'Approval',
      'Action',
      { state: ['STARTED'], type: { category: ['Approval'] } },
      `A pipeline waits for approval: ${EventField.fromPath('$.detail.stage')} of ${execution}`,
    );
  }
}

// The target of aws-events-targets would add a statement without conditions to the topic's policy.
function target({ topicArn }: ITopic, message: string): IRuleTarget {
  return { bind: () => ({ arn: topicArn, input: RuleTargetInput.fromText(message) }) };
}
