// Builds the Lambda bundle: self-contained ESM, minified, split, with source maps, the same bytes every time.
import { readFile, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

// The benchmark builds what it compares the function with in the same way, and profiles it with readable names.
const {
  values: { entry, outdir, minify },
} = parseArgs({
  allowNegative: true,
  options: {
    entry: { type: 'string' },
    outdir: { type: 'string', default: 'dist/sync-artifacts' },
    minify: { type: 'boolean', default: true },
  },
});

/** Functions to compare with leave the SDK its own way to retry. */
const isCompared = entry?.startsWith('bench/') ?? false;

/** The SDK imports its packages' package.json for the version: the rest of it need not be bundled as well. */
const neededOnly = {
  name: 'needed-only',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]node_modules[\\/].*[\\/]package\.json$/ }, async ({ path }) => {
      const { version } = JSON.parse(await readFile(path, 'utf8'));
      return { contents: JSON.stringify({ version }), loader: 'json' };
    });
    // Schemas of operations that nothing here calls: esbuild keeps them, since their computed keys might have side effects.
    onLoad({ filter: /[\\/]schemas[\\/]schemas_\d+\.js$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replace(
        /^export var (\w+\$) = (\[.*\]|\[[\s\S]*?^\]);$/gm,
        'export var $1 = /* @__PURE__ */ (() => $2)();',
      ),
    }));
    // Hashes for a Node.js that was built without crypto, ways to retry that the function does not choose (others may), directory buckets,
    // which it refuses, multi-Region access points, and streams of events.
    onLoad(
      {
        filter:
          /[\\/](?:Sha1Js|Sha256Js|Md5Js|StandardRetryStrategy|AdaptiveRetryStrategy|DefaultRateLimiter|S3ExpressIdentityProviderImpl|AwsSdkSigV4ASigner|HeaderFormatter)\.js$/,
      },
      ({ path }) =>
        isCompared && path.endsWith('StandardRetryStrategy.js')
          ? undefined
          : { contents: `export class ${basename(path, '.js')} {}` },
    );
    // Lambda has no home with configuration files, and is no EC2 instance: every client would look for both before its first request.
    onLoad({ filter: /[\\/]loadSharedConfigFiles\.js$/ }, () => ({
      contents: `export { CONFIG_PREFIX_SEPARATOR } from './constants';
        export const loadSharedConfigFiles = async () => ({ configFile: {}, credentialsFile: {} });`,
    }));
    onLoad({ filter: /[\\/]getInstanceMetadataRegion\.js$/ }, () => ({
      contents: 'export const getInstanceMetadataRegion = async () => undefined;',
    }));
  },
};

await rm(outdir, { recursive: true, force: true });
await build({
  entryPoints:
    entry === undefined
      ? {
          handler: 'functions/sync-artifacts/handler.ts',
          'lost-job': 'functions/sync-artifacts/lost-job.ts',
        }
      : { handler: entry },
  outdir,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  format: 'esm',
  platform: 'node',
  // Lambda runs it on Node.js 24; who tries it out elsewhere may have an older one.
  target: 'node20',
  // The ES module builds of the SDK tree-shake; their CommonJS twins do not (510 KiB instead of 701).
  mainFields: ['module', 'main'],
  alias: {
    // Twelve ways to find credentials, none of which Lambda uses.
    '@aws-sdk/credential-provider-node': './functions/sync-artifacts/bundle/lambda-credentials.ts',
    '@aws-sdk/signature-v4-multi-region': './functions/sync-artifacts/bundle/single-region-signer.ts',
    'node:zlib': './functions/sync-artifacts/bundle/lazy-zlib.ts',
    '@smithy/core/event-streams': './functions/sync-artifacts/bundle/no-event-streams.ts',
  },
  // Reads the user agent of a browser.
  external: ['bowser'],
  plugins: [neededOnly],
  splitting: true,
  chunkNames: 'chunks/[hash]',
  minify,
  keepNames: false,
  sourcemap: true,
  sourcesContent: false,
  legalComments: 'none',
  logLevel: 'warning',
});
