/** Numbers that look random and are the same for the same seed (mulberry32): from 0 up to 1. */
export const randomOf = (seed: number) => (): number => {
  seed = (seed + 0x6d2b79f5) | 0
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
}

/** One of these. */
export const pick = <A>(random: () => number, from: ReadonlyArray<A>): A => {
  const chosen = from[Math.floor(random() * from.length)]
  if (chosen === undefined) throw new Error("nothing to choose from")
  return chosen
}
