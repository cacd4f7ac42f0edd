// GetObjectTagging, PutObjectTagging and DeleteObjectTagging.
import { child, children, text, xmlDocument } from '../../http/xml.ts';
import { type S3Answer, type S3Request, xmlBody } from '../request.ts';
import { READ_TAGS, type ReadActions, requestedObject } from './find-object.ts';
import { validTags, versionHeaders } from './object-headers.ts';

const WRITE_TAGS: ReadActions = { latest: 's3:PutObjectTagging', version: 's3:PutObjectVersionTagging' };
const DELETE_TAGS: ReadActions = {
  latest: 's3:DeleteObjectTagging',
  version: 's3:DeleteObjectVersionTagging',
};

/** S3 API, GetObjectTagging. */
export function getObjectTagging(request: S3Request): S3Answer {
  const { bucket, version } = requestedObject(request, READ_TAGS);
  return {
    headers: versionHeaders(bucket, version),
    xml: xmlDocument('Tagging', {
      TagSet: { Tag: Object.entries(version.tags).map(([Key, Value]) => ({ Key, Value })) },
    }),
  };
}

/** S3 API, PutObjectTagging: all tags are replaced. */
export async function putObjectTagging(request: S3Request): Promise<S3Answer> {
  requestedObject(request, WRITE_TAGS);
  const tagSet = child(await xmlBody(request, 'Tagging'), 'TagSet');
  const tags = validTags(
    children(tagSet, 'Tag').map((tag) => [text(tag, 'Key') ?? '', text(tag, 'Value') ?? ''] as const),
  );
  const { bucket, version } = requestedObject(request, WRITE_TAGS);
  version.tags = tags;
  return { headers: versionHeaders(bucket, version) };
}

/** S3 API, DeleteObjectTagging. */
export function deleteObjectTagging(request: S3Request): S3Answer {
  const { bucket, version } = requestedObject(request, DELETE_TAGS);
  version.tags = {};
  return { status: 204, headers: versionHeaders(bucket, version) };
}
