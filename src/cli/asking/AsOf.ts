/** `--as-of`: the state as it was at a moment, of every command that reads it. */
import { Effect, Option } from "effect"
import type { Instant } from "../../recurrence/Instant.ts"
import { localTime } from "../showing/Times.ts"
import { text } from "./Flags.ts"
import { passed } from "./Moments.ts"

export const asOf = text(
  "as-of",
  "T",
  "As it was then: an instant, yesterday at 9, a duration ago such as 2h, or a log sequence such as #1234"
)

/** The field of a query, where the flag is given; words are read in the zone. */
export const asOfOf = Effect.fnUntraced(function* (flag: Option.Option<string>, zone: string) {
  if (Option.isNone(flag)) return {}
  const words = flag.value.trim()
  if (/^#[1-9]\d{0,14}$/.test(words)) return { asOf: words }
  return { asOf: new Date(yield* passed("as-of", words, zone)).toISOString() }
})

/** The time from which distances are told: that of the moment, where it is an instant. */
export const standingAt = ({ asOf }: { readonly asOf?: string }, now: number): number =>
  asOf === undefined || asOf.startsWith("#") ? now : Date.parse(asOf)

/** That there was nothing yet. */
export const beforeAll = (begins: Instant | null, zone: string): string =>
  begins === null
    ? "the log is empty: there has never been anything"
    : `there was nothing yet: the log begins at ${localTime(begins, zone)}`
