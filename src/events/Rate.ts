/** So many within a stretch of time, at most: `{ "count": 10, "perMs": 60000 }` is ten a minute. */
import { Schema } from "effect"

/** Longest stretch of a rate: a day, milliseconds. */
export const MAX_PER_MS = 86_400_000

export const Rate = Schema.Struct({
  count: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000_000 })),
  perMs: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: MAX_PER_MS }))
})
export type Rate = typeof Rate.Type
