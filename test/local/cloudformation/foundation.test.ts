// The synthesised foundation can be deployed: into an empty world, in one go.
import { describe, expect, it } from 'vitest';
import { buildApp } from '../../../infra/build-app.ts';
import { namesOf } from '../../../infra/shape/names.ts';
import { topology } from '../../../infra/topology.ts';
import { deployed } from './deployed.ts';

const names = namesOf(topology);

describe('the default topology', () => {
  it('is deployed in one go', async () => {
    const deployment = await deployed(buildApp(topology, { checks: false }), topology.bootstrapQualifier);
    expect(deployment.resourcesOf('AWS::CodePipeline::Pipeline').map(({ ref }) => ref)).toEqual([
      names.pipeline,
    ]);
  });
});
