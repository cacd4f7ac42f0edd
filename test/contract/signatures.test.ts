// Signatures: what they must cover, what they may be meant for, and where their time may stand.
import { beforeEach, describe, expect, test } from 'vitest';
import { needs } from './server/capabilities.ts';
import { sendRaw } from './server/raw-request.ts';
import { REGION, useTarget } from './server/target.ts';

describe('signatures', () => {
  const target = useTarget();

  beforeEach(async (context) => needs(context, target(), 'strictness'));

  test('cover all headers of AWS', async () => {
    const path = `/${await target().createBucket()}`;
    const answer = await sendRaw(target(), { path, unsignedHeaders: { 'x-amz-meta-a': 'b' } });
    expect(answer).toMatchObject({ status: 403, code: 'AccessDenied' });
    expect(answer.body).toContain('<HeadersNotSigned>x-amz-meta-a</HeadersNotSigned>');
  });

  test('are for S3', async () => {
    const path = `/${await target().createBucket()}`;
    const answer = await sendRaw(target(), { path, service: 'ec2' });
    expect(answer).toMatchObject({ status: 400, code: 'AuthorizationHeaderMalformed' });
  });

  test('are for a region, and a wrong one is answered with the right one', async () => {
    const path = `/${await target().createBucket()}`;
    const answer = await sendRaw(target(), { path, region: 'mars-1' });
    expect(answer).toMatchObject({ status: 400, code: 'AuthorizationHeaderMalformed' });
    expect(answer.body).toContain(`<Region>${REGION}</Region>`);
  });
});
