/**
 * The history of one partition, held against what it must be while it is read: each commit follows the one before it, all
 * of it is understood, it still holds what was once its newest commit, and it reaches as far as has been announced. What
 * an operator has accepted is no trouble any more. Pure.
 */
import type { Damage } from "./Acceptance.ts"
import type { Commit, Found } from "./Commit.ts"
import type { Seen } from "./LogWitness.ts"
import type { Trouble } from "./Trouble.ts"

/** Kept one by one; more than this is wrong all over. */
const MOST_TROUBLES = 100

export const UPGRADE = "upgrade this node to the version that wrote it; nothing is lost meanwhile"

/** What to do about damage. */
export const remedyOf = (partition: number): string =>
  `stop the nodes and restore the streams from a copy (nagatha audit verify tells all that is broken); or, where this is how it shall be: nagatha admin accept-log ${partition} --reason "…"`

interface End {
  readonly sequence: number
  readonly hash: string
}

const named = (sequence: number): string => (sequence === 0 ? "the beginning" : `log sequence ${sequence}`)
const isSame = (one: Damage, other: Damage): boolean =>
  one.kind === other.kind && one.logSequence === other.logSequence && one.hash === other.hash

export class History {
  readonly #partition: number
  readonly #seen: Seen | undefined
  readonly #announced: number
  #end: End = { sequence: 0, hash: "" }
  #troubles: Array<Trouble> = []
  /** The commit that was seen stands where it stood. */
  #recognised = false
  /** What was accepted, and when the newest acceptance was given. */
  #accepted: ReadonlyArray<Damage> = []
  #acceptedAt = ""

  /** `seen`: what was once the newest commit; `announced`: the newest log sequence of which anything was announced. */
  constructor(partition: number, seen?: Seen, announced = 0) {
    this.#partition = partition
    this.#seen = seen
    this.#announced = announced
  }

  /** The newest commit that was taken. */
  get end(): End {
    return this.#end
  }

  /** Nothing is wrong up to here. */
  get sound(): boolean {
    return this.#troubles.length === 0
  }

  /** The next message of the partition; gives what is understood of it. */
  take({ hash, reading, sequence }: Found): Commit | undefined {
    const commit = reading._tag === "whole" ? reading.commit : reading._tag === "newer" ? reading.known : undefined
    if (commit !== undefined) this.#follow(commit, sequence, hash)
    if (reading._tag === "newer") {
      this.#add({ kind: "newer", logSequence: sequence, found: reading.error.message, remedy: UPGRADE })
    }
    if (reading._tag === "damaged") {
      this.#damaged({ kind: "unreadable", logSequence: sequence, hash }, reading.error.message)
    }
    this.#end = { sequence, hash }
    if (sequence === this.#seen?.sequence && hash === this.#seen.hash) this.#recognised = true
    if (commit?.accepted !== undefined) this.#accept(commit.accepted.damage, commit.time)
    return commit
  }

  /** What is wrong, once all of it was taken. */
  troubles(): ReadonlyArray<Trouble> {
    return [...this.#troubles, ...this.#missing()]
  }

  #follow({ previousHash, previousSequence }: Commit, sequence: number, hash: string): void {
    const before = this.#end
    if (previousSequence !== before.sequence) {
      this.#damaged(
        { kind: "gap", logSequence: sequence, hash },
        `the commit at log sequence ${sequence} follows ${named(previousSequence)}, but before it stands ${named(before.sequence)}: commits were removed, put in, or restored from a copy`
      )
    } else if (previousHash !== before.hash) {
      // What was changed by hand was not written by a newer version.
      this.#troubles = this.#troubles.filter(
        ({ kind, logSequence }) => kind !== "newer" || logSequence !== before.sequence
      )
      this.#damaged(
        { kind: "edited", logSequence: before.sequence, hash: before.hash },
        `the commit at log sequence ${before.sequence} is not the one that log sequence ${sequence} was decided on: it was edited or replaced`
      )
    }
  }

  #accept(damage: ReadonlyArray<Damage>, time: string): void {
    this.#accepted = [...this.#accepted, ...damage]
    this.#acceptedAt = time
    this.#troubles = this.#troubles.filter(
      (trouble) => trouble.damage === undefined || !damage.some((one) => isSame(one, trouble.damage as Damage))
    )
  }

  /** What was there once, and is not any more. An acceptance covers what was seen before it was given. */
  #missing(): ReadonlyArray<Trouble> {
    const { sequence: end } = this.#end
    const seen = this.#seen
    if (seen !== undefined && !this.#recognised && this.#acceptedAt < seen.at) {
      const { at, hash, sequence } = seen
      return [
        end < sequence
          ? this.#trouble(
              { kind: "shortened", logSequence: sequence, hash },
              `it ends at ${named(end)}, and reached log sequence ${sequence} at ${at}: it was shortened, or replaced by another`
            )
          : this.#trouble(
              { kind: "replaced", logSequence: sequence, hash },
              `log sequence ${sequence} is not the commit that was there at ${at}: the log was edited, or replaced by another`
            )
      ]
    }
    const covered = this.#accepted.some(
      ({ kind, logSequence }) => kind === "shortened" && logSequence >= this.#announced
    )
    if (end >= this.#announced || covered) return []
    return [
      this.#trouble(
        { kind: "shortened", logSequence: this.#announced, hash: "" },
        `it ends at ${named(end)}, but events up to log sequence ${this.#announced} have been announced: it was shortened, or replaced by another`
      )
    ]
  }

  #trouble(damage: Damage, found: string): Trouble {
    const { kind, logSequence } = damage
    return { kind, logSequence, found, remedy: remedyOf(this.#partition), damage }
  }

  #damaged(damage: Damage, found: string): void {
    this.#add(this.#trouble(damage, found))
  }

  #add(trouble: Trouble): void {
    if (this.#troubles.length < MOST_TROUBLES) this.#troubles.push(trouble)
  }
}
