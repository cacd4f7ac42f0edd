// A lost job is reported before CodePipeline stops waiting: computed from the template that is deployed.
import { describe, expect, it } from 'vitest';
import { buildApp } from '../../../infra/build-app.ts';
import { buildReleaseApp } from '../../../infra/release/template.ts';
import { asyncInvocationFor } from '../../../infra/shape/job-time.ts';
import { namesOf } from '../../../infra/shape/names.ts';
import { topology } from '../../../infra/topology.ts';
import { at, ofType, type Resource, type SynthesisedStack, synthesise, synthesised } from '../synthesised.ts';

const CODEPIPELINE_LIMIT_SECONDS = 20 * 60; // CodePipeline quotas
const RETRY_WAITS_SECONDS = [60, 120]; // Lambda developer guide, asynchronous invocation

describe.each([
  {
    where: 'the stack',
    stack: synthesised(buildApp, topology).stack(namesOf(topology).stacks.syncArtifacts),
  },
  {
    where: 'the release',
    stack: synthesise(buildReleaseApp('code.zip', { checks: false })).stack('sync-artifacts'),
  },
])('in $where', ({ stack }) => {
  const sync = invocationOf(stack, 'handler.handler');
  const lostJob = invocationOf(stack, 'lost-job.handler');
  const lostJobSeconds = attempts(lostJob.timeoutSeconds, lostJob.retries);

  it('all attempts and the handler of lost jobs end within 20 minutes', () => {
    expect(attempts(sync.timeoutSeconds, sync.retries) + lostJobSeconds).toBeLessThan(
      CODEPIPELINE_LIMIT_SECONDS,
    );
  });

  it('they do so even when the last attempt begins as late as Lambda lets it', () => {
    expect(sync.maxAgeSeconds + sync.timeoutSeconds + lostJobSeconds).toBeLessThan(
      CODEPIPELINE_LIMIT_SECONDS,
    );
  });

  it('the event is not too old for the attempts that are promised', () => {
    const lastBegins = attempts(sync.timeoutSeconds, sync.retries) - sync.timeoutSeconds;
    expect(sync.retries).toBeGreaterThan(0);
    expect(lastBegins).toBeLessThan(sync.maxAgeSeconds);
  });

  it('a lost job goes to the handler of lost jobs', () => {
    expect(at(sync.config.Properties, 'DestinationConfig.OnFailure.Destination')).toEqual({
      'Fn::GetAtt': [lostJob.id, 'Arn'],
    });
  });
});

describe('a timeout chosen by the user', () => {
  it.each([1, 5, 8, 8.25, 9, 12, 15])('of %d minutes still leaves time for lost jobs', (minutes) => {
    const timeoutSeconds = minutes * 60;
    const { retryAttempts, maxEventAgeSeconds } = asyncInvocationFor(timeoutSeconds);
    const lostJobSeconds = attempts(20, 1);
    expect(maxEventAgeSeconds).toBeGreaterThanOrEqual(60); // Lambda API, MaximumEventAgeInSeconds
    expect(maxEventAgeSeconds + timeoutSeconds + lostJobSeconds).toBeLessThan(CODEPIPELINE_LIMIT_SECONDS);
    expect(attempts(timeoutSeconds, retryAttempts) + lostJobSeconds).toBeLessThan(CODEPIPELINE_LIMIT_SECONDS);
    expect(retryAttempts).toBe(minutes <= 8.25 ? 1 : 0);
  });

  it('of more than Lambda allows is refused', () => {
    expect(() => asyncInvocationFor(16 * 60)).toThrow(/Lambda allows 15 minutes/);
  });
});

function attempts(timeoutSeconds: number, retries: number): number {
  const waits = RETRY_WAITS_SECONDS.slice(0, retries).reduce((total, wait) => total + wait, 0);
  return (retries + 1) * timeoutSeconds + waits;
}

interface Invocation {
  readonly id: string;
  readonly timeoutSeconds: number;
  readonly retries: number;
  readonly maxAgeSeconds: number;
  readonly config: Resource;
}

function invocationOf(stack: SynthesisedStack, handler: string): Invocation {
  const found = ofType(stack, 'AWS::Lambda::Function').find(
    ({ Properties }) => Properties.Handler === handler,
  );
  const config = ofType(stack, 'AWS::Lambda::EventInvokeConfig').find(
    ({ Properties }) => at(Properties, 'FunctionName.Ref') === found?.id,
  );
  if (!found || !config)
    throw new Error(`no function ${handler} with a configuration of asynchronous invocation`);
  return {
    id: found.id,
    timeoutSeconds: Number(found.Properties.Timeout),
    retries: Number(config.Properties.MaximumRetryAttempts),
    maxAgeSeconds: Number(config.Properties.MaximumEventAgeInSeconds),
    config,
  };
}
