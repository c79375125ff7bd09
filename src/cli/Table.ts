/** Columns of plain text, aligned by display width. Pure; only a terminal's width cuts anything, and never an id. */
import { CliOutput } from "effect/cli"
import { visibleLine } from "./Text.ts"

export interface Column<Row> {
  readonly header: string
  readonly value: (row: Row) => string
  /** May be cut to fit the terminal. */
  readonly flexible?: boolean
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

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" })

/** The text cut to a display width, with `…` in place of what is missing. */
export const cut = (text: string, width: number): string => {
  if (CliOutput.displayWidth(text) <= width) return text
  let kept = ""
  let used = 0
  for (const { segment } of segmenter.segment(text)) {
    const wide = CliOutput.displayWidth(segment)
    if (used + wide > width - 1) break
    kept += segment
    used += wide
  }
  return `${kept}…`
}

const fitted = <Row>(
  columns: ReadonlyArray<Column<Row>>,
  natural: ReadonlyArray<number>,
  available: number | undefined
): ReadonlyArray<number> => {
  const widths = [...natural]
  if (available === undefined) return widths
  let excess = widths.reduce((sum, width) => sum + width, 0) + GAP.length * (widths.length - 1) - available
  while (excess > 0) {
    let widest = -1
    for (const [index, column] of columns.entries()) {
      const width = widths[index] ?? 0
      if (column.flexible === true && width > NARROWEST && width > (widths[widest] ?? 0)) widest = index
    }
    if (widest === -1) break
    widths[widest] = (widths[widest] ?? 0) - 1
    excess--
  }
  return widths
}

/** A header line and one line a row, without trailing spaces. */
export const table = <Row>(
  columns: ReadonlyArray<Column<Row>>,
  rows: ReadonlyArray<Row>,
  options: TableOptions
): string => {
  const cells = rows.map((row) => columns.map((column) => visibleLine(column.value(row))))
  const natural = columns.map((column, index) =>
    Math.max(CliOutput.displayWidth(column.header), ...cells.map((line) => CliOutput.displayWidth(line[index] ?? "")))
  )
  const widths = fitted(columns, natural, options.width)
  const line = (texts: ReadonlyArray<string>, color: (text: string, index: number) => string) =>
    columns
      .map((column, index) => {
        const text = cut(texts[index] ?? "", widths[index] ?? 0)
        const space = " ".repeat(Math.max(0, (widths[index] ?? 0) - CliOutput.displayWidth(text)))
        if (column.align === "right") return space + color(text, index)
        return color(text, index) + (index === columns.length - 1 ? "" : space)
      })
      .join(GAP)
      .trimEnd()
  const header = line(
    columns.map((column) => column.header),
    options.heading
  )
  return [
    header,
    ...rows.map((row, index) => line(cells[index] ?? [], (text, at) => columns[at]?.paint?.(text, row) ?? text))
  ].join("\n")
}
