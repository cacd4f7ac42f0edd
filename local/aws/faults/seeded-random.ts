// Chance that can be repeated: numbers that follow from a seed and a name alone.
import { hash } from 'node:crypto';

/** A number from 0 up to, not including, 1 that depends on nothing but the seed and the name. */
export function chance(seed: number, name: string): number {
  return hash('sha1', `${seed}\n${name}`, 'buffer').readUIntBE(0, 6) / 2 ** 48;
}

/** A sequence of numbers from 0 to 1 with choices made of them. */
export interface Dice {
  /** From 0 up to, not including, 1. */
  roll(): number;
  /** A whole number from `minimum` to `maximum`, both included. */
  integer(minimum: number, maximum: number): number;
  /** Comes true with the given probability. */
  chance(probability: number): boolean;
  pick<const T>(choices: readonly [T, ...T[]]): T;
}

/** Dice that fall the same for the same seed. */
export function seededRandom(seed: number): Dice {
  let count = 0;
  const roll = (): number => chance(seed, `roll ${count++}`);
  const integer = (minimum: number, maximum: number): number =>
    minimum + Math.floor(roll() * (maximum - minimum + 1));
  return {
    roll,
    integer,
    chance: (probability) => roll() < probability,
    pick: (choices) => choices[integer(0, choices.length - 1)] ?? choices[0],
  };
}
