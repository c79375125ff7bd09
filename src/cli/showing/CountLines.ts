/** How many there are, for people: the whole number, and under it how many of each value. */
import type { Counts } from "../../projections/Queries.ts"
import { visibleLine } from "./Text.ts"

/** A heading for each group only where there are several. */
export const countLines = ({ by, total }: Counts, noun: string): string => {
  const groups = Object.entries(by)
  const shown = groups.flatMap(([group, values]) => {
    const entries = Object.entries(values).toSorted(([, a], [, b]) => b - a)
    const width = Math.max(0, ...entries.map(([, count]) => String(count).length))
    const lines = entries.map(([value, count]) => `  ${String(count).padStart(width)}  ${visibleLine(value)}`)
    return groups.length > 1 ? [`by ${group}`, ...lines] : lines
  })
  return [`${total} ${total === 1 ? noun : `${noun}s`}`, ...shown].join("\n")
}
