// Annotations: named payloads of an object, which copies take along unless the request excludes them.
import { describe, expect, test } from 'vitest';
import { needs } from './server/capabilities.ts';
import { codeOf } from './server/errors.ts';
import { useTarget } from './server/target.ts';

describe('annotations', () => {
  const target = useTarget();

  async function annotated(...names: string[]) {
    const { s3, Bucket } = await target().fresh();
    const { ETag } = await s3.putObject({ Bucket, Key: 'source', Body: 'bytes' });
    const annotate = (AnnotationName: string, more: object = {}) =>
      s3.putObjectAnnotation({
        ...{ Bucket, Key: 'source', AnnotationName, AnnotationPayload: `of ${AnnotationName}` },
        ...more,
      });
    for (const name of names) {
      await annotate(name);
    }
    const list = async (Key: string) =>
      ((await s3.listObjectAnnotations({ Bucket, Key })).Annotations ?? []).map(
        ({ AnnotationName }) => AnnotationName,
      );
    return { s3, Bucket, ETag, annotate, list };
  }

  test('are put, read, listed page by page and deleted', async (context) => {
    await needs(context, target(), 'annotations');
    const { s3, Bucket, list } = await annotated('b', 'a', 'c');
    const source = { Bucket, Key: 'source' };

    const read = await s3.getObjectAnnotation({ ...source, AnnotationName: 'a' });
    const page = await s3.listObjectAnnotations({ ...source, MaxAnnotationResults: 2 });
    const rest = await s3.listObjectAnnotations({ ...source, ContinuationToken: page.NextContinuationToken });
    await s3.deleteObjectAnnotation({ ...source, AnnotationName: 'b' });

    expect(await read.AnnotationPayload?.transformToString()).toBe('of a');
    expect(page.Annotations).toMatchObject([{ AnnotationName: 'a', Size: 4 }, { AnnotationName: 'b' }]);
    expect(rest.Annotations).toMatchObject([{ AnnotationName: 'c' }]);
    expect(await list('source')).toEqual(['a', 'c']);
    const missing = { ...source, AnnotationName: 'b' };
    expect(await codeOf(s3.getObjectAnnotation(missing))).toBe('NoSuchAnnotation');
  });

  test('are refused with a name of AWS, and on another object than was meant', async (context) => {
    await needs(context, target(), 'annotations');
    const { ETag, annotate } = await annotated();

    expect(await codeOf(annotate('aws-made'))).toBe('InvalidAnnotationName');
    expect(await codeOf(annotate('a', { ObjectIfMatch: '"other"' }))).toBe('PreconditionFailed');
    expect(await codeOf(annotate('a', { ObjectIfMatch: ETag }))).toBe('none');
  });

  test.for([
    ['COPY', ['a']],
    [undefined, ['a']],
    ['EXCLUDE', []],
  ] as const)(
    'are copied by CopyObject as the directive says: %s',
    async ([AnnotationDirective, expected], context) => {
      await needs(context, target(), 'annotations');
      const { s3, Bucket, list } = await annotated('a');

      await s3.copyObject({ Bucket, Key: 'copy', CopySource: `${Bucket}/source`, AnnotationDirective });

      expect(await list('copy')).toEqual(expected);
    },
  );

  test('are lost on a copy in parts, and when the object is written again', async (context) => {
    await needs(context, target(), 'annotations');
    const { s3, Bucket, list } = await annotated('a');
    const upload = await s3.createMultipartUpload({ Bucket, Key: 'copy' });
    const of = { Bucket, Key: 'copy', UploadId: upload.UploadId };
    const { CopyPartResult } = await s3.uploadPartCopy({
      ...of,
      PartNumber: 1,
      CopySource: `${Bucket}/source`,
    });

    const Parts = [{ PartNumber: 1, ETag: CopyPartResult?.ETag }];
    await s3.completeMultipartUpload({ ...of, MultipartUpload: { Parts } });
    await s3.putObject({ Bucket, Key: 'source', Body: 'again' });

    expect([await list('copy'), await list('source')]).toEqual([[], []]);
  });
});
