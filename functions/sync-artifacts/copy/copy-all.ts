// Makes all copies that are to be made, each by its planned strategy, at the same time.
import { setImmediate } from 'node:timers/promises';
import { RequestSlots } from '../context/concurrency.ts';
import type { JobContext } from '../context/context.ts';
import { slowestFirst } from '../facts/resolve.ts';
import { partSize } from '../plan/part-layout.ts';
import type { CopyPlan, PlannedCopy } from '../plan/plan.ts';
import type { CopyTask } from '../types.ts';
import { groupBy } from '../util.ts';
import { copyMultipart } from './copy-multipart.ts';
import { copyObject } from './copy-object.ts';
import { EarlyLooks } from './early-looks.ts';
import type { CopyResult } from './strategy.ts';

/** Copies whose requests are made ready before the first of them leave (`npm run bench:timeline -- --case 5x1mib-x3`). */
const COPIES_PER_TURN = 4;

/** Takes over a copy that ended: written, or stopped by the deadline. */
type OnCopyEnd = (copy: PlannedCopy, result: CopyResult) => Promise<void>;

/**
 * Copies as far as the time lasts; returns when nothing is in flight. The first failure ends the job through the context and stops the
 * others.
 */
export async function copyAll(
  copies: readonly PlannedCopy[],
  context: JobContext,
  onEnd: OnCopyEnd,
): Promise<void> {
  const copying: Promise<void>[] = [];
  const start = async (copy: Promise<void>): Promise<void> => {
    copying.push(
      copy.catch((error: unknown) => {
        // What the deadline cut short is not a failure.
        if (!context.deadline.signal.aborted) context.fail(error);
      }),
    );
    if (copying.length % COPIES_PER_TURN === 0) await setImmediate();
  };
  const relays: Relayed[] = [];
  const looks = new EarlyLooks(context);
  for (const copy of slowestFirst(copies, ({ task }) => task.destination.bucket, context)) {
    const { task, plan } = copy;
    if (plan.strategy === 'object') {
      const see = (unseen: CopyTask): Promise<CopyTask> => looks.see(unseen);
      await start(copyObject(task, context, see).then((result) => onEnd(copy, result)));
    } else if (plan.strategy === 'multipart') {
      await start(copyMultipart(task, plan.layout, context).then((result) => onEnd(copy, result)));
    } else if (plan.strategy === 'relay') {
      relays.push({ task, plan });
    }
  }
  await Promise.all(relayAll(relays, onEnd, context).map(start));
  await looks.begin(
    copies.flatMap(({ task, plan }) =>
      task.unseen !== undefined && plan.strategy === 'object' ? [task] : [],
    ),
  );
  await setImmediate();
  context.onWaiting();
  await Promise.all(copying);
}

type Relayed = PlannedCopy & { readonly plan: Extract<CopyPlan, { strategy: 'relay' }> };

/** Relays each source once for all its destinations. The code for it is loaded only when it is needed. */
function relayAll(relays: readonly Relayed[], onEnd: OnCopyEnd, context: JobContext): Promise<void>[] {
  const largestPart = Math.max(1, ...relays.map(({ plan }) => partSize(plan.layout, 1)));
  const memorySlots = new RequestSlots(
    Math.max(1, Math.floor(context.settings.relayMemoryBytes / largestPart)),
  );
  const bySource = [...groupBy(relays, ({ task }) => task.source).values()];
  return bySource.map(async (group) => {
    const [first] = group;
    if (first === undefined) return;
    const { relay } = await import('./relay/relay.ts');
    const results = await relay(
      group.map(({ task }) => task),
      first.plan.layout,
      memorySlots,
      context,
    );
    await Promise.all(
      group.map(async (copy, index) => {
        const result = results[index];
        if (result !== undefined) await onEnd(copy, result);
      }),
    );
  });
}
