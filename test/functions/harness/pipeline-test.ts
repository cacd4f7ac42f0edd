// Vitest's `it` with a pipeline of its own for each test, and the pipeline that most tests need.
import { test } from 'vitest';
import { type NewArtifact, type NewDestination, TestPipeline } from './test-pipeline.ts';

/** A destination in eu-west-1. */
export const EU = 'copies-eu';
/** Where the artifact App is, and so its copies unless a template says otherwise. */
export const KEY = 'pipeline/App/abc.zip';

/** A pipeline with one artifact, App, and one destination, EU. */
export async function appPipeline(
  sizeBytes = 1000,
  put: NewArtifact = {},
  destination: NewDestination = {},
): Promise<TestPipeline> {
  const pipeline = await TestPipeline.start();
  pipeline.addArtifact('App', sizeBytes, put);
  pipeline.addDestination(EU, destination);
  return pipeline;
}

/** `it` with the fixture `pipeline`, which is closed when the test has ended. */
export function pipelineTest(create: () => Promise<TestPipeline> = appPipeline) {
  return test.extend<{ pipeline: TestPipeline }>({
    // Vitest finds out from the first parameter which other fixtures are needed.
    pipeline: async ({ task: _ }, use) => {
      await using pipeline = await create();
      await use(pipeline);
    },
  });
}
