/** What keeps a writer from going on with the log of its partition: what was found where, and what to do. */
import { Schema } from "effect"
import { Damage, DamageKind } from "./Acceptance.ts"

export const Trouble = Schema.Struct({
  /** `newer`: a newer version has written it. `shared`: not this partition, but what all share (calendars, queues). */
  kind: Schema.Literals([...DamageKind.literals, "newer", "shared"]),
  logSequence: Schema.Int,
  found: Schema.String,
  remedy: Schema.String,
  /** What an operator may accept; absent where there is nothing to accept. */
  damage: Schema.optionalKey(Damage)
})
export type Trouble = typeof Trouble.Type
