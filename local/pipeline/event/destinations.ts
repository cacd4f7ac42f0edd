// The destination buckets that UserParameters name, each with its region, owner and key.
import { list, parsed, record, text } from './json.ts';

/** A bucket that the job copies to. */
export interface DestinationBucket {
  readonly bucket: string;
  readonly region: string;
  readonly ownerAccountId: string;
  /** `KmsKeyId` of the parameters: an ARN, a key id or an alias. */
  readonly kmsKeyId: string | undefined;
  /** `Key` of this destination, if it has one of its own. */
  readonly keyTemplate: string | undefined;
}

/** UserParameters as far as they are JSON; each property is still to be checked. */
export type UserParameters = Readonly<Record<string, unknown>>;

/** What the parameters do not say of their buckets. */
interface Surroundings {
  readonly accountId: string;
  /** Region of a bucket, from what the parameters state, from its key, or else the fallback. */
  regionOf(bucket: string, stated: string | undefined, keyId: string | undefined, fallback: string): string;
}

/** Where buckets are taken to be that give nothing away: which region does not matter, that they differ does. */
const REGION_SPREAD = [
  'us-east-1',
  'ap-southeast-2',
  'sa-east-1',
  'us-west-2',
  'ap-northeast-1',
  'eu-west-1',
  'ca-central-1',
] as const;

/** Reads the destinations; none where the parameters are such that the function will refuse them. */
export function readDestinations(
  parameters: UserParameters,
  destinationSets: string | undefined,
  { accountId, regionOf }: Surroundings,
): DestinationBucket[] {
  const set = text(parameters.Destinations);
  const given = [
    parameters.DestinationBucket,
    ...list(parameters.DestinationBuckets),
    ...list(set === undefined ? undefined : record(parsed(destinationSets ?? ''))[set]),
  ];
  return given.flatMap((item, index) => {
    const options: Record<string, unknown> = typeof item === 'string' ? { Bucket: item } : record(item);
    const bucket = text(options.Bucket);
    if (!bucket) return [];
    const kmsKeyId = text(options.KmsKeyId);
    const fallback = REGION_SPREAD[index % REGION_SPREAD.length] ?? REGION_SPREAD[0];
    return {
      bucket,
      region: regionOf(bucket, text(options.Region), kmsKeyId, fallback),
      ownerAccountId: text(options.BucketOwner) ?? accountId,
      kmsKeyId,
      keyTemplate: text(options.Key),
    };
  });
}
