// What the sample workload's CloudFormation role may do: replace it by what your templates create.
import type { InlinePolicy } from '../shape/topology-rules.ts';

/** Create, change and delete the one function, role and log group of `template.yaml`, and nothing else. */
export const sampleWorkloadPolicy: InlinePolicy = {
  name: 'sample-workload',
  statements: [
    {
      actions: [
        'lambda:CreateFunction',
        'lambda:DeleteFunction',
        'lambda:GetFunction',
        'lambda:ListTags',
        'lambda:TagResource',
        'lambda:UntagResource',
        'lambda:UpdateFunctionCode',
        'lambda:UpdateFunctionConfiguration',
      ],
      resources: ['arn:{partition}:lambda:*:{account}:function:{qualifier}-workload-*'],
      why: 'The function of the template, in each environment and region.',
    },
    {
      actions: [
        'iam:CreateRole',
        'iam:DeleteRole',
        'iam:DeleteRolePolicy',
        'iam:GetRole',
        'iam:GetRolePolicy',
        'iam:PassRole',
        'iam:PutRolePolicy',
        'iam:TagRole',
        'iam:UntagRole',
      ],
      resources: ['arn:{partition}:iam::{account}:role/{qualifier}-workload-*'],
      why: 'The role of that function; only a boundary that lets no role be made without one limits what it is given.',
    },
    {
      actions: [
        'logs:CreateLogGroup',
        'logs:DeleteLogGroup',
        'logs:ListTagsForResource',
        'logs:PutRetentionPolicy',
        'logs:TagResource',
        'logs:UntagResource',
      ],
      resources: ['arn:{partition}:logs:*:{account}:log-group:/aws/lambda/{qualifier}-workload-*'],
      why: 'The log group of that function.',
    },
    {
      actions: ['logs:DescribeLogGroups'],
      resources: ['*'],
      why: 'CloudFormation looks whether that log group is there; IAM knows no narrower resource for listing.',
    },
  ],
};
