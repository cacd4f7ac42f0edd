// Publishes the assets of a cloud assembly to the buckets that templates name, as `cdk deploy` does before it deploys.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { zipDirectory } from '../../../infra/release/zip.ts';
import { type Content, fromBuffer } from '../../aws/content/content.ts';
import type { World } from '../../aws/state/world.ts';

const assetsSchema = v.object({
  files: v.record(
    v.string(),
    v.object({
      source: v.object({ path: v.string(), packaging: v.picklist(['file', 'zip']) }),
      destinations: v.record(v.string(), v.object({ bucketName: v.string(), objectKey: v.string() })),
    }),
  ),
});

/** What an assembly publishes. */
export interface Asset {
  readonly bucket: string;
  readonly key: string;
  readonly content: Content;
}

/** Reads the assets of an assembly, and zips those that are directories. */
export async function readAssets(directory: string): Promise<Asset[]> {
  const assets: Asset[] = [];
  for (const manifest of readdirSync(directory).filter((file) => file.endsWith('.assets.json'))) {
    const { files } = v.parse(assetsSchema, JSON.parse(readFileSync(join(directory, manifest), 'utf8')));
    for (const { source, destinations } of Object.values(files)) {
      const path = join(directory, source.path);
      const bytes = source.packaging === 'zip' ? await zipDirectory(path) : readFileSync(path);
      const content = fromBuffer(Buffer.from(bytes));
      for (const { bucketName, objectKey } of Object.values(destinations)) {
        assets.push({ bucket: bucketName, key: objectKey, content });
      }
    }
  }
  return assets;
}

/** @throws when a bucket is not there: bootstrap its account and region first */
export function publishAssets(world: World, assets: readonly Asset[]): void {
  for (const { bucket, key, content } of assets) world.putObject(bucket, key, content);
}
