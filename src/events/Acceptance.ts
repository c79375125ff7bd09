/**
 * An operator's word that the log of a partition is to be gone on with as it stands, although something is wrong with it:
 * who, why, and exactly what was found. It stands in that log itself, so that everybody who reads the damage also reads
 * that it was known; anything else that is wrong, and whatever goes wrong later, is not covered by it.
 *
 * There is no acceptance of what a newer version wrote: nothing of that is wrong, and leaving it out would lose it.
 */
import { Schema } from "effect"

/** What can be wrong with the log of a partition. */
export const DamageKind = Schema.Literals([
  /** A commit is not the one that the next was decided on. */
  "edited",
  /** A commit follows another one than the one that stands before it. */
  "gap",
  /** A commit cannot be read at all. */
  "unreadable",
  /** The log ends before a commit that was there. */
  "shortened",
  /** Where a known commit stood there is another one, or none. */
  "replaced"
])
export type DamageKind = typeof DamageKind.Type

/** One thing that is wrong, so that it is known again. */
export const Damage = Schema.Struct({
  kind: DamageKind,
  /** Where it was found; of a log that was shortened: how far it had reached. */
  logSequence: Schema.Int,
  /** Hash of the commit that stands there; of what is not there any more: of the one that did, empty where that is not known. */
  hash: Schema.String
})
export type Damage = typeof Damage.Type

export const Acceptance = Schema.Struct({
  actor: Schema.String,
  reason: Schema.String,
  damage: Schema.Array(Damage)
})
export type Acceptance = typeof Acceptance.Type
