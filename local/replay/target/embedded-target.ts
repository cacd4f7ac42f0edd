// The embedded AWS as a place to replay in: the world of the event, faults and latency while the job runs.
import { startEmbeddedAws } from '../../aws/embedded-aws.ts';
import { injectFaults } from '../../aws/faults/fault-injector.ts';
import type { LoggedRequest } from '../../aws/state/request-log.ts';
import type { ReplayEvent } from '../../pipeline/event/event.ts';
import { killing } from '../../pipeline/killing.ts';
import type { Scenario } from '../../pipeline/scenarios.ts';
import { retryStage, setUp } from '../../pipeline/set-up.ts';
import type { ReplayOptions } from '../options.ts';
import { modelNetwork } from './modelled-network.ts';
import type { Target } from './target.ts';

/** Starts it and builds everything that the event names. */
export async function embeddedTarget(
  options: ReplayOptions,
  event: ReplayEvent,
  scenario: Scenario,
): Promise<Target> {
  let running = false;
  const rates = { ...scenario.faults, ...options.fault };
  const faults = injectFaults({ seed: options.seed, rates, world: () => aws.world });
  const network = options.wan ? modelNetwork(event, () => running) : undefined;
  const aws = await startEmbeddedAws({
    // Faults strike the function, not those who look at what it did.
    faults: (point) => (running ? faults.hook(point) : undefined),
    ...(network && { network }),
  });
  const { world } = aws;
  const around = { ...scenario, ...(options.unversionedSource && { unversionedSource: true }) };
  const stage = setUp(world, event, around, options.artifact);
  const struck = new Map<string, number>(Object.keys(rates).map((kind) => [kind, 0]));
  let runs = 0;
  return {
    kind: 'embedded',
    facts: [
      ['on', 'an embedded AWS on this machine'],
      ...(network ? [['over', network.describe(stage.sizesBytes)] as const] : []),
    ],
    world,
    built: { aws, stage, struck, network: () => network?.report(stage.sizesBytes) },
    functionSettings: {
      region: event.region,
      credentials: stage.role,
      environment: {
        AWS_ENDPOINT_URL_S3: aws.endpoint,
        AWS_ENDPOINT_URL_CODEPIPELINE: aws.endpoint,
        ...scenario.environment,
        ...Object.fromEntries(options.env),
      },
    },
    lostJobCredentials: stage.lostJobRole,
    nextJob() {
      runs += 1;
      if (runs === 1) return { job: stage.job, event: event.raw };
      const job = retryStage(stage);
      return { job, event: job.event };
    },
    invocable(lambda) {
      const { oom: rate = 0 } = rates;
      const onDeath = (): void => void struck.set('oom', (struck.get('oom') ?? 0) + 1);
      return rate > 0 ? killing(lambda, world, { seed: options.seed, rate, onDeath }) : lambda;
    },
    async whileRunning(onRequest: (request: LoggedRequest) => void, action) {
      const unsubscribe = world.onRequest(onRequest);
      running = true;
      try {
        return await action();
      } finally {
        running = false;
        unsubscribe();
        for (const [kind, count] of faults.struck) struck.set(kind, count);
      }
    },
    [Symbol.asyncDispose]: () => aws.close(),
  };
}
