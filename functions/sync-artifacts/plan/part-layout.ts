// How an object is cut into parts, within the limits of S3.

/** Parts of one size, but for the last; or the exact part sizes of a source whose layout is reproduced. */
export type PartLayout =
  | { readonly kind: 'uniform'; readonly sizeBytes: number; readonly partSizeBytes: number }
  | { readonly kind: 'reproduced'; readonly sizeBytes: number; readonly partSizesBytes: readonly number[] };

/** A part: its number from 1, and its place in the object. */
export interface Part {
  readonly number: number;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

/** Number of parts in a layout. */
export function partCount(layout: PartLayout): number {
  return layout.kind === 'uniform'
    ? Math.max(1, Math.ceil(layout.sizeBytes / layout.partSizeBytes))
    : layout.partSizesBytes.length;
}

/** The parts of a layout in order; they tile the object exactly. */
export function* partsOf(layout: PartLayout): Generator<Part, void, undefined> {
  const count = partCount(layout);
  let offsetBytes = 0;
  for (let number = 1; number <= count; number++) {
    const sizeBytes = partSize(layout, number);
    yield { number, offsetBytes, sizeBytes };
    offsetBytes += sizeBytes;
  }
}

/** Size in bytes that the part of this number has; 0 for a number outside the layout. */
export function partSize(layout: PartLayout, number: number): number {
  if (layout.kind === 'reproduced') return layout.partSizesBytes[number - 1] ?? 0;
  if (!Number.isInteger(number) || number < 1) return 0;
  return Math.max(0, Math.min(layout.partSizeBytes, layout.sizeBytes - (number - 1) * layout.partSizeBytes));
}
