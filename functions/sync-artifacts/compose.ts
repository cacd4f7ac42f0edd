// Composes clients, logger and metrics of a container into its handler.
import { BucketCache } from './aws/bucket-cache.ts';
import { S3ClientPool } from './aws/s3-clients.ts';
import type { BucketConnections } from './aws/transport/bucket-connections.ts';
import { CHECK_EVENT, type CheckReport } from './check/report.ts';
import type { Container } from './create-context.ts';
import { runInvocation } from './invocation.ts';
import { JobReporter, type LambdaContext } from './result/job-reporter.ts';
import type { Settings } from './settings.ts';
import { createTelemetry } from './telemetry/telemetry.ts';

/** Takes an event, and answers none but a check event, which is invoked directly. */
type Handler = (event: unknown, context: LambdaContext) => Promise<CheckReport | undefined>;

/** The handler of a container. */
export function compose(settings: Settings, connections: BucketConnections): Handler {
  const telemetry = createTelemetry(process.env);
  const onThrottled = (): void => telemetry.count('ThrottledRequests');
  const container: Container = {
    settings,
    telemetry,
    clients: new S3ClientPool(settings, onThrottled, connections),
    reporter: new JobReporter(settings, onThrottled),
    facts: new BucketCache(settings.bucketCacheMs),
  };
  return async (event, context) => {
    if (typeof event === 'object' && event !== null && CHECK_EVENT in event) {
      const { runCheck } = await import('./check/check.ts');
      return await runCheck(event, context, container);
    }
    await runInvocation(event, context, container);
    return undefined;
  };
}
