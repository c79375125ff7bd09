/** The page about events, commands and queries, made from the catalogue. Pure. */
import { CATALOGUE, type Entry, jsonSchemaOf } from "./Catalogue.ts"

type Json = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)

const literal = (value: unknown): string => `\`${typeof value === "string" ? value : JSON.stringify(value)}\``

/** What a value looks like, in a few words. */
const shape = (schema: unknown): string => {
  if (!isObject(schema)) return "any JSON"
  if (Array.isArray(schema["enum"])) return schema["enum"].map(literal).join(" ")
  if ("const" in schema) return literal(schema["const"])
  const either = schema["anyOf"] ?? schema["oneOf"]
  if (Array.isArray(either)) return [...new Set(either.map(shape))].join(" or ")
  if (Array.isArray(schema["allOf"]) && schema["type"] === undefined) return shape(schema["allOf"][0])
  const { type } = schema
  if (type === "array") return `list of ${shape(schema["items"])}`
  if (type === "object") {
    const { properties } = schema
    return isObject(properties) ? `{ ${Object.keys(properties).join(", ")} }` : "object"
  }
  if (type === undefined) return "any JSON"
  return typeof type === "string" ? type : JSON.stringify(type)
}

const rows = (schema: Json): ReadonlyArray<string> => {
  const { properties, required } = schema
  if (!isObject(properties)) return []
  const needed = new Set(Array.isArray(required) ? required : [])
  return Object.entries(properties).map(
    ([field, of]) =>
      `| \`${field}\` | ${needed.has(field) ? "always" : "may be absent"} | ${shape(of).replaceAll("|", "\\|")} |`
  )
}

const table = (head: readonly [string, string, string], lines: ReadonlyArray<string>): string =>
  [`| ${head.join(" | ")} |`, "| --- | --- | --- |", ...lines].join("\n")

/** Fields that every event has: told once. */
const common = (events: ReadonlyArray<Entry>): ReadonlySet<string> => {
  const all = events.map((entry) => new Set(Object.keys((jsonSchemaOf(entry)["properties"] ?? {}) as Json)))
  const [first = new Set<string>(), ...others] = all
  return new Set([...first].filter((field) => others.every((fields) => fields.has(field))))
}

const only = (lines: ReadonlyArray<string>, keep: (field: string) => boolean): ReadonlyArray<string> =>
  lines.filter((line) => keep(/^\| `([^`]+)`/.exec(line)?.[1] ?? ""))

const eventPart = (events: ReadonlyArray<Entry>): ReadonlyArray<string> => {
  const shared = common(events)
  const [first] = events
  const head =
    first === undefined ? [] : only(rows(jsonSchemaOf(first)), (field) => shared.has(field) && field !== "type")
  return [
    "Every event has these fields, and in `type` its own subject:",
    table(["field", "", "value"], head),
    ...events.flatMap((entry) => {
      const own = only(rows(jsonSchemaOf(entry)), (field) => !shared.has(field))
      return [
        `### \`${entry.subject ?? ""}\``,
        entry.description,
        ...(own.length === 0 ? [] : [table(["field", "", "value"], own)])
      ]
    })
  ]
}

const requestPart = (kind: "command" | "query"): ReadonlyArray<string> =>
  CATALOGUE.filter((entry) => entry.kind === kind && !entry.name.endsWith(".answer")).flatMap((entry) => {
    const answer = CATALOGUE.find(({ name }) => name === `${entry.name}.answer`)
    const fields = rows(jsonSchemaOf(entry))
    return [
      `### \`${entry.subject ?? ""}\``,
      entry.description,
      ...(fields.length === 0 ? ["Asked with `{}`."] : [table(["field", "", "value"], fields)]),
      `Answer: ${answer === undefined ? "" : shape(jsonSchemaOf(answer))}`
    ]
  })

/** Markdown, before it is formatted. */
export const page = (): string => {
  const events = CATALOGUE.filter(({ kind }) => kind === "event")
  const models = CATALOGUE.filter(({ kind }) => kind === "model")
  return `${[
    "# Events, commands and queries",
    "Made from the schemas by which the service writes and reads (`npm run docs`); a test holds this page against them. `nagatha schema NAME` prints the JSON Schema (2020-12) of each, without a server; `nagatha schema` lists the names.",
    "Bodies of events and answers may get further fields: pass over what you do not know. Requests are taken as they are described, and an unknown field is refused by name. Instants are RFC 3339 in UTC with milliseconds; durations are milliseconds.",
    "## Events",
    'Published on `scheduler.task.<event>`, at least once, with the same `id` when said again. Headers: `Nagatha-Log-Sequence`, `Nats-Stream`, `Nats-Sequence`, and the attributes of a CloudEvent 1.0 as `ce-id` `ce-type` `ce-source` `ce-time` `ce-specversion` `ce-datacontenttype` (the binary mode of the NATS binding: characters outside printable ASCII, blanks, `\\"` and `%` are percent-encoded).',
    ...eventPart(events),
    "## Commands",
    "A request on the subject, JSON in and JSON out. What is refused comes with the header `Nats-Service-Error-Code` and the body `error`.",
    ...requestPart("command"),
    "## Queries",
    ...requestPart("query"),
    "## Beside them",
    ...models.flatMap((entry) => [
      `### \`${entry.subject ?? entry.name}\``,
      `${entry.description} Schema: \`${entry.name}\`.`,
      table(["field", "", "value"], rows(jsonSchemaOf(entry)))
    ])
  ].join("\n\n")}\n`
}
