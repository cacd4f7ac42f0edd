// All kinds of resources that are known, by the type that templates name.

import type { ResourceKind } from '../resource-kind/resource-kind.ts';
import { codeBuildProject } from './codebuild.ts';
import { pipeline } from './codepipeline/pipeline.ts';
import { repository } from './ecr.ts';
import { eventsRule } from './events.ts';
import { inlinePolicy, managedPolicy, role } from './iam.ts';
import { kmsAlias, kmsKey } from './kms.ts';
import { eventInvokeConfig, lambdaFunction } from './lambda/lambda.ts';
import { logGroup, logsResourcePolicy, queryDefinition } from './logs.ts';
import { alarm, compositeAlarm, dashboard, subscription, topic, topicPolicy } from './observability.ts';
import { bucketPolicy } from './s3/bucket-policy.ts';
import { bucket } from './s3/buckets.ts';
import { parameter } from './ssm.ts';

/** By type. */
export const RESOURCE_KINDS: Readonly<Record<string, ResourceKind>> = {
  'AWS::CloudWatch::Alarm': alarm,
  'AWS::CloudWatch::CompositeAlarm': compositeAlarm,
  'AWS::CloudWatch::Dashboard': dashboard,
  'AWS::CodeBuild::Project': codeBuildProject,
  'AWS::CodePipeline::Pipeline': pipeline,
  'AWS::ECR::Repository': repository,
  'AWS::Events::Rule': eventsRule,
  'AWS::IAM::ManagedPolicy': managedPolicy,
  'AWS::IAM::Policy': inlinePolicy,
  'AWS::IAM::Role': role,
  'AWS::KMS::Alias': kmsAlias,
  'AWS::KMS::Key': kmsKey,
  'AWS::Lambda::EventInvokeConfig': eventInvokeConfig,
  'AWS::Lambda::Function': lambdaFunction,
  'AWS::Logs::LogGroup': logGroup,
  'AWS::Logs::QueryDefinition': queryDefinition,
  'AWS::Logs::ResourcePolicy': logsResourcePolicy,
  'AWS::S3::Bucket': bucket,
  'AWS::S3::BucketPolicy': bucketPolicy,
  'AWS::SNS::Subscription': subscription,
  'AWS::SNS::Topic': topic,
  'AWS::SNS::TopicPolicy': topicPolicy,
  'AWS::SSM::Parameter': parameter,
};
