// How fast things go and how long they may take: every speed and time that more than its own file depends on, with its source.

/** Bytes per millisecond that one copy request moves (measured by others: 60 to 85 MB/s, aws-sdk-js-v3 #2917, s3fs-fuse #940). */
export const COPY_BYTES_PER_MS = 80_000;
/** What a slow copy request still moves, in bytes per millisecond (the same sources). */
export const SLOW_COPY_BYTES_PER_MS = 60_000;
/** What the slowest healthy request still moves, in bytes per millisecond; below it, it counts as stalled. */
export const STALLED_BYTES_PER_MS = 10_000;
/** Round trip between continents in milliseconds: from when on parallel parts beat one request. */
export const FAR_ROUND_TRIP_MS = 75;
/** Round trip inside a region in milliseconds. */
export const NEAR_ROUND_TRIP_MS = 2;

/**
 * How far the clocks of S3, CodePipeline and Lambda may differ, in milliseconds. All follow the Amazon Time Sync Service, to far less;
 * S3's times are whole seconds.
 */
export const CLOCK_SKEW_MS = 60_000;

/** How long cleaning up may take once a job has failed, in milliseconds. */
export const CLEAN_UP_MS = 20_000;
/** How long the answer to a request that begins an upload is still waited for when nobody needs it any more, in milliseconds. */
export const GRACE_MS = 500;
