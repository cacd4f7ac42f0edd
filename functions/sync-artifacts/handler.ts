// Entry of the Lambda function: composes clients, logger and metrics once per cold start.
import { BucketCache } from './aws/bucket-cache.ts';
import { S3ClientPool } from './aws/s3-clients.ts';
import { CHECK_EVENT, type CheckReport } from './check/report.ts';
import type { Container } from './create-context.ts';
import { ConfigurationError } from './errors.ts';
import { runInvocation } from './invocation.ts';
import { parseDestinationSets } from './job/destination-sets.ts';
import { JobReporter, type LambdaContext } from './result/job-reporter.ts';
import { readSettings, type Settings } from './settings.ts';
import { createTelemetry } from './telemetry/telemetry.ts';

const container = compose();

/** The Lambda handler of the Invoke action; a check event (check/report.ts), invoked directly, is answered with its report. */
export async function handler(event: unknown, context: LambdaContext): Promise<CheckReport | undefined> {
  if (typeof event === 'object' && event !== null && CHECK_EVENT in event) {
    const { runCheck } = await import('./check/check.ts');
    return await runCheck(event, context, container);
  }
  await runInvocation(event, context, container);
  return undefined;
}

function compose(): Container {
  const settings = readSettings(process.env);
  const telemetry = createTelemetry(process.env);
  const onThrottled = (): void => telemetry.count('ThrottledRequests');
  const clients = new S3ClientPool(settings, onThrottled);
  connectToSets(settings, clients);
  return {
    settings,
    telemetry,
    clients,
    reporter: new JobReporter(settings, onThrottled),
    facts: new BucketCache(settings.bucketCacheMs),
  };
}

/** Handshakes with the buckets of the sets run while the function initialises; a wrong set is for the job that asks for one to report. */
function connectToSets({ destinationSets }: Settings, clients: S3ClientPool): void {
  if (destinationSets === undefined) return;
  try {
    const destinations = [...parseDestinationSets(destinationSets).values()].flat();
    clients.connectAhead(
      destinations.flatMap((destination) => {
        if (typeof destination === 'string' || destination.Region === undefined) return [];
        return { bucket: destination.Bucket, region: destination.Region };
      }),
    );
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
  }
}
