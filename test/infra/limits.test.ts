// Sizes: what AWS would refuse when it is deployed, synthesis refuses, and 15 regions with 15 accounts fit.
import { Stack } from 'aws-cdk-lib';
import { CfnManagedPolicy, CfnRole } from 'aws-cdk-lib/aws-iam';
import { CfnKey } from 'aws-cdk-lib/aws-kms';
import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnBucketPolicy } from 'aws-cdk-lib/aws-s3';
import { describe, expect, it } from 'vitest';
import { buildApp, buildCdkPipelinesApp } from '../../infra/build-app.ts';
import { createApp } from '../../infra/checks/validations.ts';
import { policyDocument } from '../../infra/permissions/policy.ts';
import { namesOf } from '../../infra/shape/names.ts';
import { synthesised } from './synthesised.ts';
import { sized } from './topologies.ts';

/** A policy document of this many characters, as IAM counts them. */
function documentOf(characters: number): object {
  const statement = { Sid: 'S', Effect: 'Allow', Action: 's3:GetObject', Resource: '' } as const;
  const empty = JSON.stringify(policyDocument([statement])).length;
  return policyDocument([{ ...statement, Resource: 'x'.repeat(characters - empty) }]);
}

function synthesiseWith(add: (stack: Stack) => void): () => unknown {
  const app = createApp({ checks: false });
  add(new Stack(app, 'sizes'));
  return () => app.synth();
}

const role = (characters: number) => (stack: Stack) =>
  new CfnRole(stack, 'Role', {
    assumeRolePolicyDocument: {},
    policies: [
      { policyName: 'a', policyDocument: documentOf(5000) },
      { policyName: 'b', policyDocument: documentOf(characters - 5000) },
    ],
  });
const managed = (characters: number) => (stack: Stack) =>
  new CfnManagedPolicy(stack, 'Policy', { policyDocument: documentOf(characters) });
const bucketPolicy = (characters: number) => (stack: Stack) =>
  new CfnBucketPolicy(stack, 'Policy', { bucket: 'b', policyDocument: documentOf(characters) });
const key = (characters: number) => (stack: Stack) =>
  new CfnKey(stack, 'Key', { keyPolicy: documentOf(characters) });
const environment = (bytes: number) => (stack: Stack) =>
  new CfnFunction(stack, 'Function', {
    code: {},
    role: 'r',
    environment: { variables: { A: 'x'.repeat(bytes - '{"A":""}'.length) } },
  });

describe.each([
  ['the inline policies of a role', 10_240, role],
  ['a managed policy', 6144, managed],
  ['a bucket policy', 20_480, bucketPolicy],
  ['a key policy', 32_768, key],
  ['the environment of a function', 4096, environment],
])('%s', (_what, max, sizedBy) => {
  it(`may have ${max} bytes, and not one more`, () => {
    expect(synthesiseWith(sizedBy(max))).not.toThrow();
    const number = (value: number): string => value.toLocaleString('en-US');
    expect(synthesiseWith(sizedBy(max + 1))).toThrow(
      new RegExp(`: ${number(max + 1)} (bytes|characters); AWS takes ${number(max)}`),
    );
  });
});

describe('15 regions with 15 accounts', () => {
  const topology = sized(15, 15);

  it('fit, by the lengths that names, ARNs and policies have once deployed', () => {
    const foundation = synthesised(buildApp, topology);
    const cdkPipelines = synthesised(buildCdkPipelinesApp, topology);
    expect(foundation.stacks).toHaveLength(15 + 15 + 2);
    expect(cdkPipelines.stacks).toHaveLength(1 + 15 * 15);
  });
});

describe('more than fits', () => {
  it('is refused with the number that is too large', () => {
    const app = buildApp(sized(1, 50), { checks: false });
    expect(() => app.synth()).toThrow(/stages: 51 stages; AWS takes 50/);
    expect(() => buildApp(sized(25, 1), { checks: false })).toThrow(/\d{4} bytes, Lambda takes 4096/);
  });
});

describe('one region', () => {
  it('is a pipeline without a Sync stage, until there is a second one', () => {
    const topology = sized(1, 1);
    const stages = JSON.stringify(
      synthesised(buildApp, topology).stack(namesOf(topology).stacks.pipeline).template,
    );
    expect(stages).not.toContain('"Name":"Sync"');
    expect(stages).toContain('"Name":"Environment-0"');
  });
});
