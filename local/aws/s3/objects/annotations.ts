// PutObjectAnnotation, GetObjectAnnotation, ListObjectAnnotations and DeleteObjectAnnotation.
import { AwsError } from '../../aws-error.ts';
import { checksumOf, DEFAULT_ALGORITHM, md5Of } from '../../content/checksum.ts';
import { checksumHeader } from '../../http/upload.ts';
import { xmlDocument } from '../../http/xml.ts';
import { invalidRequest, s3Error } from '../../s3-errors.ts';
import { type Annotation, compareKeys, type ObjectVersion } from '../../state/buckets.ts';
import { queryNumber, requestHeader, type S3Answer, type S3Request, useKey } from '../request.ts';
import { type ReadActions, requestedObject } from './find-object.ts';
import { quoted } from './object-headers.ts';

/** Annotations of one version (S3 API, PutObjectAnnotation). */
const MAX_ANNOTATIONS = 1000;
/** Bytes of one annotation (S3 API, PutObjectAnnotation). */
const MAX_ANNOTATION_BYTES = 1024 ** 2;
/** Bytes of a name in UTF-8 (S3 API, AnnotationNameTooLong). */
const MAX_NAME_BYTES = 512;

/** S3 API, PutObjectAnnotation: in place of one of the same name; the object stays the version that it is. */
export async function putObjectAnnotation(request: S3Request): Promise<S3Answer> {
  const actions = actionsOf('PutObject');
  target(request, actions, 'kms:GenerateDataKey');
  const name = nameOf(request);
  const { content, checksums } = await request.receive();
  if (content.sizeBytes === 0 || content.sizeBytes > MAX_ANNOTATION_BYTES) {
    throw invalidRequest(`An annotation has between 1 and ${MAX_ANNOTATION_BYTES} bytes.`);
  }
  const version = target(request, actions, 'kms:GenerateDataKey');
  checkIfMatch(request, version);
  if (version.annotations.size >= MAX_ANNOTATIONS && !version.annotations.has(name)) {
    throw s3Error('AnnotationLimitExceeded');
  }
  const annotation = { content, lastModified: new Date() };
  version.annotations.set(name, annotation);
  const [given] = checksums;
  const [algorithm, value] = given ?? [DEFAULT_ALGORITHM, checksumOf(content, DEFAULT_ALGORITHM)];
  return {
    headers: {
      etag: etagOf(annotation),
      ...versionHeader(version),
      [checksumHeader(algorithm)]: value,
      'x-amz-checksum-type': 'FULL_OBJECT',
      'x-amz-server-side-encryption': version.encryption.algorithm,
    },
    xml: xmlDocument('PutObjectAnnotationOutput', { Key: request.key, AnnotationName: name }),
  };
}

/** S3 API, GetObjectAnnotation. */
export function getObjectAnnotation(request: S3Request): S3Answer {
  const version = target(request, actionsOf('GetObject'), 'kms:Decrypt');
  const annotation = version.annotations.get(nameOf(request));
  if (annotation === undefined) throw s3Error('NoSuchAnnotation');
  return {
    headers: {
      etag: etagOf(annotation),
      'last-modified': annotation.lastModified.toUTCString(),
      ...versionHeader(version),
      'x-amz-server-side-encryption': version.encryption.algorithm,
    },
    content: annotation.content,
  };
}

/** S3 API, ListObjectAnnotations: by name, a page at a time. */
export function listObjectAnnotations(request: S3Request): S3Answer {
  const version = target(request, {
    latest: 's3:ListObjectAnnotations',
    version: 's3:ListObjectVersionAnnotations',
  });
  const { query } = request;
  const prefix = query.get('annotation-prefix') ?? '';
  const after = Buffer.from(query.get('continuation-token') ?? '', 'base64url').toString();
  const maxResults = queryNumber(request, 'max-annotation-results', MAX_ANNOTATIONS, MAX_ANNOTATIONS, 1);
  const found = [...version.annotations]
    .filter(([name]) => name.startsWith(prefix) && compareKeys(name, after) > 0)
    .sort(([a], [b]) => compareKeys(a, b));
  const page = found.slice(0, maxResults);
  const last = page.length < found.length ? page.at(-1)?.[0] : undefined;
  return {
    headers: versionHeader(version),
    xml: xmlDocument('ListObjectAnnotationsOutput', {
      Bucket: request.bucketName,
      Key: request.key,
      AnnotationPrefix: prefix,
      MaxAnnotationResults: maxResults,
      AnnotationCount: page.length,
      NextContinuationToken: last === undefined ? undefined : Buffer.from(last).toString('base64url'),
      Annotations: {
        AnnotationEntry: page.map(([name, annotation]) => ({
          AnnotationName: name,
          LastModified: annotation.lastModified.toISOString(),
          Size: annotation.content.sizeBytes,
          ETag: etagOf(annotation),
          ChecksumAlgorithm: DEFAULT_ALGORITHM,
        })),
      },
    }),
  };
}

/** S3 API, DeleteObjectAnnotation. */
export function deleteObjectAnnotation(request: S3Request): S3Answer {
  const version = target(request, actionsOf('DeleteObject'));
  checkIfMatch(request, version);
  if (!version.annotations.delete(nameOf(request))) throw s3Error('NoSuchAnnotation');
  return { status: 204, headers: versionHeader(version) };
}

/** The action on the latest version, and that on a named one. */
function actionsOf(verb: 'PutObject' | 'GetObject' | 'DeleteObject'): ReadActions {
  return { latest: `s3:${verb}Annotation`, version: `s3:${verb}VersionAnnotation` };
}

/** The version that the request means. Annotations are encrypted as their object is. */
function target(
  request: S3Request,
  actions: ReadActions,
  use?: 'kms:Decrypt' | 'kms:GenerateDataKey',
): ObjectVersion {
  const { bucket, version } = requestedObject(request, actions);
  if (use !== undefined) useKey(request, { bucket, ...version }, use);
  return version;
}

/** @throws PreconditionFailed for another object than the one that was meant */
function checkIfMatch(request: S3Request, { etag }: ObjectVersion): void {
  const name = 'x-amz-object-if-match';
  const ifMatch = requestHeader(request, name)?.replace(/^"|"$/g, '');
  if (ifMatch !== undefined && ifMatch !== etag) throw s3Error('PreconditionFailed', { Condition: name });
}

/** @throws InvalidAnnotationName, AnnotationNameTooLong */
function nameOf(request: S3Request): string {
  const name = request.query.get('annotationName') ?? '';
  if (name === '' || /^(?:aws|s3)/i.test(name)) throw s3Error('InvalidAnnotationName');
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) {
    throw new AwsError(400, 'AnnotationNameTooLong', `The annotation name exceeds ${MAX_NAME_BYTES} bytes.`);
  }
  return name;
}

function etagOf({ content }: Annotation): string {
  return quoted(md5Of(content));
}

function versionHeader({ versionId }: ObjectVersion): Record<string, string> {
  return { 'x-amz-object-version-id': versionId };
}
