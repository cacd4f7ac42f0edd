// Repositories of container images: recorded only, no image is ever in one.
import * as v from 'valibot';
import { physicalName, regionalArn } from '../resource-kind/physical-name.ts';
import { policyDocument, tags, text } from '../resource-kind/properties.ts';
import { resourceKind } from '../resource-kind/resource-kind.ts';

/** AWS::ECR::Repository */
export const repository = resourceKind({
  properties: v.strictObject({
    RepositoryName: v.optional(text(256, /^[a-z0-9]+([._/-][a-z0-9]+)*$/)),
    ImageTagMutability: v.optional(v.picklist(['MUTABLE', 'IMMUTABLE'])),
    LifecyclePolicy: v.optional(v.strictObject({ LifecyclePolicyText: v.pipe(text(30_720), v.parseJson()) })),
    RepositoryPolicyText: v.optional(policyDocument),
    Tags: tags,
  }),
  identify({ RepositoryName }, context) {
    const name = RepositoryName ?? physicalName(undefined, context, 256).toLowerCase();
    return { ref: name, attributes: { Arn: regionalArn('ecr', `repository/${name}`, context) } };
  },
});
