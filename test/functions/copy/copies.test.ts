// What survives a copy: bytes, content headers, metadata and tags, whatever the strategy and however odd the key.
import { describe, expect, it } from 'vitest';
import { compareContent } from '../../../local/aws/content/content.ts';
import { EU } from '../harness/pipeline-test.ts';
import { copiesOf, MULTIPART_BYTES, SOURCE, successOf, TestPipeline } from '../harness/test-pipeline.ts';

const DESCRIPTION = {
  contentType: 'application/zip',
  headers: {
    'cache-control': 'max-age=60',
    'content-disposition': 'attachment; filename="app.zip"',
    'content-encoding': 'identity',
    'content-language': 'de-DE',
    expires: 'Wed, 21 Oct 2037 07:28:00 GMT',
  },
  metadata: { 'codepipeline-artifact-revision-summary': 'Fix it', build: '42' },
  tags: { team: 'web shop', 'cost:center': '1+1=2 @ more' },
};

const STRATEGIES = [
  { strategy: 'object', sizeBytes: 1000, parameters: {} },
  { strategy: 'object', sizeBytes: 0, parameters: {} },
  { strategy: 'multipart', sizeBytes: MULTIPART_BYTES, parameters: {} },
  { strategy: 'relay', sizeBytes: 1000, parameters: { Mode: 'relay' } },
  { strategy: 'relay', sizeBytes: MULTIPART_BYTES, parameters: { Mode: 'relay' } },
];

describe('a copy', () => {
  it.each(STRATEGIES)('by $strategy of $sizeBytes bytes is the same object', async (sample) => {
    const { strategy, sizeBytes, parameters } = sample;
    await using pipeline = await TestPipeline.start();
    const source = pipeline.addArtifact('App', sizeBytes, DESCRIPTION);
    const key = pipeline.addDestination(EU);
    const outcome = await pipeline.invoke({ DestinationBucket: EU, ...parameters });
    expect(copiesOf(outcome)).toMatchObject([{ strategy, proof: 'checksum', sizeBytes }]);
    const copy = pipeline.object(EU, source.key);
    expect(compareContent(copy.content, source.content)).toBe(true);
    expect(copy.headers).toEqual(source.headers);
    expect(copy.metadata).toEqual(source.metadata);
    expect(copy.tags).toEqual(source.tags);
    expect(copy.checksum).toEqual(source.checksum);
    expect(copy.encryption).toEqual({ algorithm: 'aws:kms', keyArn: key.arn, bucketKey: true });
  });

  it.each([
    ['spaces', 'pipe line/my app/a b.zip'],
    ['a plus', 'pipeline/c++/1+1.zip'],
    ['per cent signs', 'pipeline/100%/%41%2F.zip'],
    ['other scripts', 'pipeline/наборы/成果物-é-🚀.zip'],
    ['what URLs and versions are made of', "pipeline/a?versionId=b&c=d#e/(f)'!*.zip"],
  ])('keeps a key with %s', async (_what, key) => {
    await using pipeline = await TestPipeline.start();
    pipeline.addArtifact('Small', 100, { key });
    pipeline.addArtifact('Large', MULTIPART_BYTES, { key: `${key}.large` });
    pipeline.addDestination(EU);
    const outcome = await pipeline.invoke({ DestinationBucket: EU });
    expect(copiesOf(outcome).map(({ strategy }) => strategy)).toEqual(['object', 'multipart']);
    for (const copied of [key, `${key}.large`]) {
      const same = compareContent(
        pipeline.object(EU, copied).content,
        pipeline.object(SOURCE, copied).content,
      );
      expect(same).toBe(true);
    }
  });

  it.each([1000, MULTIPART_BYTES])(
    'of %d bytes has dual-layer encryption where the bucket says so',
    async (sizeBytes) => {
      await using pipeline = await TestPipeline.start();
      const { key } = pipeline.addArtifact('App', sizeBytes);
      const { arn } = pipeline.aws.createKey({ region: 'eu-west-1' });
      pipeline.addDestination(EU, { encryption: { algorithm: 'aws:kms:dsse', keyId: arn } });
      pipeline.allowKey(arn);
      successOf(await pipeline.invoke({ DestinationBucket: EU }));
      const { encryption } = pipeline.object(EU, key);
      expect(encryption).toEqual({ algorithm: 'aws:kms:dsse', keyArn: arn, bucketKey: false });
    },
  );

  it.each([1000, MULTIPART_BYTES])(
    'of %d bytes whose tags nobody may read is made without them, and says so',
    async (sizeBytes) => {
      await using pipeline = await TestPipeline.start();
      const { key } = pipeline.addArtifact('App', sizeBytes, { tags: { team: 'web' } });
      pipeline.addDestination(EU);
      pipeline.deny(['s3:GetObjectTagging', 's3:GetObjectVersionTagging'], '*');
      const outcome = await pipeline.invoke({ DestinationBucket: EU });
      successOf(outcome);
      expect(pipeline.object(EU, key).tags).toEqual({});
      expect(outcome.log.filter(({ level }) => level === 'warn')).toEqual([
        {
          level: 'warn',
          message: expect.stringContaining('Tags of the source may not be read'),
          fields: { artifact: 'App' },
        },
      ]);
    },
  );
});
