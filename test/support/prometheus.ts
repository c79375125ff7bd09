/** Prometheus' text format, and what expressions over it ask for, as far as tests need them. */
import { METRICS } from "../../src/telemetry/Metrics.ts"

/** `name{labels}` to its value. */
export const samples = (text: string): ReadonlyMap<string, number> => {
  const found = new Map<string, number>()
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue
    const [, series = "", value = ""] = /^(\S+?(?:\{.*\})?) (\S+)$/.exec(line) ?? []
    if (series === "") throw new Error(`this is no sample: ${line}`)
    if (found.has(series)) throw new Error(`there twice: ${series}`)
    found.set(series, Number(value))
  }
  return found
}

/** The names of the families of an exposition. */
export const families = (text: string): ReadonlySet<string> =>
  new Set([...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name = ""]) => name))

/** Every name that an exposition of a node with all roles may hold. */
export const knownNames: ReadonlySet<string> = new Set(
  METRICS.flatMap(({ kind, name }) =>
    kind === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]
  )
)

/** The metrics that an expression names. */
export const namesIn = (expression: string): ReadonlyArray<string> => [
  ...new Set(expression.match(/\b(?:nagatha|process)_[a-z0-9_]+/g) ?? [])
]
