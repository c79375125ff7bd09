/** Who changed a task of a set otherwise than by applying the set, since it was last applied. */
import { Effect } from "effect"
import type { Scheduler } from "../../Scheduler.ts"
import type { HandChangesOf } from "./ApplyPlan.ts"

/** Revisions that are looked at. */
const LOOKED_AT = 100

/** With what each command of an apply begins to say why it was sent. */
export const reasonOf = (set: string, words?: string): string =>
  words === undefined ? `apply ${set}` : `apply ${set}: ${words}`

const isOurs = (set: string, reason: string | null): boolean =>
  reason === reasonOf(set) || (reason?.startsWith(reasonOf(set, "")) ?? false)

/** For each of these fields its newest change, where it was changed by hand. */
export const handChangesOf =
  (scheduler: Scheduler["Service"]): HandChangesOf =>
  (taskId, set, fields) =>
    Effect.map(scheduler.changes({ id: taskId, limit: LOOKED_AT }), ({ items }) => {
      const applied = items.findIndex(({ reason }) => isOurs(set, reason))
      const since = applied === -1 ? items : items.slice(0, applied)
      return fields.flatMap((field) => {
        const found = since.find(({ changes }) =>
          changes.some((change) => change.field === field || change.field.startsWith(`${field}.`))
        )
        if (found === undefined) return []
        const { actor, at, reason, revision } = found
        return [{ field, actor, at, revision, reason }]
      })
    })
