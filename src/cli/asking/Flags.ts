/** Flags that several commands share, and how their values are read; a wrong value is told with what would be right. */
import { Effect, Option } from "effect"
import { Flag } from "effect/cli"
import { resolve } from "node:path"
import { isZone, suggestZone } from "../../recurrence/zone/Zone.ts"
import { parseDuration } from "../../recurrence/Duration.ts"
import type { Rate } from "../../events/Rate.ts"
import { suggestion } from "../../work/Suggestion.ts"
import { usage } from "../Failure.ts"
import { Presentation } from "../showing/Presentation.ts"
import { parseRate, RATES } from "./Rates.ts"

/** A flag that is there or not. */
export const present = (name: string, description: string): Flag.Flag<boolean> =>
  Flag.Boolean(name).pipe(Flag.withoutNegation, Flag.withDescription(description), Flag.withDefault(false))

/** A flag with text. */
export const text = (name: string, metavar: string, description: string): Flag.Flag<Option.Option<string>> =>
  Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(description), Flag.optional)

/** A flag that may be given several times. */
export const texts = (name: string, metavar: string, description: string): Flag.Flag<ReadonlyArray<string>> =>
  Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(description), Flag.atLeast(0))

/** A flag with one of some words. */
export const choice = <const Words extends ReadonlyArray<string>>(name: string, words: Words, description: string) =>
  Flag.Literals(name, words).pipe(Flag.withDescription(description), Flag.optional)

/** A flag with some of these words: given several times, or joined by commas. */
export const choices = <const Words extends ReadonlyArray<string>>(name: string, words: Words, description: string) => {
  const isWord = (word: string): word is Words[number] => words.includes(word)
  return Flag.String(name).pipe(
    Flag.withMetavar(words.join("|")),
    Flag.withDescription(`${description}; may be repeated`),
    Flag.filterMap(
      (value) => {
        const asked = value.split(",")
        return asked.every(isWord) ? Option.some(asked) : Option.none()
      },
      (value) => {
        const wrong = value.split(",").find((word) => !isWord(word)) ?? value
        const guess = suggestion(wrong, words)
        return `Expected: ${words.join(", ")}${guess === undefined ? "" : `; did you mean "${guess}"?`}`
      }
    ),
    Flag.atLeast(0),
    Flag.map((all) => all.flat())
  )
}

/** `--name` for yes, `--no-name` for no, neither for both. */
export const maybe = (name: string, description: string): Flag.Flag<Option.Option<boolean>> =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.optional)

/** A whole number within bounds. */
export const count = (name: string, minimum: number, maximum: number, description: string): Flag.Flag<number> =>
  Flag.String(name).pipe(
    Flag.withMetavar("N"),
    Flag.withDescription(description),
    Flag.filterMap(
      (value) => {
        const number = /^[+-]?\d{1,15}$/.test(value) ? Number(value) : NaN
        return number >= minimum && number <= maximum ? Option.some(number) : Option.none()
      },
      () => `Expected: a whole number from ${minimum} to ${maximum}`
    )
  )

/** What a duration looks like, for the help of commands that take one. */
export const DURATIONS = "500ms, 30s, 5m, 1h30m or 1d"

/** A duration in milliseconds. */
export const duration = (name: string, description: string): Flag.Flag<Option.Option<number>> =>
  Flag.String(name).pipe(
    Flag.withMetavar("DURATION"),
    Flag.withDescription(description),
    Flag.filterMap(
      (value) => Option.fromNullishOr(parseDuration(value) === 0 ? undefined : parseDuration(value)),
      () => `Expected: a duration of whole numbers with units, larger units first, such as ${DURATIONS}`
    ),
    Flag.optional
  )

/** A number within bounds. */
export const number = (name: string, minimum: number, maximum: number, description: string) =>
  Flag.String(name).pipe(
    Flag.withMetavar("NUMBER"),
    Flag.withDescription(description),
    Flag.filterMap(
      (value) => {
        const read = /^\d{1,9}(\.\d{1,9})?$/.test(value) ? Number(value) : NaN
        return read >= minimum && read <= maximum ? Option.some(read) : Option.none()
      },
      () => `Expected: a number from ${minimum} to ${maximum}`
    ),
    Flag.optional
  )

/** So many within a time. */
export const rate = (name: string, description: string): Flag.Flag<Option.Option<Rate>> =>
  Flag.String(name).pipe(
    Flag.withMetavar("RATE"),
    Flag.withDescription(description),
    Flag.filterMap(
      (value) => Option.fromUndefinedOr(parseRate(value)),
      () => `Expected: ${RATES}`
    ),
    Flag.optional
  )

/** What takes away what a task has. */
export const NONE = "none"

/** A value that may also be taken away: null for `none`. */
export const orNone = <A>(
  name: string,
  metavar: string,
  description: string,
  read: (text: string) => A | undefined,
  expected: string
): Flag.Flag<Option.Option<A | null>> =>
  Flag.String(name).pipe(
    Flag.withMetavar(metavar),
    Flag.withDescription(`${description}; ${NONE}: no longer`),
    Flag.filterMap(
      (value): Option.Option<A | null> => (value === NONE ? Option.some(null) : Option.fromUndefinedOr(read(value))),
      () => `Expected: ${expected}, or ${NONE}`
    ),
    Flag.optional
  )

/** A whole number from 1, for `orNone`. */
export const wholeNumber = (text: string): number | undefined =>
  /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined

/** The data directory that a command is about. */
export const dataDirectory = (description: string): Flag.Flag<Option.Option<string>> =>
  text("data", "DIR", `${description} (default: NAGATHA_DATA_DIR, else ~/.local/share/nagatha)`)

/** How many executions a worker runs at the same time; the default is that of the settings. */
export const concurrency = count("concurrency", 1, 10_000, "Executions at the same time (default: 64)").pipe(
  Flag.optional
)

/** Words between commas. */
export const listed = (value: string): ReadonlyArray<string> =>
  value
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "")

/** Queues that a worker serves. */
export const queues = (description: string): Flag.Flag<Option.Option<ReadonlyArray<string>>> =>
  text("queues", "A,B", description).pipe(Flag.map(Option.map(listed)))

/** Plugin files. */
export const plugin = texts("plugin", "FILE", "File of a plugin to load; may be repeated").pipe(
  Flag.map((files) => files.map((file) => resolve(file)))
)

export const json = present("json", "Print JSON on standard output, and nothing else")

/** The forms in which a read can be printed. */
export const Format = ["table", "json", "ndjson"] as const
export type Format = (typeof Format)[number]

/** `--json` and `--format` of a command that reads. */
export const reading = {
  json,
  format: choice(
    "format",
    Format,
    "Form of what is printed: for people, one JSON value, or one JSON value a line (default: table)"
  )
}

/** The form asked for; `--json` is short for `--format json`. */
export const formatOf = (flags: { readonly json: boolean; readonly format: Option.Option<Format> }) => {
  const format = Option.getOrUndefined(flags.format)
  return flags.json && format === "table"
    ? Effect.fail(usage("--json and --format table contradict each other; leave one out"))
    : Effect.succeed(format ?? (flags.json ? "json" : "table"))
}

export const timezone = text(
  "timezone",
  "ZONE",
  "IANA time zone, such as Europe/Berlin (default: NAGATHA_TIMEZONE, else the system's zone)"
)

/** `europe/berlin` in its own letters; the name itself where it is an alias of another. */
const spelt = (zone: string): string => {
  if (zone === "UTC") return zone
  const { timeZone } = new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions()
  return timeZone.toLowerCase() === zone.toLowerCase() ? timeZone : zone
}

/** The zone of `--timezone`, else of `NAGATHA_TIMEZONE`, else the system's: its IANA name, checked. */
export const zoneOf = Effect.fnUntraced(function* (flag: Option.Option<string>) {
  const { zone, zoneSource } = yield* Presentation
  const asked = Option.getOrElse(flag, () => zone)
  if (isZone(asked)) return spelt(asked)
  const guess = suggestZone(asked)
  return yield* usage(
    `${Option.isSome(flag) ? "--timezone" : zoneSource}: ${JSON.stringify(asked)} is not an IANA time zone`,
    guess === undefined ? "give a name such as Europe/Berlin, America/New_York or UTC" : `did you mean "${guess}"?`
  )
})

/** Without the fields whose flag was not given. */
export const defined = <Fields extends Readonly<Record<string, Option.Option<unknown>>>>(fields: Fields) =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([key, value]) => (Option.isSome(value) ? [[key, value.value]] : []))
  ) as { readonly [Key in keyof Fields]?: Fields[Key] extends Option.Option<infer A> ? A : never }
