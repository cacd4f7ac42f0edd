// The deployment guide says what is: its table of permissions, its names, its parameters.
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { DEPLOY_GUIDE, withPermissionsTable } from '../../../infra/permissions/permissions-table.ts';
import { buildReleaseApp } from '../../../infra/release/template.ts';
import { namesOf } from '../../../infra/shape/names.ts';
import { topology } from '../../../infra/topology.ts';
import { at, synthesise } from '../synthesised.ts';

const guide = await readFile(DEPLOY_GUIDE, 'utf8');

/** Without the spaces that align the columns of tables. */
function unaligned(document: string): string {
  return document.replaceAll(/ +/g, ' ').replaceAll(/-{3,}/g, '---');
}

describe('the deployment guide', () => {
  it('has the table of permissions that the role is made of', () => {
    expect(unaligned(guide)).toBe(unaligned(withPermissionsTable(guide)));
    expect(unaligned(guide)).toContain('| `CopyObject` (destination) | `s3:GetObject` | source objects |');
  });

  it('names what the delivered topology creates', () => {
    const names = namesOf(topology);
    for (const name of [
      names.pipeline,
      names.buildBucket,
      names.artifactKeyAlias,
      names.functionName,
      names.actionRole,
    ]) {
      expect(guide).toContain(name);
    }
    for (const { account } of topology.deployAccounts) {
      expect(guide).toContain(
        `cdk bootstrap aws://${account}/${topology.tools.primaryRegion} --trust ${topology.tools.account}`,
      );
    }
    const tools = topology.regions.map(({ region }) => `aws://${topology.tools.account}/${region}`).join(' ');
    expect(guide).toContain(`npx cdk bootstrap ${tools}`);
  });

  it('explains every parameter of the release', () => {
    const template = synthesise(buildReleaseApp('x', { checks: false })).stack('sync-artifacts').template;
    for (const parameter of Object.keys(at(template, 'Parameters') ?? {}))
      expect(guide).toContain(`\`${parameter}\``);
  });
});
