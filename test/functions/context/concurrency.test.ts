// Slots for the copy requests of a job.
import { describe, expect, it } from 'vitest';
import { RequestSlots } from '../../../functions/sync-artifacts/context/concurrency.ts';

describe('request slots', () => {
  it('never has more at work than it allows, and lets everybody through', async () => {
    const slots = new RequestSlots(3);
    let [atWork, most, done] = [0, 0, 0];
    const works = Array.from({ length: 20 }, () =>
      slots.start(async () => {
        most = Math.max(most, ++atWork);
        await Promise.resolve();
        atWork--;
        done++;
      }),
    );
    await Promise.all(works.map(async (started) => await (await started).done));
    expect([most, done]).toEqual([3, 20]);
  });

  it('passes on what its work throws', async () => {
    const { done } = await new RequestSlots(1).start(() => Promise.reject(new Error('no')));
    await expect(done).rejects.toThrow('no');
  });
});
