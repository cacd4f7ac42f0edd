// An error answer of an AWS service: what clients see as code, message and HTTP status.

/** Thrown by operations; the server turns it into an error document of the service's protocol. */
export class AwsError extends Error {
  readonly status: number;
  readonly code: string;
  /** Further elements of the error document, such as BucketName. */
  readonly details: Readonly<Record<string, string | undefined>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    details: AwsError['details'] = {},
    headers: AwsError['headers'] = {},
  ) {
    super(message);
    this.name = 'AwsError';
    this.status = status;
    this.code = code;
    this.details = details;
    this.headers = headers;
  }
}
