// Memory for parts on their way through the function, used again and again: left to the garbage collector, as much again waits for it.

/** Buffers come in multiples of this, so that parts of slightly different sizes fit into each other's. */
const STEP_BYTES = 1024 ** 2;

/** Buffers that nobody uses. There are never more than there were parts in memory at once. */
const free: Buffer[] = [];

/** A buffer of this many bytes, with whatever was in it before. */
export function acquireBuffer(sizeBytes: number): Buffer {
  const at = free.findIndex(({ buffer }) => buffer.byteLength >= sizeBytes);
  const [found] = at < 0 ? [] : free.splice(at, 1);
  // One that is too small makes room for the new one.
  if (found === undefined) free.pop();
  const whole = found ?? Buffer.allocUnsafeSlow(Math.ceil(sizeBytes / STEP_BYTES) * STEP_BYTES);
  return Buffer.from(whole.buffer, 0, sizeBytes);
}

/** Gives a buffer back that nothing reads or writes any more. */
export function releaseBuffer(buffer: Buffer): void {
  free.push(buffer);
}
