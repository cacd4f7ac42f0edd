// Settings from environment variables.
import { describe, expect, it } from 'vitest';
import { readSettings } from '../../functions/sync-artifacts/settings.ts';

describe('settings', () => {
  it('have safe defaults', () => {
    expect(readSettings({})).toMatchObject({
      region: 'us-east-1',
      maxConcurrency: 704,
      forcePathStyle: false,
      problems: [],
    });
  });

  it.each(['1.5', '-1', '0', '901', 'x', ' ', '1e9'])('refuse SYNC_MAX_CONCURRENCY=%j', (text) => {
    expect(readSettings({ SYNC_MAX_CONCURRENCY: text }).problems).toEqual([
      `Environment variable SYNC_MAX_CONCURRENCY is ${JSON.stringify(text)}; expected a whole number from 1 to 900.`,
    ]);
  });

  it('doubt a denial for a while, and never for more than five seconds', () => {
    expect(readSettings({}).accessDeniedRetryMs).toBeGreaterThan(0);
    expect(readSettings({}).accessDeniedRetryMs).toBeLessThanOrEqual(5_000);
    expect(readSettings({ SYNC_ACCESS_DENIED_RETRY_MS: '5000' }).problems).toEqual([]);
    expect(readSettings({ SYNC_ACCESS_DENIED_RETRY_MS: '5001' }).problems).toHaveLength(1);
  });

  it.each([{ AWS_ENDPOINT_URL: 'http://127.0.0.1' }, { AWS_ENDPOINT_URL_S3: 'http://127.0.0.1' }])(
    'address buckets by path at another endpoint (%o)',
    (environment) => {
      expect(readSettings(environment).forcePathStyle).toBe(true);
    },
  );
});
