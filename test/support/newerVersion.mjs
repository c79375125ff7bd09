/** Loaded before the program: a version to come, in which a task is paused in a colour. */
import { readFileSync } from "node:fs"
import { registerHooks } from "node:module"
import { fileURLToPath } from "node:url"

const RIGHT = 'event("paused", { until: Schema.NullOr(Instant) }'
const NEWER = 'event("paused", { until: Schema.NullOr(Instant), colour: Schema.optionalKey(Schema.String) }'

registerHooks({
  load: (url, context, next) => {
    const loaded = next(url, context)
    if (!/\/events\/TaskEvent\.[jt]s$/.test(url)) return loaded
    const parts = readFileSync(fileURLToPath(url), "utf8").split(RIGHT)
    if (parts.length !== 2) throw new Error(`${url} does not read ${RIGHT} once`)
    return { ...loaded, source: parts.join(NEWER) }
  }
})
