// Import time and zip size of the bundle, beside an empty one and the smallest one with S3 and CodePipeline clients.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { zipSync } from 'fflate';
import { bundleFile } from './contenders/functions.ts';
import { buildBundles } from './measure/bundles.ts';
import { type Spread, spread } from './measure/statistics.ts';
import { COLD_ALLOWANCE_MS } from './measure/targets.ts';

const RUNS = 31;

/** Imports the module named in the first argument and prints the milliseconds: Node's own start is not counted. */
const IMPORT_SCRIPT =
  'const t = performance.now(); await import(process.argv[1]); console.log(performance.now() - t); process.exit();';

const MAX_ZIP_BYTES = 175_000;

/** Import and size of one bundle. */
interface ColdStart {
  readonly importMs: Spread;
  readonly zipBytes: number;
}

/** Measures bundles in turns, so that a busy moment of the machine hits all of them. */
function measureColdStarts(bundles: readonly string[]): ColdStart[] {
  const rounds = Array.from({ length: 1 + RUNS }, () => bundles.map(importOnceMs));
  // The first round only brings the files into the page cache.
  const counted = rounds.slice(1);
  return bundles.map((bundle, index) => ({
    importMs: spread(counted.map((round) => round[index] ?? 0)),
    zipBytes: zipBytes(bundle),
  }));
}

/** Size of the bundle as it is deployed: a zip without source maps. */
function zipBytes(bundle: string): number {
  const directory = dirname(bundleFile(bundle));
  const files = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.map'))
    .map((entry) => join(entry.parentPath, entry.name));
  const contents = files.map((file) => [file.slice(directory.length + 1), readFileSync(file)] as const);
  return zipSync(Object.fromEntries(contents), { level: 9 }).byteLength;
}

function importOnceMs(bundle: string): number {
  const output = execFileSync(
    process.execPath,
    ['--input-type=module', '-e', IMPORT_SCRIPT, pathToFileURL(bundleFile(bundle)).href],
    { env: { PATH: '', AWS_REGION: 'us-east-1', AWS_LAMBDA_FUNCTION_NAME: 'bench' } },
  );
  return Number(output.toString());
}

if (import.meta.main) {
  new Command('npm run bench:cold-start --')
    .description(
      'Measures import time and zip size of the built function, beside an empty bundle and the smallest one with the same two clients. Takes no options.',
    )
    .allowExcessArguments(false)
    .parse();
  buildBundles();
  const [own, smallest, empty] = measureColdStarts(['sync-artifacts', 'bench/smallest', 'bench/empty']);
  if (own !== undefined && smallest !== undefined && empty !== undefined) {
    console.table({
      'this function': row(own),
      'smallest with the same clients': row(smallest),
      empty: row(empty),
    });
    // A ratio to the smallest would fall whenever the clients that both have grow, and rise when they shrink.
    const importMs = own.importMs.median - empty.importMs.median;
    const smallestMs = smallest.importMs.median - empty.importMs.median;
    console.log(
      `${importMs <= COLD_ALLOWANCE_MS ? 'holds' : 'FAILS'}  import at most ${COLD_ALLOWANCE_MS} ms more than that of an empty bundle: ${importMs.toFixed(1)} ms, of which the clients alone ${smallestMs.toFixed(1)} ms`,
    );
    console.log(
      `${own.zipBytes <= MAX_ZIP_BYTES ? 'holds' : 'FAILS'}  zip at most ${MAX_ZIP_BYTES / 1000} KB: ${(own.zipBytes / 1000).toFixed(1)}`,
    );
  }
}

function row({ importMs, zipBytes: bytes }: ColdStart): Record<string, string> {
  return {
    'import ms': importMs.median.toFixed(1),
    'min to max': `${importMs.min.toFixed(1)} to ${importMs.max.toFixed(1)}`,
    'zip KB': (bytes / 1000).toFixed(1),
  };
}
