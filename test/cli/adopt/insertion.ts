// What one text has more than another, if it is in one place only.

/** The text that was inserted; throws when anything else changed. */
export function insertion(before: string, after: string): string {
  const length = after.length - before.length;
  let start = 0;
  while (start < before.length && before[start] === after[start]) start++;
  // Where what follows begins like the insertion, several places are the same place.
  for (let at = start; at >= 0; at--) {
    if (before === after.slice(0, at) + after.slice(at + length)) return after.slice(at, at + length);
  }
  throw new Error('more than one place changed');
}
