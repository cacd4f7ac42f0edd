// The numbers of the modelled wide-area network: round trips by region and service times by kind of request.
import { roundTripsFrom } from './round-trips.ts';

/** Every number of the model. The function is taken to sit in {@link WanModel.homeRegion}. */
export interface WanModel {
  /** Where the client sits, and the region of a request that names none. */
  readonly homeRegion: string;
  /** Round trip from the home region to each region, in milliseconds. */
  readonly roundTripMs: Readonly<Record<string, number>>;
  /** Round trip to a region that the table does not name, in milliseconds. */
  readonly otherRegionRoundTripMs: number;
  /** Round trips that a new connection costs before its first request (TCP and TLS 1.3). */
  readonly handshakeRoundTrips: number;
  /** Fixed service time of CopyObject and UploadPartCopy, besides the round trip, in milliseconds. */
  readonly copyServiceMs: number;
  /** Speed of one copy request, in bytes per second. */
  readonly copyBytesPerSecond: number;
  /** Fixed service time of a multipart upload as a whole, half of it at its beginning and half at its end, in milliseconds. */
  readonly multipartServiceMs: number;
  /** Speed of one upload or download, in bytes per second. */
  readonly transferBytesPerSecond: number;
  /** Write requests per second and prefix, above which S3 answers 503 SlowDown. */
  readonly writesPerSecondPerPrefix: number;
  /** What CodePipeline takes to answer, round trip included, in milliseconds. */
  readonly codePipelineMs: number;
}

/** The model that the published figures were measured with. */
export const DEFAULT_WAN_MODEL: WanModel = {
  homeRegion: 'us-east-1',
  roundTripMs: roundTripsFrom('us-east-1'),
  otherRegionRoundTripMs: 100,
  // One for TCP (RFC 9293, three-way handshake), one for TLS 1.3 (RFC 8446, section 2).
  handshakeRoundTrips: 2,
  copyServiceMs: 30,
  // One copy request moves 60 to 85 MB/s: aws-sdk-js-v3 #2917 (250 MB in 3 s), s3fs-fuse #940.
  copyBytesPerSecond: 80e6,
  multipartServiceMs: 0,
  // A single GET or PUT stream; S3 performance guidelines give 85 to 90 MB/s per connection as an upper end.
  transferBytesPerSecond: 50e6,
  // S3 user guide, "Best practices design patterns": 3,500 PUT/COPY/POST/DELETE per second per prefix.
  writesPerSecondPerPrefix: 3500,
  codePipelineMs: 2,
};

/**
 * Fitted to AWS's own client, whose copies of 1, 2, 3, 5 and 10 GiB in parts of 64 MiB took 3.60, 3.02, 2.69, 3.69 and 5.84 s
 * (awslabs/aws-c-s3 #288): about 2.45 s fixed and 82 MB/s a part. Its process start is in the fixed time, so this is the unkind end.
 */
export const PESSIMISTIC_WAN_MODEL: WanModel = {
  ...DEFAULT_WAN_MODEL,
  copyBytesPerSecond: 82e6,
  multipartServiceMs: 2450,
};

/** The model of a function that sits in `homeRegion`. Between regions of which one is unknown it takes `otherRegionRoundTripMs`. */
export function wanModelFrom(homeRegion: string): WanModel {
  return { ...DEFAULT_WAN_MODEL, homeRegion, roundTripMs: roundTripsFrom(homeRegion) };
}

/** Round trip to `region` under `model`, in milliseconds. */
export function roundTripMs(model: WanModel, region: string): number {
  return model.roundTripMs[region] ?? model.otherRegionRoundTripMs;
}
