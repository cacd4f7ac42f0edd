// Entry of the Lambda function: composes clients, logger and metrics once per cold start.
import { BucketCache } from './aws/bucket-cache.ts';
import { S3ClientPool } from './aws/s3-clients.ts';
import type { Container } from './create-context.ts';
import { runInvocation } from './invocation.ts';
import { JobReporter, type LambdaContext } from './result/job-reporter.ts';
import { readSettings } from './settings.ts';
import { createTelemetry } from './telemetry/telemetry.ts';

const container = compose();

/** The Lambda handler of the Invoke action. */
export async function handler(event: unknown, context: LambdaContext): Promise<void> {
  await runInvocation(event, context, container);
}

function compose(): Container {
  const settings = readSettings(process.env);
  const telemetry = createTelemetry(process.env);
  const onThrottled = (): void => telemetry.count('ThrottledRequests');
  return {
    settings,
    telemetry,
    clients: new S3ClientPool(settings, onThrottled),
    reporter: new JobReporter(settings, onThrottled),
    facts: new BucketCache(settings.bucketCacheMs),
  };
}
