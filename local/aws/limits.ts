// S3's limits on objects and multipart uploads.

/** The largest object that one request can write or copy (S3 API, PutObject and CopyObject). */
export const MAX_SINGLE_REQUEST_BYTES = 5 * 1024 ** 3;

/** S3 user guide, multipart upload limits. */
export const MAX_PARTS = 10_000;

/** All parts but the last are at least this large (S3 user guide, multipart upload limits). */
export const MIN_PART_BYTES = 5 * 1024 ** 2;

/** S3 user guide, multipart upload limits: 50 TB. */
export const MAX_OBJECT_BYTES = 50 * 1024 ** 4;
