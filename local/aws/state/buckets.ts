// Buckets, the versions of their objects, and their unfinished uploads: plain state and the rules of versioning.
import { randomBytes, randomUUID } from 'node:crypto';
import type { Checksum, ChecksumAlgorithm, ChecksumType } from '../content/checksum.ts';
import { type Content, EMPTY } from '../content/content.ts';
import type { Policy } from '../iam/policy.ts';

/** Algorithms of server-side encryption (S3 API, ServerSideEncryption). */
export type EncryptionAlgorithm = 'AES256' | 'aws:kms' | 'aws:kms:dsse';

/** A bucket's default encryption; `keyId` as it was given, so possibly a bare id or an alias. */
export interface BucketEncryption {
  readonly algorithm: EncryptionAlgorithm;
  readonly keyId?: string;
  readonly bucketKey?: boolean;
}

/** The encryption of a bucket for which nobody has chosen one (S3 user guide, default encryption). */
export const UNCHOSEN_ENCRYPTION: BucketEncryption = { algorithm: 'AES256' };

/** How an object is encrypted; S3 always reports the key's ARN. */
export interface ObjectEncryption {
  readonly algorithm: EncryptionAlgorithm;
  readonly keyArn?: string;
  readonly bucketKey: boolean;
}

/** Content headers that S3 keeps with an object, by their lower-case names. */
export type ContentHeaders = Readonly<Record<string, string>>;
/** User metadata, by name without `x-amz-meta-`. */
export type Metadata = Readonly<Record<string, string>>;
/** Object tags. */
export type Tags = Readonly<Record<string, string>>;

/** A part as the finished object remembers it. */
export interface ObjectPart {
  readonly partNumber: number;
  readonly sizeBytes: number;
  /** Only uploads with an algorithm of their own remember the checksums of their parts. */
  readonly checksum?: string;
}

/** What an upload settles about its object before there are bytes. */
export interface ObjectProperties {
  readonly key: string;
  readonly headers: ContentHeaders;
  readonly metadata: Metadata;
  readonly tags: Tags;
  readonly encryption: ObjectEncryption;
  readonly storageClass: string;
}

/** One version of an object, or a delete marker. Everything but the tags is immutable. */
export interface ObjectVersion extends Omit<ObjectProperties, 'tags'> {
  /** `null`, as S3 writes it, in a bucket without versioning. */
  readonly versionId: string;
  /** Sorts versions by the time of their writing; it is the version id in a bucket that keeps versions. */
  readonly order: string;
  readonly deleteMarker: boolean;
  readonly content: Content;
  readonly sizeBytes: number;
  /** Without quotes. */
  readonly etag: string;
  readonly lastModified: Date;
  readonly checksum?: Checksum;
  /** Absent unless the object came by a multipart upload. */
  readonly parts?: readonly ObjectPart[];
  tags: Tags;
  /** By name. They are not part of the object's content, ETag or checksum. */
  readonly annotations: Map<string, Annotation>;
}

/** A named payload that is attached to a version. */
export interface Annotation {
  readonly content: Content;
  readonly lastModified: Date;
}

/** What a new version is made of; the bucket adds version id and date. */
export type NewVersion = Omit<
  ObjectVersion,
  'versionId' | 'order' | 'deleteMarker' | 'lastModified' | 'sizeBytes' | 'annotations'
> & { readonly annotations?: ReadonlyMap<string, Annotation> };

/** A part of an upload that is under way. */
export interface UploadedPart {
  readonly partNumber: number;
  readonly content: Content;
  readonly etag: string;
  readonly lastModified: Date;
  readonly checksum?: string;
}

/** A multipart upload that is neither completed nor aborted. */
export interface MultipartUpload extends ObjectProperties {
  readonly uploadId: string;
  readonly key: string;
  readonly initiatedAt: Date;
  readonly initiatorArn: string;
  /** Absent if the client named none: the object then gets S3's default checksum. */
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly type: ChecksumType };
  readonly parts: Map<number, UploadedPart>;
  /** What `changesOf` counted at the upload's key when a request began it. */
  readonly changesAtBeginning?: number;
}

/** An upload that is over: S3 answers a repeated Complete or Abort as it did before, for a while. */
export interface EndedUpload {
  readonly key: string;
  readonly endedAtMs: number;
  /** The parts it was completed with and the object made of them; absent if it was aborted, or lost to a conflict. */
  readonly completed?: { readonly partEtags: string; readonly version: ObjectVersion };
}

/** Whether a bucket keeps versions; one that ever did can only suspend it. */
export type Versioning = 'Unversioned' | 'Enabled' | 'Suspended';

/** A rule of a bucket's lifecycle (S3 API, LifecycleRule), as far as it is about unfinished uploads or the age of objects. */
interface LifecycleRule {
  readonly id: string;
  readonly status: 'Enabled' | 'Disabled';
  /** Keys that it is about; all if empty. */
  readonly prefix: string;
  readonly abortIncompleteUploadAfterDays?: number;
  readonly expireAfterDays?: number;
}

/** A bucket with everything in it. */
export interface Bucket {
  readonly name: string;
  readonly arn: string;
  readonly region: string;
  readonly ownerAccountId: string;
  readonly createdAt: Date;
  versioning: Versioning;
  /** Undefined only if asked for: S3 itself gives every bucket SSE-S3. */
  encryption: BucketEncryption | undefined;
  /** The bucket policy, if it has one. */
  policy: Policy | undefined;
  /** All versions of each key, the latest last. */
  readonly objects: Map<string, ObjectVersion[]>;
  readonly uploads: Map<string, MultipartUpload>;
  readonly endedUploads: Map<string, EndedUpload>;
  /** Uploads need a checksum or Content-MD5 in a bucket with Object Lock (S3 user guide, Object Lock considerations). */
  readonly objectLock: boolean;
  /** Read back as they are; nothing expires here. */
  lifecycleRules: readonly LifecycleRule[];
  /** Whether requests may carry ACLs; the bucket owner's is the only one that there can be. */
  readonly acls: boolean;
  /** How often the current state of each key changed by a write or a deletion. */
  readonly changes: Map<string, number>;
}

/** How often a key was written or its current version deleted: whoever compares two counts sees what came in between. */
export function changesOf(bucket: Bucket, key: string): number {
  return bucket.changes.get(key) ?? 0;
}

/** How long an upload that is over is remembered. S3 does not say how long it does. */
const ENDED_UPLOAD_MS = 10 * 60_000;

/** Ends an upload, and forgets those that ended long ago. */
export function endUpload(
  bucket: Bucket,
  { uploadId, key }: MultipartUpload,
  completed?: EndedUpload['completed'],
): void {
  const endedAtMs = Date.now();
  for (const [id, ended] of bucket.endedUploads) {
    if (ended.endedAtMs > endedAtMs - ENDED_UPLOAD_MS) break;
    bucket.endedUploads.delete(id);
  }
  bucket.uploads.delete(uploadId);
  bucket.endedUploads.set(uploadId, { key, endedAtMs, ...(completed && { completed }) });
}

/** The latest version of a key, be it a delete marker. */
export function latest(bucket: Bucket, key: string): ObjectVersion | undefined {
  return bucket.objects.get(key)?.at(-1);
}

/** One version of a key; `null` is the one written without versioning. */
export function versionOf(bucket: Bucket, key: string, versionId: string): ObjectVersion | undefined {
  return bucket.objects.get(key)?.find((version) => version.versionId === versionId);
}

/** Writes an object as a new version, or in place of the one without version id. */
export function store(bucket: Bucket, version: NewVersion): ObjectVersion {
  const stored: ObjectVersion = {
    ...version,
    ...newVersionIds(bucket),
    sizeBytes: version.content.sizeBytes,
    deleteMarker: false,
    lastModified: new Date(),
    annotations: new Map(version.annotations),
  };
  push(bucket, stored);
  return stored;
}

/** What a delete did. */
interface Deletion {
  readonly versionId: string | undefined;
  /** Whether a marker was written, or was what has been deleted. */
  readonly deleteMarker: boolean;
}

/** Deletes one version for good, or without a version id hides the object as the bucket's versioning has it. */
export function remove(bucket: Bucket, key: string, versionId?: string): Deletion {
  if (versionId !== undefined) {
    const victim = versionOf(bucket, key, versionId);
    drop(bucket, key, versionId);
    return { versionId, deleteMarker: victim?.deleteMarker ?? false };
  }
  if (bucket.versioning === 'Unversioned') {
    drop(bucket, key, 'null');
    return { versionId: undefined, deleteMarker: false };
  }
  const marker: ObjectVersion = {
    key,
    ...newVersionIds(bucket),
    deleteMarker: true,
    content: EMPTY,
    sizeBytes: 0,
    etag: '',
    lastModified: new Date(),
    headers: {},
    metadata: {},
    encryption: { algorithm: 'AES256', bucketKey: false },
    storageClass: 'STANDARD',
    tags: {},
    annotations: new Map(),
  };
  push(bucket, marker);
  return { versionId: marker.versionId, deleteMarker: true };
}

/** The latest versions that are not delete markers, sorted by key as S3 lists them. */
export function currentObjects(bucket: Bucket): ObjectVersion[] {
  return [...bucket.objects.values()]
    .flatMap((versions) => versions.slice(-1))
    .filter((version) => !version.deleteMarker)
    .sort((a, b) => compareKeys(a.key, b.key));
}

/** S3's order: by the bytes of the key's UTF-8. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Was the version written before the one of that id, which need not be there any more? */
export function isOlder(bucket: Bucket, { key, order }: ObjectVersion, versionId: string): boolean {
  const marked = versionId === 'null' ? versionOf(bucket, key, versionId)?.order : versionId;
  return marked === undefined || order < marked;
}

let issuedIds = 0;

/** A new id of letters and digits, as version ids and upload ids are. Ids of the same length sort by their age. */
export function newId(length: number): string {
  issuedIds += 1;
  const random = randomBytes(length).toString('base64url').replace(/[-_]/g, 'x');
  return (issuedIds.toString(36).padStart(8, '0') + random).slice(0, length);
}

/** An ETag that looks like an MD5 and says nothing about the content. */
export function opaqueEtag(): string {
  return randomUUID().replaceAll('-', '');
}

const VERSION_ID_LENGTH = 32;

/** Can it be the id of a version that was written in a bucket that keeps versions? */
export function isId(text: string): boolean {
  return text.length === VERSION_ID_LENGTH && /^[A-Za-z0-9._-]+$/.test(text);
}

function newVersionIds({ versioning }: Bucket): { versionId: string; order: string } {
  const order = newId(VERSION_ID_LENGTH);
  return { order, versionId: versioning === 'Enabled' ? order : 'null' };
}

function push(bucket: Bucket, version: ObjectVersion): void {
  if (version.versionId === 'null') drop(bucket, version.key, 'null');
  noteChange(bucket, version.key);
  const versions = bucket.objects.get(version.key);
  if (versions === undefined) {
    bucket.objects.set(version.key, [version]);
  } else {
    versions.push(version);
  }
}

function noteChange(bucket: Bucket, key: string): void {
  bucket.changes.set(key, changesOf(bucket, key) + 1);
}

function drop(bucket: Bucket, key: string, versionId: string): void {
  if (latest(bucket, key)?.versionId === versionId) noteChange(bucket, key);
  const left = bucket.objects.get(key)?.filter((version) => version.versionId !== versionId) ?? [];
  if (left.length === 0) {
    bucket.objects.delete(key);
  } else {
    bucket.objects.set(key, left);
  }
}
