// Zips files so that the same content gives the same bytes, on every machine and every day.
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { type Zippable, zipSync } from 'fflate';

// The zip format begins in 1980 and knows no time zone; this is the same local time everywhere.
const FIXED_TIME = new Date(1980, 0, 1, 12);

/** A zip of all files below a directory, with paths relative to it. */
export async function zipDirectory(directory: string): Promise<Uint8Array> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const files: Zippable = {};
  for (const path of paths.sort()) {
    files[relative(directory, path).split(sep).join('/')] = await readFile(path);
  }
  return zipped(files);
}

/** A zip of the named files of a directory. */
export async function zipFiles(directory: URL, names: readonly string[]): Promise<Uint8Array> {
  const files: Zippable = {};
  for (const name of names) files[name] = await readFile(new URL(name, directory));
  return zipped(files);
}

function zipped(files: Zippable): Uint8Array {
  // Unix (3), readable by Lambda's user.
  return zipSync(files, { mtime: FIXED_TIME, os: 3, attrs: 0o100644 << 16, level: 9 });
}
