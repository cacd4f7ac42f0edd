// A function that dies in the middle of its work, as one that runs out of memory does.

import { chance } from '../aws/faults/seeded-random.ts';
import type { World } from '../aws/state/world.ts';
import type { LambdaFunction } from '../lambda/lambda.ts';
import type { Invocable } from './job-loop.ts';

/** The process ends after at most this many requests to S3. */
const MAX_REQUESTS = 6;

/** Stands before a function and kills its process in some invocations; the same seed kills the same ones. */
export function killing(
  lambda: Pick<LambdaFunction, 'invoke' | 'kill'>,
  world: World,
  { seed, rate, onDeath }: { readonly seed: number; readonly rate: number; readonly onDeath?: () => void },
): Invocable {
  let count = 0;
  return {
    async invoke(event, requestId, timeoutMs) {
      count += 1;
      const dies = chance(seed, `dies ${count}`) < rate;
      let left = dies ? 1 + Math.floor(chance(seed, `after ${count}`) * MAX_REQUESTS) : 0;
      const unsubscribe = world.onRequest(({ service }) => {
        if (service !== 's3' || left === 0) return;
        left -= 1;
        if (left > 0) return;
        onDeath?.();
        lambda.kill();
      });
      try {
        return await lambda.invoke(event, requestId, timeoutMs);
      } finally {
        unsubscribe();
      }
    },
  };
}
