// A bounded collection of measurements with quantiles.

/** Measurements kept: the latest ones. */
const CAPACITY = 65_536;

/** The latest measurements of one kind. */
export class Samples {
  readonly #values = new Float64Array(CAPACITY);
  #count = 0;

  /** How many were added since the start or the last {@link Samples.clear}. */
  get count(): number {
    return this.#count;
  }

  add(value: number): void {
    this.#values[this.#count % CAPACITY] = value;
    this.#count += 1;
  }

  clear(): void {
    this.#count = 0;
  }

  /** The value below which the given fraction of the latest measurements lies; NaN when there are none. */
  quantile(fraction: number): number {
    const sorted = this.#values.slice(0, Math.min(this.#count, CAPACITY)).sort();
    return sorted[Math.round(fraction * (sorted.length - 1))] ?? Number.NaN;
  }
}
