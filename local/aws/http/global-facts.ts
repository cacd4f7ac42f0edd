// What conditions of policies can know of a request to any service (IAM user guide, global condition context keys).
import type { Facts } from '../iam/policy.ts';

/** The TLS version that requests are taken to come with, or `none` for plain HTTP. */
export type TlsVersion = '1.0' | '1.1' | '1.2' | '1.3' | 'none';

/** The global condition keys of a request. Loopback is plain HTTP, so how secure it is has to be given. */
export function globalFacts(region: string, tlsVersion: TlsVersion): Facts {
  return {
    'aws:RequestedRegion': region,
    'aws:SecureTransport': String(tlsVersion !== 'none'),
    'aws:ViaAWSService': 'false',
  };
}
