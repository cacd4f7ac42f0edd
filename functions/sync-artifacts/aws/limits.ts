// The limits of S3 and Lambda that copies keep.

/** Lambda quotas, file descriptors: 1,024, of which Node.js needs some twenty; the rest is margin. */
export const MAX_OPEN_CONNECTIONS = 960;
/** S3 user guide, multipart upload limits. */
export const MAX_PARTS = 10_000;
/** S3 user guide, multipart upload limits; the last part may be smaller. */
export const MIN_PART_BYTES = 5 * 1024 ** 2;
/** S3 user guide, multipart upload limits. */
export const MAX_PART_BYTES = 5 * 1024 ** 3;
/** S3 API, CopyObject: "up to 5 GB". */
export const MAX_COPY_OBJECT_BYTES = 5 * 1024 ** 3;
/** As many parts as there may be, as large as they may be: 48.8 TiB, which texts round to 50 TB. */
export const MAX_OBJECT_BYTES = MAX_PARTS * MAX_PART_BYTES;
