/** Answers with the schedules of the tasks that are not over, and with how long they usually take. */
import { Effect } from "effect"
import { Queries } from "../projections/Queries.ts"
import { question } from "./Answers.ts"
import { type SchedulesPage, SchedulesQuery, type TaskSchedule } from "./Schedules.ts"

/** Executions of a task by which its usual length is known. */
const LOOKED_AT = 9

const median = (lengths: ReadonlyArray<number>): number | null =>
  lengths.toSorted((a, b) => a - b)[Math.floor(lengths.length / 2)] ?? null

export const make = Effect.gen(function* () {
  const queries = yield* Queries

  const scheduleOf = Effect.fnUntraced(function* (id: string) {
    const { definition, task } = yield* queries.task({ id })
    const { items } = yield* queries.executions({ taskId: id, status: "completed", steps: false, limit: LOOKED_AT })
    const { endAt, exclude, maxRuns, offsetMs, overlap, recurrence, startAt, timezone } = definition
    const schedule: TaskSchedule = {
      taskId: task.taskId,
      taskName: task.taskName,
      paused: task.status === "paused",
      recurrence,
      timezone,
      startAt,
      endAt,
      maxRuns,
      ...(offsetMs === undefined ? {} : { offsetMs }),
      ...(exclude === undefined ? {} : { exclude }),
      overlap,
      runs: task.runCount,
      usualMs: median(items.flatMap(({ durationMs }) => (durationMs === null ? [] : [durationMs])))
    }
    return schedule
  })

  return question(
    "schedules",
    SchedulesQuery,
    Effect.fnUntraced(function* ({ cursor, limit = 200, tag, type }) {
      const page = yield* queries.tasks({
        status: ["scheduled", "running", "paused"],
        sort: "created",
        limit,
        ...(cursor === undefined ? {} : { cursor }),
        ...(tag === undefined || tag.length === 0 ? {} : { tag }),
        ...(type === undefined || type.length === 0 ? {} : { type })
      })
      const { logSequence, nextCursor } = page
      const items = yield* Effect.forEach(page.items, ({ taskId }) => scheduleOf(taskId))
      return { items, nextCursor, logSequence } satisfies SchedulesPage
    })
  )
})
