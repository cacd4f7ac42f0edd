// The estimate of what a job costs.
import { describe, expect, it } from 'vitest';
import { spread } from '../../bench/measure/statistics.ts';
import { costOf } from '../../local/pipeline/cost.ts';

describe('the cost of a job', () => {
  it('is what AWS charges for its requests: writes, reads, free ones', () => {
    const { requestsUsd } = costOf({
      requests: {
        's3 UploadPartCopy': 1000,
        's3 HeadObject': 1000,
        's3 AbortMultipartUpload': 1000,
        'codepipeline PutJobSuccessResult': 1,
      },
      homeRegion: 'us-east-1',
      bytesByRegion: {},
    });
    expect(requestsUsd).toBeCloseTo(0.0054, 6);
  });

  it('is nothing for bytes that stay in the region, half for Ohio, 2 cents per GB elsewhere', () => {
    const { transferUsd } = costOf({
      requests: {},
      homeRegion: 'us-east-1',
      bytesByRegion: { 'us-east-1': 1e9, 'us-east-2': 1e9, 'eu-west-1': 1e9 },
    });
    expect(transferUsd).toBeCloseTo(0.03, 9);
  });

  it('counts Lambda time by memory and started milliseconds', () => {
    const { lambdaUsd, totalUsd } = costOf({
      requests: {},
      homeRegion: 'us-east-1',
      bytesByRegion: {},
      lambda: { billedMs: 1999.2, memoryMb: 1024 },
    });
    expect(lambdaUsd).toBeCloseTo(2 * 0.0000133334 + 0.0000002, 12);
    expect(totalUsd).toBe(lambdaUsd);
  });
});

describe('the spread of measurements', () => {
  it('has the middle one, or the mean of the middle two, between the extremes', () => {
    expect(spread([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
    expect(spread([4, 1, 2, 3])).toEqual({ median: 2.5, min: 1, max: 4 });
  });
});
