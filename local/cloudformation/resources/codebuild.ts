// CodeBuild projects of pipelines.
import * as v from 'valibot';
import { physicalName, regionalArn } from '../resource-kind/physical-name.ts';
import { arn, bool, integer, tags, text } from '../resource-kind/properties.ts';
import { resourceKind } from '../resource-kind/resource-kind.ts';
import { requireAssumable } from '../resource-kind/service-role.ts';

/** AWS::CodeBuild::Project */
export const codeBuildProject = resourceKind({
  properties: v.strictObject({
    Name: v.optional(text(150, /^[A-Za-z0-9][A-Za-z0-9_-]+$/)),
    Description: v.optional(v.pipe(v.string(), v.maxLength(255))),
    ServiceRole: arn('iam'),
    EncryptionKey: v.optional(arn('kms')),
    Artifacts: v.strictObject({ Type: v.picklist(['CODEPIPELINE', 'NO_ARTIFACTS']) }),
    Cache: v.optional(
      v.strictObject({
        Type: v.picklist(['NO_CACHE', 'LOCAL', 'S3']),
        Modes: v.optional(v.array(v.string())),
      }),
    ),
    Environment: v.strictObject({
      ComputeType: v.picklist([
        'BUILD_GENERAL1_SMALL',
        'BUILD_GENERAL1_MEDIUM',
        'BUILD_GENERAL1_LARGE',
        'BUILD_GENERAL1_2XLARGE',
      ]),
      Image: text(1024),
      ImagePullCredentialsType: v.optional(v.picklist(['CODEBUILD', 'SERVICE_ROLE'])),
      PrivilegedMode: v.optional(bool),
      Type: v.picklist(['LINUX_CONTAINER', 'ARM_CONTAINER']),
      EnvironmentVariables: v.optional(
        v.array(
          v.strictObject({
            Name: text(1024),
            Value: v.string(),
            Type: v.optional(v.picklist(['PLAINTEXT', 'PARAMETER_STORE', 'SECRETS_MANAGER'])),
          }),
        ),
      ),
    }),
    LogsConfig: v.optional(
      v.strictObject({
        CloudWatchLogs: v.strictObject({
          Status: v.picklist(['ENABLED', 'DISABLED']),
          GroupName: v.optional(v.string()),
          StreamName: v.optional(v.string()),
        }),
      }),
    ),
    Source: v.strictObject({
      Type: v.picklist(['CODEPIPELINE', 'NO_SOURCE']),
      BuildSpec: v.optional(v.string()),
    }),
    TimeoutInMinutes: v.optional(integer(5, 2160)),
    QueuedTimeoutInMinutes: v.optional(integer(5, 480)),
    Tags: tags,
  }),
  identify({ Name }, context) {
    const name = physicalName(Name, context, 150);
    return { ref: name, attributes: { Arn: regionalArn('codebuild', `project/${name}`, context) } };
  },
  check({ ServiceRole }, { attributes: { Arn: sourceArn = '' } }, context) {
    requireAssumable(
      context,
      { roleArn: ServiceRole, service: 'codebuild.amazonaws.com', sourceArn },
      'InvalidInputException',
      `CodeBuild is not authorized to perform: sts:AssumeRole on ${ServiceRole}`,
    );
  },
});
