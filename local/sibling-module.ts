// Finds a module next to another one that is loaded by its file: TypeScript in the repository, JavaScript in the package.
import { extname } from 'node:path';

/** The file of the module `name` in the folder of the module at `url`. */
export function siblingModule(url: string, name: string): URL {
  return new URL(`${name}${extname(new URL(url).pathname)}`, url);
}
