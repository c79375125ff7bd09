/**
 * Instants as they stand on the wire and in the log: RFC 3339, UTC, milliseconds (`2026-03-08T14:30:00.000Z`).
 *
 * Inside pure code an instant is its milliseconds since the epoch (`number`); the text is made at the edges only. Both
 * directions are exact for the years 0000 to 9999.
 */
import { Schema } from "effect"

/** RFC 3339 UTC text with exactly three digits of fraction. */
export const Instant = Schema.String.check(
  Schema.isPattern(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/u, {
    message: "must be an RFC 3339 instant in UTC with milliseconds, such as 2026-03-08T14:30:00.000Z"
  })
)
export type Instant = typeof Instant.Type

/** An instant as people and programs write it: RFC 3339 with any offset and precision. */
export const AnyInstant = Schema.String.check(
  Schema.makeFilter(
    (text) =>
      (/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text))) ||
      "must be an RFC 3339 instant with an offset, such as 2026-03-08T14:30:00Z",
    { toJsonSchema: () => ({ format: "date-time" }) }
  )
)

let newest = { millis: 0, text: "1970-01-01T00:00:00.000Z" }

/** Milliseconds since the epoch to wire text. The newest answer is remembered: decisions of one turn share an instant. */
export const fromMillis = (millis: number): Instant => {
  if (newest.millis !== millis) newest = { millis, text: new Date(millis).toISOString() }
  return newest.text
}

/** Wire text to milliseconds since the epoch. */
export const toMillis = (instant: Instant): number => Date.parse(instant)
