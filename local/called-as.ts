// How a command was called, for its help and errors.
import { parse } from 'node:path';

/** `artifact-sync NAME` when it was the package's command, `npm run NAME --` in the repository. */
export function calledAs(name: string): string {
  return parse(process.argv[1] ?? '').name === 'artifact-sync'
    ? `artifact-sync ${name}`
    : `npm run ${name} --`;
}
