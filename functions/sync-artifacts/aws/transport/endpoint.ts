// Where a bucket's S3 endpoint listens, known before the SDK is loaded: so that connections can open while it loads.
import type { Settings } from '../../settings.ts';
import { partitionOf } from '../partition.ts';
import type { Origin } from './preconnect.ts';

/** Domains by partition (AWS SDK, partitions.json); to others nothing is opened ahead. */
const DOMAINS: Readonly<Record<string, string>> = {
  aws: 'amazonaws.com',
  'aws-us-gov': 'amazonaws.com',
  'aws-cn': 'amazonaws.com.cn',
};
/** A bucket name with a dot is no part of a host name, since a certificate covers one label (S3 user guide, VirtualHosting). */
const HOST_LABEL = /^[a-z0-9-]+$/;

/** The endpoint of a bucket, as the SDK resolves it; `undefined` where that is not known here. */
export function endpointOf(
  bucket: string,
  region: string,
  { endpoint, s3Host }: Pick<Settings, 'endpoint' | 's3Host'>,
): Origin | undefined {
  if (endpoint !== undefined) return originOf(endpoint);
  const domain = DOMAINS[partitionOf(region)];
  if (domain === undefined) return undefined;
  const host = `${s3Host}.${region}.${domain}`;
  return {
    protocol: 'https:',
    hostname: HOST_LABEL.test(bucket) ? `${bucket}.${host}` : host,
    port: undefined,
  };
}

/** Undefined for what is not a URL: the first request will report it. */
function originOf(endpoint: string): Origin | undefined {
  if (!URL.canParse(endpoint)) return undefined;
  const { protocol, hostname, port } = new URL(endpoint);
  return { protocol, hostname, port: port === '' ? undefined : Number(port) };
}
