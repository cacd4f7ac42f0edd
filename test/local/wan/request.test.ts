// What the modelled network reads off a request, and the time it gives it.
import { describe, expect, it } from 'vitest';
import { DEFAULT_WAN_MODEL } from '../../../local/wan/model.ts';
import { describeRequest, responseTimeMs } from '../../../local/wan/request.ts';

const signedFor = (region: string, service = 's3') => ({
  authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
});

const timeMs = (method: string, url: string, headers: Record<string, string>, copyBytes = 0): number => {
  const request = describeRequest({ method, url, headers }, 'us-east-1');
  return responseTimeMs(DEFAULT_WAN_MODEL, request, request.copyBytes ?? copyBytes);
};

describe('the time of a request', () => {
  it('is the round trip to the region of the credential scope', () => {
    expect(timeMs('HEAD', '/bucket/key', signedFor('ap-southeast-2'))).toBe(200);
    expect(timeMs('HEAD', '/bucket/key', signedFor('us-west-2'))).toBe(65);
  });

  it('takes the region of a presigned request from its query', () => {
    const query = 'X-Amz-Credential=AKIDEXAMPLE%2F20260101%2Feu-west-1%2Fs3%2Faws4_request';
    expect(timeMs('GET', `/bucket/key?${query}`, {})).toBe(75);
  });

  it('is that of the home region for an unsigned request', () => {
    expect(timeMs('GET', '/bucket/key', {})).toBe(2);
  });

  it('adds 30 ms and the range at 80 MB/s to a part copy', () => {
    const headers = {
      ...signedFor('eu-west-1'),
      'x-amz-copy-source': 'source/key',
      'x-amz-copy-source-range': 'bytes=8000000-15999999',
    };
    expect(timeMs('PUT', '/bucket/key?partNumber=2&uploadId=u', headers)).toBeCloseTo(75 + 30 + 100);
  });

  it('adds the whole object at 80 MB/s to a CopyObject', () => {
    const headers = { ...signedFor('eu-west-1'), 'x-amz-copy-source': 'source/key' };
    expect(timeMs('PUT', '/bucket/key', headers, 80_000_000)).toBeCloseTo(75 + 30 + 1000);
  });

  it('adds the body at 50 MB/s to an upload, by its decoded length', () => {
    const headers = {
      ...signedFor('us-east-2'),
      'content-length': '5100000',
      'x-amz-decoded-content-length': '5000000',
    };
    expect(timeMs('PUT', '/bucket/key', headers)).toBeCloseTo(12 + 100);
  });

  it('is 2 ms for CodePipeline', () => {
    expect(timeMs('POST', '/', signedFor('us-east-1', 'codepipeline'))).toBe(2);
  });
});

describe('the prefix that a write counts against', () => {
  const prefixOf = (method: string, url: string) =>
    describeRequest({ method, url, headers: signedFor('eu-west-1') }, 'us-east-1').writePrefix;

  it('is the bucket with the key up to its last slash', () => {
    expect(prefixOf('PUT', '/bucket/pipeline/a/key?partNumber=1&uploadId=a/b')).toBe('/bucket/pipeline/a/');
    expect(prefixOf('DELETE', '/bucket/key')).toBe('/bucket/');
  });

  it('is none for reads', () => {
    expect(prefixOf('GET', '/bucket/key')).toBeUndefined();
    expect(prefixOf('HEAD', '/bucket/key')).toBeUndefined();
  });
});
