/** What commands print: data on standard output, words about it on standard error. */
import { Clock, Console, Effect } from "effect"
import { Presentation } from "./Presentation.ts"
import { type Column, table } from "./Table.ts"
import { type Paint, paint, safeJson } from "./Text.ts"

/** Data, with a line end. */
export const out = (text: string): Effect.Effect<void> => Console.log(text)

/** Words about the data. */
export const note = (text: string): Effect.Effect<void> => Console.error(text)

/** One JSON value over several lines. */
export const outJson = (value: unknown): Effect.Effect<void> => out(safeJson(value, 2))

/** One JSON value a line; nothing for no values. */
export const outLines = (values: ReadonlyArray<unknown>): Effect.Effect<void> =>
  values.length === 0 ? Effect.void : out(values.map((value) => safeJson(value)).join("\n"))

/** The colours of this run. */
export const colors: Effect.Effect<Paint> = Effect.map(Presentation, ({ color }) => paint(color))

export const now: Effect.Effect<number> = Clock.currentTimeMillis

/** Columns on standard output. */
export const outTable = Effect.fnUntraced(function* <Row>(
  columns: ReadonlyArray<Column<Row>>,
  rows: ReadonlyArray<Row>
) {
  const { columns: width } = yield* Presentation
  const { bold } = yield* colors
  yield* out(table(columns, rows, { width, heading: bold }))
})

/** Lines `label  text`, the labels aligned; entries without text are left out. */
export const labelled = (entries: ReadonlyArray<readonly [label: string, text: string | undefined]>, paint: Paint) => {
  const shown = entries.filter((entry): entry is readonly [string, string] => entry[1] !== undefined)
  const width = Math.max(0, ...shown.map(([label]) => label.length))
  return shown
    .map(([label, text]) => {
      const [first = "", ...rest] = text.split("\n")
      const margin = " ".repeat(width + 4)
      return [`  ${paint.dim(label.padEnd(width))}  ${first}`, ...rest.map((line) => margin + line)].join("\n")
    })
    .join("\n")
}
