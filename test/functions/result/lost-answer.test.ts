// Results that CodePipeline took although its answer was lost.
import { expect, it } from 'vitest';
import { TestPipeline } from '../harness/test-pipeline.ts';

const EU = 'lost-answer-eu';

it('a success whose answer is lost is sent again, and counted and logged once', async () => {
  await using pipeline = await TestPipeline.start();
  pipeline.addArtifact('App');
  pipeline.addDestination(EU);
  let lost = 0;
  pipeline.faults = ({ operation, phase }) =>
    operation === 'PutJobSuccessResult' && phase === 'after' && lost++ === 0 ? { kind: 'reset' } : undefined;

  const { results, metrics, log } = await pipeline.invoke({ DestinationBucket: EU });

  expect(lost).toBeGreaterThan(0);
  expect(results).toHaveLength(1);
  expect(metrics.filter(({ metric }) => metric === 'JobsSucceeded')).toHaveLength(1);
  expect(log.filter(({ message }) => message === 'Job succeeded')).toHaveLength(1);
});
