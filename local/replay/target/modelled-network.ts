// The modelled network of `--wan`: as far away from the function as the event's regions are, and only while it runs.

import type { ReplayEvent } from '../../pipeline/event/event.ts';
import { limitMs } from '../../wan/limit.ts';
import { roundTripMs, type WanModel, wanModelFrom } from '../../wan/model.ts';
import { type Network, Wan } from '../../wan/network.ts';
import { formatDuration } from '../quantity.ts';
import type { ReplayReport } from '../report-schema.ts';

/** The network of one replay. */
interface ModelledNetwork extends Network {
  /** The model in one line; `sizesBytes` are those of the artifacts. */
  describe(sizesBytes: ReadonlyMap<string, number>): string;
  report(sizesBytes: ReadonlyMap<string, number>): NonNullable<ReplayReport['network']>;
}

/** Puts the function into the pipeline's region. What does not come from the function is let through at once. */
export function modelNetwork(event: ReplayEvent, running: () => boolean): ModelledNetwork {
  const wan = new Wan(wanModelFrom(event.region));
  const { model } = wan;
  const distances = Object.fromEntries(
    event.destinations.map(({ region }) => [region, roundTripMs(model, region)]),
  );
  return {
    opened: (...connection) => wan.opened(...connection),
    arrived: (message) => (running() ? wan.arrived(message) : undefined),
    describe(sizesBytes) {
      const limit = jobLimitMs(model, event, sizesBytes);
      const trips = span(Object.values(distances));
      return limit === undefined ? trips : `${trips}; no client can be faster than ${formatDuration(limit)}`;
    },
    report(sizesBytes) {
      const limit = jobLimitMs(model, event, sizesBytes);
      const { count } = wan.latenessMs;
      return {
        homeRegion: model.homeRegion,
        roundTripMs: distances,
        ...(limit === undefined ? {} : { limitMs: Math.round(limit) }),
        answers: count,
        ...(count === 0 ? {} : { latenessMs: Math.round(wan.latenessMs.quantile(0.5) * 10) / 10 }),
      };
    },
  };
}

function span(distancesMs: readonly number[]): string {
  if (distancesMs.length === 0) return 'modelled round trips';
  const [nearest, farthest] = [Math.min(...distancesMs), Math.max(...distancesMs)];
  return nearest === farthest
    ? `a modelled round trip of ${nearest} ms`
    : `modelled round trips of ${nearest} to ${farthest} ms`;
}

/** What is its own source already is not copied; an artifact of unknown size is missing. */
function jobLimitMs(
  model: WanModel,
  { copies }: ReplayEvent,
  sizesBytes: ReadonlyMap<string, number>,
): number | undefined {
  const copied = copies.flatMap(({ artifact, destination: { region }, isSource }) => {
    const sizeBytes = sizesBytes.get(artifact.name);
    return sizeBytes === undefined || isSource ? [] : { sizeBytes, region };
  });
  return copied.length === 0 ? undefined : limitMs(model, copied);
}
