// What the replay builds: stores with the policies that the infrastructure deploys.
import { expect, it } from 'vitest';
import { World } from '../../../local/aws/state/world.ts';
import { readEvent } from '../../../local/pipeline/event/event.ts';
import { scenarioOf } from '../../../local/pipeline/scenarios.ts';
import { setUp } from '../../../local/pipeline/set-up.ts';

const FILE = new URL('../../../events/three-regions.json', import.meta.url).pathname;

it("gives the pipeline's keys the policy of an artifact store: even administrators use them through S3 only", async () => {
  const { world, event, stage } = await built();
  const [keyArn = ''] = stage.keyArns.values();
  const { caller } = world.identity(stage.reader.accessKeyId) ?? {};
  const decide = (service: string | undefined) =>
    caller &&
    world.decide(caller, 'kms:Decrypt', keyArn, {
      'kms:CallerAccount': event.accountId,
      'kms:ViaService': service,
    }).effect;
  expect(decide(undefined)).toBe('ImplicitDeny');
  expect(decide('s3.af-south-1.amazonaws.com')).toBe('ImplicitDeny');
  expect(decide(`s3.${event.region}.amazonaws.com`)).toBe('Allow');
});

it('lets nothing be written to a destination under another key than its own', async () => {
  const { world, event, stage } = await built();
  const { caller } = world.identity(stage.reader.accessKeyId) ?? {};
  const decide = (bucket: string, keyArn: string | undefined) =>
    caller &&
    world.decide(caller, 's3:PutObject', `arn:aws:s3:::${bucket}/key`, {
      's3:x-amz-server-side-encryption': keyArn === undefined ? 'AES256' : 'aws:kms',
      's3:x-amz-server-side-encryption-aws-kms-key-id': keyArn,
    });
  expect(event.destinations.length).toBeGreaterThan(1);
  for (const { bucket } of event.destinations) {
    expect(decide(bucket, stage.keyArns.get(bucket))?.effect).toBe('Allow');
    const [other] = [...stage.keyArns].flatMap(([name, arn]) => (name === bucket ? [] : [arn]));
    for (const wrong of [other, undefined]) {
      expect(decide(bucket, wrong)?.by).toMatchObject([{ statement: 'DenyWritesUnderOtherKeys' }]);
    }
  }
});

async function built() {
  const world = new World();
  const event = await readEvent(FILE);
  return { world, event, stage: setUp(world, event, scenarioOf(FILE), new Map()) };
}
