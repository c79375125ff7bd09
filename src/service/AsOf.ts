/** Questions about a moment of the past: answered from rows and calendars as they were then, in the words of the present. */
import { Effect, Schema } from "effect"
import { CalendarBook } from "../actors/CalendarBook.ts"
import { Refused } from "../actors/door/TaskRequest.ts"
import type { ExcludedDays } from "../actors/task/ExcludedDays.ts"
import * as PastRows from "../projections/PastRows.ts"
import type { Queries } from "../projections/Queries.ts"
import { AnyInstant, type Instant } from "../recurrence/Instant.ts"

/** `asOf`: the state as it was at an instant (RFC 3339, not in the future), or at a log sequence (`#1234`). */
export const AsOf = Schema.Union([
  AnyInstant,
  Schema.String.check(
    Schema.isPattern(/^#[1-9]\d{0,14}$/, {
      message: "must be an RFC 3339 instant such as 2026-03-08T14:30:00Z, or a log sequence such as #1234"
    })
  )
])
export const asOfField = { asOf: Schema.optionalKey(AsOf) }

/** Where questions are answered: from what is, or from what was. */
export interface Standpoint {
  readonly queries: Omit<Queries["Service"], "counts" | "logSequence" | "parked">
  readonly excluded: ExcludedDays
  /** Where the log begins, where that is after the moment; null where it is empty; undefined otherwise. */
  readonly begins: Instant | null | undefined
}

export interface Past {
  /** Answers a question from a moment. */
  ask<A, E>(asOf: string, question: (standpoint: Standpoint) => Effect.Effect<A, E>): Effect.Effect<A, E | Refused>
}

const momentOf = (asOf: string): PastRows.Moment =>
  asOf.startsWith("#")
    ? { _tag: "sequence", sequence: Number(asOf.slice(1)) }
    : { _tag: "instant", at: Date.parse(asOf) }

const refused = (error: PastRows.PastError): Refused => {
  switch (error._tag) {
    case "NotYet":
      return new Refused({
        code: "invalidRequest",
        message: error.message,
        hint: "ask for a moment that has passed, or without asOf for the state as it is"
      })
    case "Rebuilding":
      return new Refused({ code: "rebuilding", message: error.message })
    case "TooMany":
      return new Refused({ code: "busy", message: error.message, hint: "ask again in a moment" })
    case "NotRebuilt":
      return new Refused({
        code: error.reason === "tooLong" ? "tooLarge" : "internal",
        message: error.message,
        ...(error.reason === "tooLong" ? { hint: "nagatha events --since shows what happened then" } : {})
      })
  }
}

export const make = (options: PastRows.PastRowsOptions = {}) =>
  Effect.map(PastRows.make(options), (rows): Past => ({
    ask: (asOf, question) =>
      rows
        .ask(momentOf(asOf), ({ begins, calendars, queries }) => {
          const book = new CalendarBook()
          for (const { event, sequence } of calendars) book.fold(event, sequence)
          return Effect.result(question({ queries, excluded: book.excluded, begins }))
        })
        .pipe(Effect.mapError(refused), Effect.flatMap(Effect.fromResult))
  }))
