// Accounts are bootstrapped with the CDK CLI's own template, which nobody here has written.
import { beforeAll, describe, expect, it } from 'vitest';
import { World } from '../../../local/aws/state/world.ts';
import { bootstrap } from '../../../local/cloudformation/cdk/bootstrap.ts';
import { Deployment } from '../../../local/cloudformation/deployment.ts';
import { ACCOUNT, REGION, stackOf } from './stack.ts';

const QUALIFIER = 'platform1';
const NAME = `CDKToolkit-${QUALIFIER}`;
const OTHER_REGION = 'us-east-1';

let deployment: Deployment;

beforeAll(() => {
  deployment = new Deployment(new World());
  const stacks = [REGION, OTHER_REGION, REGION].map((region) => stackOf({}, { region }));
  bootstrap(deployment, stacks, QUALIFIER);
});

describe('a bootstrapped account', () => {
  it('has one bootstrap stack in each region, with the version that templates ask for', () => {
    expect(deployment.stacks.map(({ name, region }) => [name, region])).toEqual([
      [NAME, REGION],
      [NAME, OTHER_REGION],
    ]);
    const version = deployment.stack(ACCOUNT, REGION, NAME)?.resources.get('CdkBootstrapVersion');
    expect(version?.ref).toBe(`/cdk-bootstrap/${QUALIFIER}/version`);
    expect(Number(version?.properties.Value)).toBeGreaterThan(5);
  });

  it('has a bucket for assets, encrypted by AWS’s own key, and no key to pay for', () => {
    const bucket = deployment.world.bucket(`cdk-${QUALIFIER}-assets-${ACCOUNT}-${REGION}`);

    expect(bucket).toMatchObject({ region: REGION, encryption: { algorithm: 'aws:kms' } });
    expect(bucket.policy?.statements.map(({ reference }) => reference.statement)).toEqual([
      'AllowSSLRequestsOnly',
    ]);
    expect(deployment.resourcesOf('AWS::KMS::Key')).toEqual([]);
  });

  it('has roles that its own account may assume, and one that only CloudFormation may', () => {
    const { world } = deployment;
    const arnOf = (role: string): string =>
      `arn:aws:iam::${ACCOUNT}:role/cdk-${QUALIFIER}-${role}-${ACCOUNT}-${REGION}`;
    const assume = (caller: Parameters<World['assumeRole']>[0], role: string): unknown =>
      world.assumeRole(caller, { roleArn: arnOf(role), sessionName: 'session' });
    const account = { type: 'Account', accountId: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:root` } as const;
    const stranger = { ...account, accountId: '444455556666', arn: 'arn:aws:iam::444455556666:root' };
    const service = { type: 'Service', arn: 'cloudformation.amazonaws.com' } as const;

    expect(assume(account, 'deploy-role')).toBeDefined();
    expect(assume(service, 'cfn-exec-role')).toBeDefined();
    expect(() => assume(stranger, 'deploy-role')).toThrow(/not authorized to perform: sts:AssumeRole/);
    expect(() => assume(account, 'cfn-exec-role')).toThrow(/not authorized to perform: sts:AssumeRole/);
  });
});
