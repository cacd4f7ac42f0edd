// Where the run book is: every alarm links to what it means and what to do.

/** The guide in this repository that has a section for each alarm. */
export const RUN_BOOK = 'docs/operate.md';

/** The section of an alarm in the run book; the latency of every region is in one section. */
export function runBookSection(runBook: string, alarm: string): string {
  return `${runBook}#alarm-${alarm.replace(/^(copy-latency|relay-fallbacks)-.+/, '$1')}`;
}
