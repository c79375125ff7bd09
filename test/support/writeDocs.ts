/** Writes the pages that are made from the code: `npm run docs`. */
import { writeFileSync } from "node:fs"
import { format, resolveConfig } from "prettier"
import { page } from "../../src/service/CataloguePage.ts"

const FILE = new URL("../../docs/events.md", import.meta.url).pathname

/** The page about events as it is to be. */
export const eventsPage = async (): Promise<string> =>
  format(page(), { ...(await resolveConfig(FILE)), parser: "markdown" })

if (process.argv[1] === import.meta.filename) writeFileSync(FILE, await eventsPage())
