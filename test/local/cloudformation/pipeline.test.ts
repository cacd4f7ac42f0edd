// What CodePipeline refuses of a pipeline, a deployment here refuses.
import { describe, expect, it } from 'vitest';
import { World } from '../../../local/aws/state/world.ts';
import { Deployment } from '../../../local/cloudformation/deployment.ts';
import type { Template } from '../../../local/cloudformation/template/template.ts';
import { ACCOUNT, arnOf, bucket, deploy, REGION, resource, role } from './stack.ts';

const source = (more: object = {}): object => ({
  Name: 'Source',
  ActionTypeId: { Category: 'Source', Owner: 'AWS', Provider: 'S3', Version: '1' },
  Configuration: { S3Bucket: 'b', S3ObjectKey: 'k' },
  OutputArtifacts: [{ Name: 'Out' }],
  ...more,
});
const invoke = (more: object = {}): object => ({
  Name: 'Invoke',
  ActionTypeId: { Category: 'Invoke', Owner: 'AWS', Provider: 'Lambda', Version: '1' },
  Configuration: { FunctionName: 'f' },
  InputArtifacts: [{ Name: 'Out' }],
  ...more,
});
const pipeline = (stages: readonly (readonly object[])[], more: object = {}): Template => ({
  Role: role('codepipeline.amazonaws.com'),
  Store: bucket('store-bucket'),
  P: resource('AWS::CodePipeline::Pipeline', {
    Name: 'p',
    RoleArn: arnOf('Role'),
    ArtifactStore: { Type: 'S3', Location: { Ref: 'Store' } },
    PipelineType: 'V2',
    Stages: stages.map((Actions, index) => ({ Name: `Stage-${index}`, Actions })),
    ...more,
  }),
});

describe('CodePipeline refuses', () => {
  it.each<[string, Template, RegExp]>([
    ['one stage', pipeline([[source()]]), /at least 2 stages/],
    [
      'a first stage that is no source',
      pipeline([[invoke({ InputArtifacts: [] })], [invoke()]]),
      /Stage-0\/Invoke is a Invoke action/,
    ],
    [
      'a source in a later stage',
      pipeline([[source()], [source({ OutputArtifacts: [{ Name: 'More' }] })]]),
      /no other stage has any: Stage-1\/Source/,
    ],
    ['two actions of a name', pipeline([[source()], [invoke(), invoke()]]), /unique within stage Stage-1/],
    [
      'an artifact that nobody makes',
      pipeline([[source()], [invoke({ InputArtifacts: [{ Name: 'Uot' }] })]]),
      /Stage-1\/Invoke has the input artifact Uot, which no action before it puts out/,
    ],
    [
      'an artifact of an action that runs at the same time',
      pipeline([
        [source()],
        [
          invoke({ Name: 'A', OutputArtifacts: [{ Name: 'New' }] }),
          invoke({ Name: 'B', InputArtifacts: [{ Name: 'New' }] }),
        ],
      ]),
      /Stage-1\/B has the input artifact New/,
    ],
    [
      'an artifact that two make',
      pipeline([[source()], [invoke({ OutputArtifacts: [{ Name: 'Out' }] })]]),
      /Output artifact names must be unique within pipeline, found Out/,
    ],
    [
      'a variable of a namespace that there is not',
      pipeline([
        [source()],
        [invoke({ Configuration: { FunctionName: 'f', UserParameters: '#{Cnys.Key}' } })],
      ]),
      /namespace Cnys/,
    ],
    [
      'a namespace twice',
      pipeline([[source({ Namespace: 'N' })], [invoke({ Namespace: 'N' })]]),
      /Namespace must be unique within pipeline, found N/,
    ],
    [
      'an unknown key of a configuration',
      pipeline([[source()], [invoke({ Configuration: { FunctionName: 'f', Parameters: '' } })]]),
      /unknown key Parameters/,
    ],
    [
      'a missing key of a configuration',
      pipeline([[source()], [invoke({ Configuration: {} })]]),
      /missing FunctionName/,
    ],
    [
      'six input artifacts',
      pipeline([[source()], [invoke({ InputArtifacts: 'abcdef'.split('').map((Name) => ({ Name })) })]]),
      /has 6 input artifacts, expected 0 to 5/,
    ],
    [
      'a provider that is not known',
      pipeline([
        [source()],
        [invoke({ ActionTypeId: { Category: 'Invoke', Owner: 'AWS', Provider: 'Lambad', Version: '1' } })],
      ]),
      /Invoke Lambad/,
    ],
    [
      'UserParameters of more than 1000 characters',
      pipeline([
        [source()],
        [invoke({ Configuration: { FunctionName: 'f', UserParameters: 'x'.repeat(1001) } })],
      ]),
      /longest UserParameters: 1,001 characters; AWS takes 1,000/,
    ],
    [
      'an action in a region without a store',
      pipeline([[source()], [invoke({ Region: 'us-east-1' })]]),
      /one artifact store in us-east-1, found 0/,
    ],
    [
      'a store that is not there',
      pipeline([[source()], [invoke()]], { ArtifactStore: { Type: 'S3', Location: 'none' } }),
      /artifact bucket none does not exist/,
    ],
    [
      'a role that it cannot assume',
      { ...pipeline([[source()], [invoke()]]), Role: role('lambda.amazonaws.com') },
      /not authorized to perform AssumeRole on role/,
    ],
    [
      'OnFailure in a pipeline of the first type',
      pipeline([[source()], [invoke()]], { PipelineType: 'V1', ExecutionMode: 'QUEUED' }),
      /need a pipeline of type V2/,
    ],
  ])('%s', (_name, Resources, message) => {
    expect(() => deploy({ Resources })).toThrow(message);
  });

  it('nothing of a sound pipeline, whose declaration has the names of the API', () => {
    const deployment = new Deployment(new World());
    const stages = [
      [source()],
      [invoke({ Namespace: 'N' })],
      [invoke({ Configuration: { FunctionName: 'f', UserParameters: '#{N.x}' } })],
    ];

    deploy({ Resources: pipeline(stages) }, {}, deployment);

    expect(deployment.world.pipelines.find(ACCOUNT, REGION, 'p')?.declaration).toMatchObject({
      name: 'p',
      roleArn: expect.stringContaining('role/stack-Role-'),
      stages: [
        {
          name: 'Stage-0',
          actions: [{ actionTypeId: { provider: 'S3' }, configuration: { S3Bucket: 'b' } }],
        },
        { actions: [{ namespace: 'N', inputArtifacts: [{ name: 'Out' }] }] },
        {},
      ],
    });
  });
});
