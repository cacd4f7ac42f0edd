// Endpoints of buckets: those that the SDK would send requests to, so that connections are opened where they are used.
import { S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { endpointOf } from '../../../functions/sync-artifacts/aws/transport/endpoint.ts';
import { readSettings } from '../../../functions/sync-artifacts/settings.ts';

const REGIONS = ['us-east-1', 'eu-west-1', 'ap-southeast-2', 'us-gov-west-1', 'cn-north-1'];
const BUCKETS = ['artifacts-eu-west-1', 'with.dots.in-it', 'pipeline-111122223333-eu-west-1-an'];

describe('the endpoint of a bucket', () => {
  it.each([
    {},
    { AWS_USE_FIPS_ENDPOINT: 'true' },
    { AWS_USE_DUALSTACK_ENDPOINT: 'true' },
    { AWS_USE_FIPS_ENDPOINT: 'true', AWS_USE_DUALSTACK_ENDPOINT: 'true' },
    { AWS_ENDPOINT_URL_S3: 'https://s3.example.org:9000/below' },
    { AWS_ENDPOINT_URL: 'http://127.0.0.1:4566' },
  ])('is the one that the SDK resolves (%j)', (environment: Readonly<Record<string, string>>) => {
    const settings = readSettings(environment);
    const hasNone = (region: string) =>
      environment.AWS_USE_FIPS_ENDPOINT === 'true' && region.startsWith('cn-');
    for (const region of REGIONS.filter((each) => !hasNone(each))) {
      for (const bucket of BUCKETS) {
        const { url } = new S3Client({ region }).config.endpointProvider({
          Bucket: bucket,
          Region: region,
          ForcePathStyle: settings.forcePathStyle,
          ...(settings.endpoint === undefined
            ? {
                UseFIPS: environment.AWS_USE_FIPS_ENDPOINT === 'true',
                UseDualStack: environment.AWS_USE_DUALSTACK_ENDPOINT === 'true',
              }
            : { Endpoint: settings.endpoint }),
        });
        const { protocol, hostname, port } = url;
        expect(endpointOf(bucket, region, settings)).toEqual({
          protocol,
          hostname,
          port: port === '' ? undefined : Number(port),
        });
      }
    }
  });

  it('is none where the domain of the partition or the address is not known', () => {
    const settings = readSettings({});

    expect(endpointOf('artifacts', 'us-iso-east-1', settings)).toBeUndefined();
    expect(endpointOf('artifacts', 'eu-west-1', { ...settings, endpoint: 'here' })).toBeUndefined();
  });
});
