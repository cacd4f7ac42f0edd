// Stands in for `node:zlib` in the bundle, of which the SDK uses CRC32 only: loads it when the first one is calculated (esbuild.config.mjs).

/** The CRC32 of some bytes, continued from that of the bytes before them. */
export function crc32(data: Uint8Array | string, value?: number): number {
  return process.getBuiltinModule('node:zlib').crc32(data, value);
}
