// Publishes the assets of a cloud assembly to the buckets that templates name, as `cdk deploy` does before it deploys.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { zipDirectory } from '../../../infra/release/zip.ts';
import { fromBuffer } from '../../aws/content/content.ts';
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

/** @throws when a bucket is not there: bootstrap its account and region first */
export async function publishAssets(world: World, directory: string): Promise<void> {
  const manifests = readdirSync(directory).filter((file) => file.endsWith('.assets.json'));
  for (const manifest of manifests) {
    const { files } = v.parse(assetsSchema, JSON.parse(readFileSync(join(directory, manifest), 'utf8')));
    for (const { source, destinations } of Object.values(files)) {
      const path = join(directory, source.path);
      const bytes = source.packaging === 'zip' ? await zipDirectory(path) : readFileSync(path);
      for (const { bucketName, objectKey } of Object.values(destinations)) {
        world.putObject(bucketName, objectKey, fromBuffer(Buffer.from(bytes)));
      }
    }
  }
}
