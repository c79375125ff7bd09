/**
 * The query of a URL as the request that it stands for: texts become what the schema of each field wants, as far as they
 * can; what cannot is left as it came, for the service to refuse in its own words.
 */
import { Schema } from "effect"

type Json = Readonly<Record<string, unknown>>
export type Kind = "integer" | "number" | "boolean" | "array" | "string"

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)

/** What a value may be, by its JSON Schema. */
const kindsOf = (schema: unknown, definitions: Json): ReadonlySet<Kind> => {
  const kinds = new Set<Kind>()
  const visit = (at: unknown): void => {
    if (!isObject(at)) return
    const { $ref: ref, anyOf, oneOf, type } = at
    if (typeof ref === "string") visit(definitions[ref.slice(ref.lastIndexOf("/") + 1)])
    for (const either of [anyOf, oneOf]) if (Array.isArray(either)) either.forEach(visit)
    for (const one of Array.isArray(type) ? type : [type]) if (typeof one === "string") kinds.add(one as Kind)
  }
  visit(schema)
  return kinds
}

/** Of each field, what it may be. */
export const fieldKinds = (
  fields: Readonly<Record<string, Schema.Constraint>>
): ReadonlyMap<string, ReadonlySet<Kind>> => {
  const made = Schema.toJsonSchemaDocument(Schema.Struct(fields as Schema.Struct.Fields))
  const properties = isObject(made.schema["properties"]) ? made.schema["properties"] : {}
  return new Map(Object.entries(properties).map(([name, one]) => [name, kindsOf(one, made.definitions as Json)]))
}

const valueOf = (text: string, kinds: ReadonlySet<Kind>): unknown => {
  if (kinds.has("boolean") && (text === "true" || text === "false")) return text === "true"
  if ((kinds.has("integer") || kinds.has("number")) && /^-?\d{1,15}$/.test(text)) return Number(text)
  return text
}

const NOTHING: ReadonlySet<Kind> = new Set()

/** What a query says: a field that is named more than once is a list. */
export const readQuery = (
  query: URLSearchParams,
  kinds: ReadonlyMap<string, ReadonlySet<Kind>>
): Readonly<Record<string, unknown>> => {
  const read: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  for (const name of new Set(query.keys())) {
    const wanted = kinds.get(name) ?? NOTHING
    const [first, ...others] = query.getAll(name).map((text) => valueOf(text, wanted))
    const single = others.length === 0 && !(wanted.has("array") && !wanted.has("string"))
    read[name] = single ? first : [first, ...others]
  }
  return { ...read }
}

/** The query that stands for a request. */
export const writeQuery = (request: Readonly<Record<string, unknown>>): string => {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(request)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined) query.append(name, typeof one === "string" ? one : JSON.stringify(one))
    }
  }
  return query.toString()
}
