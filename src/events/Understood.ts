/**
 * Whether this version understands an event: its kind, its version, every field, every value. A field that a newer
 * version has added matters, for whoever does not know it would decide as if it were not there; unless the event itself
 * says by `mayIgnore` that it can be done without.
 */
import { Result, Schema } from "effect"

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Why an event is not understood. */
export interface Unknown {
  readonly type: string
  readonly version: string | number | null
  readonly taskId?: string
  readonly why: string
}

/** The members of a union of events. */
interface EventUnion<A> extends Schema.ConstraintDecoder<A> {
  readonly members: ReadonlyArray<{
    readonly fields: { readonly type: { readonly literal: string }; readonly version: { readonly literal: number } }
  }>
}

/** A value without the field at a path (`definition.colour`). */
const without = (value: unknown, path: ReadonlyArray<string>): unknown => {
  const [field, ...inner] = path
  if (!isRecord(value) || field === undefined || !(field in value)) return value
  const { [field]: taken, ...rest } = value
  return inner.length === 0 ? rest : { ...rest, [field]: without(taken, inner) }
}

/** An event without what it says may be ignored. */
const needed = (raw: Readonly<Record<string, unknown>>): unknown => {
  const { mayIgnore, ...rest } = raw
  if (mayIgnore === undefined) return raw
  if (!Array.isArray(mayIgnore)) return raw
  return mayIgnore
    .filter((path) => typeof path === "string")
    .reduce<unknown>((event, path) => without(event, path.split(".")), rest)
}

/** The first line of what a schema says, which names the place in the next one. */
const inShort = (message: string): string => message.replaceAll(/\s*\n\s*/g, " ").slice(0, 300)

/** How an event of a union is read. */
export const understood = <A>(union: EventUnion<A>) => {
  const decode = Schema.decodeUnknownResult(union, { onExcessProperty: "error" })
  const versions = new Map<string, Set<unknown>>()
  for (const { fields } of union.members) {
    const known = versions.get(fields.type.literal) ?? new Set()
    versions.set(fields.type.literal, known.add(fields.version.literal))
  }
  return (raw: unknown): Result.Result<A, Unknown> => {
    const event = isRecord(raw) ? raw : {}
    const decoded = decode(isRecord(raw) ? needed(raw) : raw)
    if (Result.isSuccess(decoded)) return Result.succeed(decoded.success)
    const type = typeof event["type"] === "string" ? event["type"] : "(none)"
    const said = event["version"]
    const version = typeof said === "number" || typeof said === "string" ? said : null
    const { taskId } = event
    const known = versions.get(type)
    const why =
      known === undefined
        ? "this kind of event is not known"
        : !known.has(version)
          ? `of this kind only version ${[...known].join(", ")} is known`
          : inShort(decoded.failure.message)
    return Result.fail({ type, version, ...(typeof taskId === "string" ? { taskId } : {}), why })
  }
}
