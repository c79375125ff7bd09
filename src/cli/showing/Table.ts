/**
 * Columns of plain text, aligned by display width. Pure.
 *
 * Only a terminal's width takes anything away, and never of an id: first columns take their short form, then those that
 * can be done without are left out (the last first), then flexible ones are cut.
 */
import { CliOutput } from "effect/cli"
import { visibleLine } from "./Text.ts"

export interface Column<Row> {
  readonly header: string
  readonly value: (row: Row) => string
  /** May be cut to fit the terminal. */
  readonly flexible?: boolean
  /** In place of `header` and `value` where the terminal is too narrow for all columns. */
  readonly short?: { readonly header: string; readonly value: (row: Row) => string }
  /** Left out where the terminal is too narrow even so. */
  readonly optional?: boolean
  readonly align?: "right"
  /** Colour of a cell; must not change its width. */
  readonly paint?: (text: string, row: Row) => string
}

export interface TableOptions {
  /** Columns of the terminal; undefined: cut nothing. */
  readonly width: number | undefined
  /** Colour of the headers. */
  readonly heading: (text: string) => string
}

const GAP = "  "
/** A flexible column is never cut below this width. */
const NARROWEST = 8

let segmenter: Intl.Segmenter | undefined

/** The text cut to a display width, with `…` in place of what is missing. */
export const cut = (text: string, width: number): string => {
  if (CliOutput.displayWidth(text) <= width) return text
  let kept = ""
  let used = 0
  segmenter ??= new Intl.Segmenter(undefined, { granularity: "grapheme" })
  for (const { segment } of segmenter.segment(text)) {
    const wide = CliOutput.displayWidth(segment)
    if (used + wide > width - 1) break
    kept += segment
    used += wide
  }
  return `${kept}…`
}

interface Sized<Row> {
  readonly column: Column<Row>
  readonly header: string
  readonly cells: ReadonlyArray<string>
  readonly width: number
}

const sized = <Row>(column: Column<Row>, rows: ReadonlyArray<Row>, form: Pick<Column<Row>, "header" | "value">) => {
  const cells = rows.map((row) => visibleLine(form.value(row)))
  const width = Math.max(CliOutput.displayWidth(form.header), ...cells.map((cell) => CliOutput.displayWidth(cell)))
  return { column, header: form.header, cells, width }
}

const total = (widths: ReadonlyArray<number>): number =>
  widths.reduce((sum, width) => sum + width, 0) + GAP.length * (widths.length - 1)

const narrowest = <Row>({ column, width }: Sized<Row>): number =>
  column.flexible === true ? Math.min(width, NARROWEST) : width

/** The columns that are shown, and in which form. */
const chosen = <Row>(columns: ReadonlyArray<Column<Row>>, rows: ReadonlyArray<Row>, available: number) => {
  const full = columns.map((column) => sized(column, rows, column))
  if (total(full.map(({ width }) => width)) <= available) return full
  const short = columns.map((column) => sized(column, rows, column.short ?? column))
  while (total(short.map((one) => narrowest(one))) > available) {
    const last = short.findLastIndex(({ column }) => column.optional === true)
    if (last === -1) break
    short.splice(last, 1)
  }
  return short
}

/** Their widths: the widest flexible column gives way first. */
const fitted = <Row>(columns: ReadonlyArray<Sized<Row>>, available: number): ReadonlyArray<number> => {
  const widths = columns.map(({ width }) => width)
  for (let excess = total(widths) - available; excess > 0; excess--) {
    let widest = -1
    for (const [index, { column }] of columns.entries()) {
      const width = widths[index] ?? 0
      if (column.flexible === true && width > NARROWEST && width > (widths[widest] ?? 0)) widest = index
    }
    if (widest === -1) break
    widths[widest] = (widths[widest] ?? 0) - 1
  }
  return widths
}

/** A header line and one line a row, without trailing spaces. */
export const table = <Row>(
  columns: ReadonlyArray<Column<Row>>,
  rows: ReadonlyArray<Row>,
  { heading, width: available = Infinity }: TableOptions
): string => {
  const shown = chosen(columns, rows, available)
  const widths = fitted(shown, available)
  const line = (textOf: (one: Sized<Row>) => string, color: (text: string, column: Column<Row>) => string) =>
    shown
      .map((one, index) => {
        const width = widths[index] ?? 0
        const text = cut(textOf(one), width)
        const space = " ".repeat(Math.max(0, width - CliOutput.displayWidth(text)))
        const colored = color(text, one.column)
        return one.column.align === "right" ? space + colored : colored + (index === shown.length - 1 ? "" : space)
      })
      .join(GAP)
      .trimEnd()
  return [
    line(({ header }) => header, heading),
    ...rows.map((row, index) =>
      line(
        ({ cells }) => cells[index] ?? "",
        (text, column) => column.paint?.(text, row) ?? text
      )
    )
  ].join("\n")
}
