/**
 * One thing that can be asked over HTTP: where, of what shape, and to which method of the front door it goes. Routes, the
 * OpenAPI document, its page and the tests are all made from the list of these (`operations/`).
 *
 * An operation has no rules of its own: what stands in the path, the query and the body becomes one request, which the
 * service reads by its own schema, and refuses in its own words.
 */
import type { Effect, Schema } from "effect"
import type { FrontDoor, SchedulerError } from "../service/FrontDoor.ts"
import { type Entry, entryOf } from "../service/Catalogue.ts"

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE"
export type Group = "tasks" | "executions" | "queues" | "calendars" | "when" | "events" | "service"

/** What the groups are about. */
export const GROUPS: Readonly<Record<Group, string>> = {
  tasks: "What is to be done, and when.",
  executions: "What ran, runs, or waits for its turn.",
  queues: "How much runs at the same time, and how fast.",
  calendars: "Days on which tasks do not run.",
  when: "How words are understood, and what they come to.",
  events: "What happens, as it happens and as it was.",
  service: "Nodes, partitions, schemas, and the log."
}

type Fields = Readonly<Record<string, Schema.Constraint>>

export interface Operation {
  /** Its name in the OpenAPI document. */
  readonly id: string
  readonly group: Group
  readonly method: Method
  /** With parameters in braces, such as `/api/v1/tasks/{taskId}`. */
  readonly path: `/${string}`
  readonly summary: string
  readonly description?: string
  /** Fields of the whole request; those in the path are among them. */
  readonly fields: Fields
  readonly answer: Schema.Constraint
  /** Asks the service; `request` has been read by `fields`. */
  ask(door: FrontDoor, request: never): Effect.Effect<unknown, SchedulerError>
  /** A request for the documentation: fields of the path, the query and the body. */
  readonly example: Readonly<Record<string, unknown>>
  /** Commands of `nagatha` that do the same, by their words; none: why. */
  readonly cli: ReadonlyArray<string> | { readonly none: string }
  /** Whether it asks, or commands. */
  readonly kind: "query" | "command"
  /** 201 where an answer says that something was made; always 200 otherwise. */
  readonly creates?: (answer: never) => string | undefined
  /** The revision that an answer shows or has made, for `ETag`. */
  readonly revision?: (answer: never) => number | undefined
}

/** Parameters in the path, each with the field that it fills: the one of its name, else `id`. */
export const pathParameters = ({ fields, path }: Pick<Operation, "fields" | "path">): ReadonlyMap<string, string> =>
  new Map([...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => [name, Object.hasOwn(fields, name) ? name : "id"]))

const fieldsOf = (entry: Entry): Fields => (entry.schema as Schema.Struct<Record<string, Schema.Top>>).fields

const known = (name: string): Entry => {
  const entry = entryOf(name)
  if (entry === undefined) throw new Error(`the catalogue has no ${name}`)
  return entry
}

type Given = Omit<Operation, "id" | "method" | "path" | "fields" | "answer" | "kind" | "group" | "summary"> & {
  readonly summary?: string
  /** In place of the catalogue's. */
  readonly fields?: Fields
  readonly answer?: Schema.Constraint
}

const revisionIn = (answer: unknown): number | undefined => {
  const revision: unknown = typeof answer === "object" && answer !== null ? Reflect.get(answer, "revision") : undefined
  return typeof revision === "number" ? revision : undefined
}

/** Operations of a group: of commands and queries as the catalogue has them. */
export const operations = (group: Group) => {
  const of =
    (kind: "command" | "query") =>
    (entry: string, id: string, method: Method, path: `/${string}`, given: Given): Operation => {
      const asked = known(`${kind}.${entry}`)
      return {
        id,
        group,
        method,
        path: `/api/v1${path}`,
        kind,
        summary: asked.description,
        fields: fieldsOf(asked),
        answer: known(`${kind}.${entry}.answer`).schema,
        ...(kind === "command" ? { revision: revisionIn } : {}),
        ...given
      }
    }
  return { command: of("command"), query: of("query") }
}
