// Distances between regions under the model.
import { describe, expect, it } from 'vitest';
import { DEFAULT_WAN_MODEL, roundTripMs, wanModelFrom } from '../../../local/wan/model.ts';

const KNOWN = Object.keys(DEFAULT_WAN_MODEL.roundTripMs);

describe('round trips', () => {
  it('from us-east-1 are those that the published figures were measured with', () => {
    expect(DEFAULT_WAN_MODEL.roundTripMs).toEqual({
      'us-east-1': 2,
      'us-east-2': 12,
      'us-west-2': 65,
      'eu-west-1': 75,
      'eu-central-1': 92,
      'sa-east-1': 115,
      'ap-northeast-1': 155,
      'ap-southeast-2': 200,
    });
  });

  it('are known between all regions of the model, and the same there and back', () => {
    for (const here of KNOWN) {
      expect(Object.keys(wanModelFrom(here).roundTripMs).sort()).toEqual([...KNOWN].sort());
      for (const there of KNOWN) {
        expect(roundTripMs(wanModelFrom(here), there)).toBe(roundTripMs(wanModelFrom(there), here));
      }
    }
  });

  it('are short within a region, and those of an unknown region to and from an unknown one', () => {
    expect(roundTripMs(wanModelFrom('eu-west-1'), 'eu-west-1')).toBe(2);
    expect(roundTripMs(wanModelFrom('ca-central-1'), 'ca-central-1')).toBe(2);
    expect(roundTripMs(wanModelFrom('ca-central-1'), 'us-east-1')).toBe(100);
    expect(roundTripMs(wanModelFrom('us-east-1'), 'ca-central-1')).toBe(100);
  });
});
