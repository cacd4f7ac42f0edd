// The environment variables that the function knows, so that a misspelt one is not ignored without a word.
import { InvalidArgumentError } from '@commander-js/extra-typings';
import { closest, distance } from 'fastest-levenshtein';
import { readSettings } from '../../../functions/sync-artifacts/settings.ts';

/** The function's own prefixes: a name that begins so and is not known is a mistake. */
const OWN_PREFIXES = ['SYNC_', 'POWERTOOLS_'];
/** A name of other origin is taken for a misspelling when it is this close to a known one. */
const MAX_MISSPELLING = 3;
/** Read by what the function is built on (README, environment variables). */
const OTHERS = [
  'POWERTOOLS_LOG_LEVEL',
  'POWERTOOLS_SERVICE_NAME',
  'NODE_OPTIONS',
  'AWS_REGION',
  'AWS_ENDPOINT_URL',
  'AWS_ENDPOINT_URL_S3',
  'AWS_ENDPOINT_URL_CODEPIPELINE',
];

/** @throws InvalidArgumentError for a name that the function would ignore, with the nearest one that it knows */
export function requireKnownVariable(name: string): void {
  const known = [...settingNames(), ...OTHERS];
  if (known.includes(name)) return;
  const similar = closest(name.toUpperCase(), known);
  const isOwn = OWN_PREFIXES.some((prefix) => name.startsWith(prefix));
  if (!isOwn && distance(name.toUpperCase(), similar) > MAX_MISSPELLING) return;
  throw new InvalidArgumentError(`The function does not read ${name}. Did you mean ${similar}?`);
}

/** The names that the function's settings are read from, found by reading them. */
function settingNames(): string[] {
  const names = new Set<string>();
  readSettings(
    new Proxy<Record<string, string | undefined>>(
      {},
      {
        get: (_, name) => {
          names.add(String(name));
          return undefined;
        },
      },
    ),
  );
  return [...names].filter((name) => name.startsWith('SYNC_'));
}
