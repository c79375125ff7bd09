/** One revision of a task: what it changed, by whom, by which command, and why. Pure. */
import { Schema } from "effect"
import type { TaskDefinition } from "../events/TaskDefinition.ts"
import type { TaskEvent } from "../events/TaskEvent.ts"
import { Instant } from "../recurrence/Instant.ts"
import { definitionIn, shownFields, type TaskRow } from "./TaskRow.ts"

/** A field, and what it was and is; values of more than 2,000 characters are shortened. Null: it had none, or has none. */
export const FieldChange = Schema.Struct({
  /** As in ScheduledTask; an argument of its type is `taskArgs.NAME`. */
  field: Schema.String,
  from: Schema.Json,
  to: Schema.Json
})
export type FieldChange = typeof FieldChange.Type

export const TaskChange = Schema.Struct({
  revision: Schema.Int,
  at: Instant,
  /** `scheduled` `updated` `rescheduled` `paused` `resumed` `cancelled` `restored`. */
  event: Schema.String,
  actor: Schema.String,
  commandId: Schema.String,
  reason: Schema.NullOr(Schema.String),
  /** The revision whose definition it brought back. */
  revertsTo: Schema.NullOr(Schema.Int),
  logSequence: Schema.Int,
  /** Of the first revision nothing, unless one field is asked for: then the value with which it began. */
  changes: Schema.Array(FieldChange)
})
export type TaskChange = typeof TaskChange.Type

/** Who gave a field the value that it has. */
export const LastSet = Schema.Struct({
  field: Schema.String,
  revision: Schema.Int,
  at: Instant,
  actor: Schema.String
})
export type LastSet = typeof LastSet.Type

const REVISING: ReadonlySet<TaskEvent["type"]> = new Set([
  "scheduled",
  "updated",
  "rescheduled",
  "paused",
  "resumed",
  "cancelled",
  "restored"
])

/** The revision that an event makes; undefined where it makes none. */
export const changeIn = (
  event: TaskEvent,
  logSequence: number,
  before: { readonly row: TaskRow; readonly definition: () => TaskDefinition } | undefined,
  after: TaskRow
): TaskChange | undefined => {
  if (!REVISING.has(event.type)) return undefined
  if (before !== undefined && event.revision <= before.row.progress.revision) return undefined
  const definition = definitionIn(event)
  const { causedBy } = event
  return {
    revision: event.revision,
    at: event.time,
    event: event.type,
    actor: causedBy.actor,
    commandId: causedBy.commandId,
    reason: causedBy.reason ?? null,
    revertsTo: "revertsTo" in event ? (event.revertsTo ?? null) : null,
    logSequence,
    changes:
      before === undefined
        ? []
        : [
            ...difference("status", before.row.resting, after.resting),
            ...(definition === undefined ? [] : differences(before.definition(), definition))
          ]
  }
}

/** Fields of a definition by name, its arguments one by one. */
export const fieldsOf = (definition: TaskDefinition): Readonly<Record<string, Schema.Json>> => {
  const { createdBy: _by, taskArgs, ...fields } = shownFields(definition)
  const args = Object.entries(taskArgs).map(([name, value]) => [`taskArgs.${name}`, value] as const)
  return { ...(fields as Readonly<Record<string, Schema.Json>>), ...Object.fromEntries(args) }
}

const differences = (before: TaskDefinition, after: TaskDefinition): ReadonlyArray<FieldChange> => {
  const [from, to] = [fieldsOf(before), fieldsOf(after)]
  return [...new Set([...Object.keys(from), ...Object.keys(to)])].flatMap((field) =>
    difference(field, from[field] ?? null, to[field] ?? null)
  )
}

const difference = (field: string, from: Schema.Json, to: Schema.Json): ReadonlyArray<FieldChange> =>
  JSON.stringify(from) === JSON.stringify(to) ? [] : [{ field, from: short(from), to: short(to) }]

const MAX_VALUE = 2000
const BEGINNING = 200

const short = (value: Schema.Json): Schema.Json => {
  const text = JSON.stringify(value)
  if (text.length <= MAX_VALUE) return value
  return `${text.slice(0, BEGINNING)}… (${text.length} characters)`.toWellFormed()
}

/** Whether a field is this one, or a part of it. */
export const isWithin = (name: string, field: string): boolean => name === field || name.startsWith(`${field}.`)

/** All revisions of a task, oldest first: only what they did to one field, where one is named. */
export const ofField = (
  all: ReadonlyArray<TaskChange>,
  now: Readonly<Record<string, Schema.Json>>,
  field: string
): ReadonlyArray<TaskChange> => {
  const within = (name: string) => isWithin(name, field)
  const changed = all.flatMap((one) => {
    const changes = one.changes.filter((change) => within(change.field))
    return changes.length === 0 ? [] : [{ ...one, changes }]
  })
  const [first] = all
  if (first?.event !== "scheduled") return changed
  const names = new Set([...Object.keys(now), ...changed.flatMap(({ changes }) => changes.map((one) => one.field))])
  const initial = [...names].filter(within).flatMap((name): ReadonlyArray<FieldChange> => {
    const oldest = changed.flatMap(({ changes }) => changes).find((change) => change.field === name)
    const to = oldest === undefined ? (now[name] ?? null) : oldest.from
    return to === null ? [] : [{ field: name, from: null, to: short(to) }]
  })
  return [{ ...first, changes: initial }, ...changed]
}

/** For every field, the revision that gave it the value that it has. */
export const lastSetOf = (
  all: ReadonlyArray<TaskChange>,
  now: Readonly<Record<string, Schema.Json>>
): ReadonlyArray<LastSet> => {
  const setters = new Map<string, TaskChange>()
  const [first] = all
  if (first !== undefined) for (const field of ["status", ...Object.keys(now)]) setters.set(field, first)
  for (const one of all) for (const { field } of one.changes) setters.set(field, one)
  return [...setters].map(([field, { actor, at, revision }]) => ({ field, revision, at, actor }))
}
