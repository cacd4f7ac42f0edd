// minio-js: buckets in two regions, filled, copied across, versioned, tagged, presigned, removed.
// Usage: node minio.mjs PACKAGE ENDPOINT NAME DIRECTORY, where DIRECTORY/up holds "large" (over 8 MiB) and "dir/small".
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';

const [location, endpoint, name, directory] = process.argv.slice(2);
const { Client, CopyDestinationOptions, CopySourceOptions } = createRequire(import.meta.url)(location);
const { hostname, port } = new URL(endpoint);
const { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey } = process.env;
const minio = new Client({
  ...{ endPoint: hostname, port: Number(port), useSSL: false, accessKey, secretKey },
  partSize: 8 * 1024 ** 2,
});
const [here, there] = [`${name}-here`, `${name}-there`];
const read = (key) => readFileSync(join(directory, 'up', key));

await minio.makeBucket(here, 'us-east-1');
await minio.makeBucket(there, 'eu-west-1');
await minio.setBucketVersioning(here, { Status: 'Enabled' });
for (const key of ['large', 'dir/small', 'dir/small']) {
  await minio.fPutObject(here, key, join(directory, 'up', key), { 'x-amz-meta-a': 'b' });
}
await minio.setObjectTagging(here, 'dir/small', { team: 'web' });
const tags = await minio.getObjectTagging(here, 'dir/small');
assert.deepEqual([tags].flat(2), [{ Key: 'team', Value: 'web' }]);

for (const key of ['large', 'dir/small']) {
  await minio.copyObject(
    new CopySourceOptions({ Bucket: here, Object: key }),
    new CopyDestinationOptions({ Bucket: there, Object: key }),
  );
  assert.deepEqual(await buffer(await minio.getObject(there, key)), read(key));
}
const linked = await fetch(await minio.presignedGetObject(here, 'dir/small', 60));
assert.deepEqual(Buffer.from(await linked.arrayBuffer()), read('dir/small'));

const versions = await Array.fromAsync(minio.listObjects(here, '', true, { IncludeVersion: true }));
assert.equal(versions.length, 3);
await minio.removeObjects(
  here,
  versions.map((version) => ({ name: version.name, versionId: version.versionId })),
);
await minio.removeObjects(there, ['large', 'dir/small']);
await minio.removeBucket(here);
await minio.removeBucket(there);
