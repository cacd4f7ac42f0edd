// What a job costs in USD: requests, transfer between regions, and Lambda time.

// S3 pricing, us-east-1, S3 Standard. Other regions differ by up to a half.
const WRITE_REQUEST_USD = 0.005 / 1000; // PUT, COPY, POST, LIST
const READ_REQUEST_USD = 0.0004 / 1000; // GET, HEAD and all others
// S3 pricing, data transfer from us-east-1 to another region; us-east-2 is the cheaper exception.
const TRANSFER_USD_PER_BYTE = 0.02 / 1e9;
const TRANSFER_TO_OHIO_USD_PER_BYTE = 0.01 / 1e9;
// AWS KMS pricing.
const KMS_REQUEST_USD = 0.03 / 10_000;
// AWS Lambda pricing, arm64, us-east-1.
const LAMBDA_GB_SECOND_USD = 0.0000133334;
const LAMBDA_REQUEST_USD = 0.2 / 1e6;

const MB_PER_LAMBDA_GB = 1024;

/** S3 operations that are billed as writes; aborts and deletes are free. */
const WRITES = new Set([
  'PutObject',
  'CopyObject',
  'CreateMultipartUpload',
  'UploadPart',
  'UploadPartCopy',
  'CompleteMultipartUpload',
  'ListObjectsV2',
  'ListObjects',
  'ListParts',
  'ListMultipartUploads',
]);
const FREE = new Set(['AbortMultipartUpload', 'DeleteObject', 'DeleteObjects']);

/** What was used. */
interface Usage {
  /** Requests by service and operation, such as `s3 UploadPartCopy`. */
  readonly requests: Readonly<Record<string, number>>;
  /** Where the sources are. */
  readonly homeRegion: string;
  /** Bytes that were copied, by destination region; those that stay in the home region cost nothing. */
  readonly bytesByRegion: Readonly<Record<string, number>>;
  /** Billed duration, and the memory setting; none for what does not run on Lambda. */
  readonly lambda?: { readonly billedMs: number; readonly memoryMb: number };
}

/** A bill. */
export interface Cost {
  readonly requestsUsd: number;
  readonly transferUsd: number;
  readonly lambdaUsd: number;
  readonly totalUsd: number;
}

/** Estimates the bill of one job. Transfer is the same for every client; storage is not part of it. */
export function costOf(usage: Usage): Cost {
  const requestsUsd = Object.entries(usage.requests).reduce(
    (sum, [request, count]) => sum + count * requestUsd(request),
    0,
  );
  const transferUsd = Object.entries(usage.bytesByRegion).reduce(
    (sum, [region, bytes]) => sum + bytes * transferUsdPerByte(usage.homeRegion, region),
    0,
  );
  const lambdaUsd = usage.lambda
    ? LAMBDA_REQUEST_USD +
      (Math.ceil(usage.lambda.billedMs) / 1000) *
        (usage.lambda.memoryMb / MB_PER_LAMBDA_GB) *
        LAMBDA_GB_SECOND_USD
    : 0;
  return { requestsUsd, transferUsd, lambdaUsd, totalUsd: requestsUsd + transferUsd + lambdaUsd };
}

function requestUsd(request: string): number {
  const [service = '', operation = ''] = request.split(' ');
  switch (service) {
    case 's3':
      return FREE.has(operation) ? 0 : WRITES.has(operation) ? WRITE_REQUEST_USD : READ_REQUEST_USD;
    case 'kms':
      return KMS_REQUEST_USD;
    default:
      return 0;
  }
}

function transferUsdPerByte(homeRegion: string, region: string): number {
  if (region === homeRegion) return 0;
  return homeRegion === 'us-east-1' && region === 'us-east-2'
    ? TRANSFER_TO_OHIO_USD_PER_BYTE
    : TRANSFER_USD_PER_BYTE;
}
