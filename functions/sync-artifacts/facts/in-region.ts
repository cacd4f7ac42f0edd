// Asks again where S3 says that a bucket is.
import { redirectRegion } from '../aws/errors.ts';
import type { JobContext } from '../context/context.ts';

/** A bucket, and the region that it is believed to be in. */
interface PlacedBucket {
  readonly bucket: string;
  readonly region: string;
}

/**
 * Sends requests to a bucket where it is believed to be; when S3 answers that it is elsewhere, notes that and sends them there, once.
 * @param ask  sends the requests to a region
 * @param onRedirect  called with the right region before the second attempt
 * @throws what `ask` throws, in the second attempt a redirect, too
 */
export async function askInRegion<T>(
  { bucket, region }: PlacedBucket,
  { facts }: Pick<JobContext, 'facts'>,
  ask: (region: string) => Promise<T>,
  onRedirect?: (actual: string) => void,
): Promise<T> {
  try {
    return await ask(region);
  } catch (error) {
    const actual = redirectRegion(error);
    if (actual === undefined || actual === region) throw error;
    onRedirect?.(actual);
    facts.setRegion(bucket, actual);
    return await ask(actual);
  }
}
