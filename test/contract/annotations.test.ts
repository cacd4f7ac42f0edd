// Annotations: named payloads of an object, which copies take along unless the request excludes them.
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectAnnotationCommand,
  GetObjectAnnotationCommand,
  ListObjectAnnotationsCommand,
  PutObjectAnnotationCommand,
  PutObjectCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { needs } from './server/capabilities.ts';
import { codeOf } from './server/errors.ts';
import { useTarget } from './server/target.ts';

describe('annotations', () => {
  const target = useTarget();

  async function annotated(...names: string[]) {
    const s3 = target().client();
    const Bucket = await target().createBucket();
    const { ETag } = await s3.send(new PutObjectCommand({ Bucket, Key: 'source', Body: 'bytes' }));
    const annotate = (AnnotationName: string, more: object = {}) =>
      s3.send(
        new PutObjectAnnotationCommand({
          ...{ Bucket, Key: 'source', AnnotationName, AnnotationPayload: `of ${AnnotationName}` },
          ...more,
        }),
      );
    for (const name of names) {
      await annotate(name);
    }
    const list = async (Key: string) =>
      ((await s3.send(new ListObjectAnnotationsCommand({ Bucket, Key }))).Annotations ?? []).map(
        ({ AnnotationName }) => AnnotationName,
      );
    return { s3, Bucket, ETag, annotate, list };
  }

  test('are put, read, listed page by page and deleted', async (context) => {
    await needs(context, target(), 'annotations');
    const { s3, Bucket, list } = await annotated('b', 'a', 'c');
    const source = { Bucket, Key: 'source' };

    const read = await s3.send(new GetObjectAnnotationCommand({ ...source, AnnotationName: 'a' }));
    const page = await s3.send(new ListObjectAnnotationsCommand({ ...source, MaxAnnotationResults: 2 }));
    const rest = await s3.send(
      new ListObjectAnnotationsCommand({ ...source, ContinuationToken: page.NextContinuationToken }),
    );
    await s3.send(new DeleteObjectAnnotationCommand({ ...source, AnnotationName: 'b' }));

    expect(await read.AnnotationPayload?.transformToString()).toBe('of a');
    expect(page.Annotations).toMatchObject([{ AnnotationName: 'a', Size: 4 }, { AnnotationName: 'b' }]);
    expect(rest.Annotations).toMatchObject([{ AnnotationName: 'c' }]);
    expect(await list('source')).toEqual(['a', 'c']);
    const missing = new GetObjectAnnotationCommand({ ...source, AnnotationName: 'b' });
    expect(await codeOf(s3.send(missing))).toBe('NoSuchAnnotation');
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

      await s3.send(
        new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/source`, AnnotationDirective }),
      );

      expect(await list('copy')).toEqual(expected);
    },
  );

  test('are lost on a copy in parts, and when the object is written again', async (context) => {
    await needs(context, target(), 'annotations');
    const { s3, Bucket, list } = await annotated('a');
    const upload = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'copy' }));
    const of = { Bucket, Key: 'copy', UploadId: upload.UploadId };
    const { CopyPartResult } = await s3.send(
      new UploadPartCopyCommand({ ...of, PartNumber: 1, CopySource: `${Bucket}/source` }),
    );

    const Parts = [{ PartNumber: 1, ETag: CopyPartResult?.ETag }];
    await s3.send(new CompleteMultipartUploadCommand({ ...of, MultipartUpload: { Parts } }));
    await s3.send(new PutObjectCommand({ Bucket, Key: 'source', Body: 'again' }));

    expect([await list('copy'), await list('source')]).toEqual([[], []]);
  });
});
