// Says what is wrong with a property of the topology: given, expected, and the nearest name for one that is misspelt.
import { closest } from 'fastest-levenshtein';
import * as v from 'valibot';
import { topologySchema } from './topology-schema.ts';

/** One sentence without the property's path. */
export function explainIssue(issue: v.BaseIssue<unknown>): string {
  // Of several forms none fits: what each of them misses is more than "expected Object but received Object".
  const misfits = (issue.issues ?? []).flatMap((inner) => {
    const path = v.getDotPath(inner);
    return path === null ? [] : [`${path} ${explainIssue(inner)}`];
  });
  if (issue.type === 'union' && misfits.length > 0) {
    return `is none of the forms that are expected; of one or the other, ${[...new Set(misfits)].join(', ')}`;
  }
  if (issue.type !== 'strict_object' || issue.path === undefined) return issue.message;
  const name = String(issue.path.at(-1)?.key);
  if (issue.expected !== 'never') return 'is missing';
  const similar = closest(name, [...namesIn(topologySchema)]);
  if (similar === name) return 'does not belong here';
  return `there is no such property; did you mean "${similar}"?`;
}

/** The names of all properties, at any depth. */
function namesIn(schema: unknown, found = new Set<string>()): ReadonlySet<string> {
  if (typeof schema !== 'object' || schema === null) return found;
  const { entries, item, wrapped, options, pipe } = schema as Record<string, unknown>;
  for (const [name, entry] of Object.entries(entries ?? {})) {
    found.add(name);
    namesIn(entry, found);
  }
  for (const inner of [item, wrapped, options, pipe].flat()) if (inner !== schema) namesIn(inner, found);
  return found;
}
