// Stands in for the SDK's event streams in the bundle: only S3 Select speaks them, which nothing here uses (esbuild.config.mjs).

/** Leaves the configuration of a client as it is. */
export function resolveEventStreamSerdeConfig<T>(config: T): T {
  return config;
}

/** There is no marshaller: no operation of this function has a stream of events. */
export function eventStreamSerdeProvider(): undefined {
  return undefined;
}

/** Asked for only by operations with event streams. */
export class EventStreamSerde {}
