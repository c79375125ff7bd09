/**
 * The chain of a log: sequences without a gap, and in each partition every commit names the one before it. By this a
 * history is known to be whole: what was taken out, put in, edited or begun anew breaks it, but for the newest commit of
 * a partition, which nothing follows; the digest of a range tells that one as well, to whoever has kept it.
 */
import { createHash } from "node:crypto"
import type { Damage } from "../events/Acceptance.ts"
import type { Commit } from "../events/Commit.ts"
import type { Finding } from "./Finding.ts"

/** A commit as its place in the chain is told. */
export interface Link {
  readonly sequence: number
  readonly hash: string
  readonly commit: Pick<Commit, "partition" | "previousSequence" | "previousHash">
}

interface End {
  readonly sequence: number
  readonly hash: string
}

const NOTHING: End = { sequence: 0, hash: "" }

export class Chain {
  readonly #ends = new Map<number, End>()
  readonly #unread = new Map<number, string>()
  readonly #after: number
  #last: number

  /** `after`: the log sequence after which it is read; what came before is taken to be as it is named. */
  constructor(after = 0) {
    this.#after = after
    this.#last = after
  }

  /** The newest commit of each partition. */
  get ends(): ReadonlyMap<number, End> {
    return this.#ends
  }

  /** A log sequence is there; gives the gap before it. */
  step(sequence: number): ReadonlyArray<Finding> {
    const expected = this.#last + 1
    this.#last = sequence
    if (sequence === expected) return []
    const message =
      sequence > expected
        ? `log sequences ${expected} to ${sequence - 1} are missing: commits were removed`
        : `log sequence ${sequence} comes after ${expected - 1}`
    return [{ kind: "gap", logSequence: sequence, partition: -1, message }]
  }

  /** A message that cannot be read: which partition it belongs to is told by the commit that names it. */
  pass(sequence: number, hash: string): void {
    this.#unread.set(sequence, hash)
  }

  /** The next commit; gives what is wrong with its place. */
  follow({ commit, hash, sequence }: Link): ReadonlyArray<Finding> {
    const { partition, previousHash, previousSequence } = commit
    const known = this.#ends.get(partition)
    const begins = known === undefined && previousSequence > 0 && previousSequence <= this.#after
    const unread = this.#unread.get(previousSequence)
    const passed = unread === undefined ? undefined : { sequence: previousSequence, hash: unread }
    const end = passed ?? known ?? (begins ? { sequence: previousSequence, hash: previousHash } : NOTHING)
    this.#ends.set(partition, { sequence, hash })
    if (previousSequence === end.sequence && previousHash === end.hash) return []
    const found = (damage: Damage, message: string): ReadonlyArray<Finding> => [
      { kind: "brokenChain", logSequence: sequence, partition, message, damage }
    ]
    if (previousSequence !== end.sequence) {
      return found(
        { kind: "gap", logSequence: sequence, hash },
        `the commit at log sequence ${sequence} follows ${named(previousSequence)}, but the newest of partition ${partition} before it is ${named(end.sequence)}: commits were removed, put in or restored from a copy`
      )
    }
    return found(
      { kind: "edited", logSequence: end.sequence, hash: end.hash },
      `the commit at log sequence ${end.sequence} of partition ${partition} is not the one that ${sequence} was decided on: it was edited or replaced`
    )
  }
}

const named = (sequence: number): string => (sequence === 0 ? "the beginning" : `log sequence ${sequence}`)

/** SHA-256 of a range of the log: of the sequence and the hash of each commit, a line each. */
export class Digest {
  readonly #hash = createHash("sha256")

  add(sequence: number, hash: string): void {
    this.#hash.update(`${sequence} ${hash}\n`)
  }

  /** Once, at the end. */
  hex(): string {
    return this.#hash.digest("hex")
  }
}
