/**
 * Which mutant is alive, for sources that hold all of theirs (`Instrument.ts`), and what a test has come by.
 *
 * What sources count here is the same on every machine: an endless loop is found by its turns, and not by the clock.
 */

/** What is thrown at a loop that turns far more often than it ever did without the mutant. */
export class Endless extends Error {
  override readonly message = "turns for ever"
}

let alive = -1
let turns = 0
let most = Infinity
let seen: Set<number> | null = null
const memories: Array<Map<unknown, unknown> | Set<unknown>> = []

/** Asked by the sources, at every place of a mutant. */
export const isAlive = (mutant: number): boolean => {
  if (seen !== null) seen.add(mutant)
  if (++turns > most) throw new Endless()
  return alive === mutant
}

/** Told by the sources, at every turn of a loop. */
export const turn = (): void => {
  if (++turns > most) throw new Endless()
}

/** Told by the sources: what a module remembers for later calls. */
export const remembered = <Memory extends Map<unknown, unknown> | Set<unknown>>(memory: Memory): Memory => {
  memories.push(memory)
  return memory
}

/** Makes one mutant alive (none: -1), with so many turns; what was remembered under another is forgotten. */
export const revive = (mutant: number, turnsAtMost: number): void => {
  alive = mutant
  turns = 0
  most = turnsAtMost
  for (const memory of memories) memory.clear()
}

/** Turns since the last `revive`. */
export const turned = (): number => turns

/** Notes from now on which mutants are come by; gives those noted so far. */
export const note = (): ReadonlySet<number> => {
  const noted = seen ?? new Set<number>()
  seen = new Set()
  return noted
}

/** Notes no more. */
export const noteNothing = (): void => {
  seen = null
}
