/** Writes the pages, and parts of pages, that are made from the code: `npm run docs`. */
import { readFileSync, writeFileSync } from "node:fs"
import { format, resolveConfig } from "prettier"
import { page } from "../../src/service/CataloguePage.ts"
import { BEGIN, END, metricsTable } from "./metricsTable.ts"

const EVENTS = new URL("../../docs/events.md", import.meta.url).pathname
const METRICS = new URL("../../docs/metrics.md", import.meta.url).pathname

const formatted = async (file: string, text: string): Promise<string> =>
  format(text, { ...(await resolveConfig(file)), parser: "markdown" })

/** The page about events as it is to be. */
export const eventsPage = (): Promise<string> => formatted(EVENTS, page())

/** The page about metrics with its table as it is to be. */
export const metricsPage = (): Promise<string> => {
  const [before, rest = ""] = readFileSync(METRICS, "utf8").split(BEGIN)
  const after = rest.split(END)[1]
  if (before === undefined || after === undefined) throw new Error(`${METRICS} has no place for the table`)
  return formatted(METRICS, `${before}${BEGIN}\n\n${metricsTable()}\n\n${END}${after}`)
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(EVENTS, await eventsPage())
  writeFileSync(METRICS, await metricsPage())
}
