/** Why an instant ran or did not, from the log: only what speaks of the task, and of the calendars, is read. */
import { Clock, Effect, Schema } from "effect"
import { Refused } from "../actors/door/TaskRequest.ts"
import { TaskHistory } from "../audit/TaskHistory.ts"
import { why } from "../audit/Why.ts"
import { CALENDARS_PARTITION } from "../events/CalendarEvent.ts"
import * as Commit from "../events/Commit.ts"
import { EventLog } from "../events/EventLog.ts"
import { partitionOf } from "../events/Partition.ts"
import { Queries } from "../projections/Queries.ts"
import { AnyInstant } from "../recurrence/Instant.ts"
import * as Settings from "../Settings.ts"
import { question } from "./Answers.ts"
import { inTurn } from "./InTurn.ts"

/** Characters that are read in one go: others get their turn between. */
const PAGE = 1_000_000

export const WhyQuery = Schema.Struct({ id: Schema.String, at: AnyInstant })

/** The commits that speak of a task, and those of the calendars; `use` gets them in order. */
export const speakingOf = Effect.fnUntraced(function* (
  taskId: string,
  use: (sequence: number, commit: Commit.Commit) => void
) {
  const log = yield* EventLog
  const { partitions } = yield* Settings.Current
  const needle = `"taskId":${JSON.stringify(taskId)}`
  let after = 0
  for (;;) {
    const { last, lines, through } = yield* log.stored({
      after,
      bytes: PAGE,
      partitions: [partitionOf(taskId, partitions), CALENDARS_PARTITION],
      wants: (partition, text) => partition === CALENDARS_PARTITION || text.includes(needle)
    })
    for (const { sequence, text } of lines) {
      use(sequence, yield* Effect.fromResult(Commit.decode(sequence, text)))
    }
    if (through >= last) return last
    after = through
    yield* Effect.yieldNow
  }
})

export const make = Effect.gen(function* () {
  const queries = yield* Queries
  const log = yield* EventLog
  const settings = yield* Settings.Current
  const asked = question(
    "why",
    WhyQuery,
    Effect.fnUntraced(function* ({ at, id }) {
      const { task } = yield* queries.task({ id })
      const history = new TaskHistory(task.taskId)
      const last = yield* speakingOf(task.taskId, (sequence, commit) => history.take(sequence, commit)).pipe(
        Effect.provideService(EventLog, log),
        Effect.provideService(Settings.Current, settings),
        Effect.mapError((error) => new Refused({ code: "behind", message: error.message }))
      )
      const answer = why(history, { at: Date.parse(at), now: yield* Clock.currentTimeMillis })
      if (answer !== undefined) return { ...answer, logSequence: last }
      return yield* new Refused({ code: "notFound", message: `the log holds nothing of the task ${task.taskId}` })
    })
  )
  return inTurn(asked)
})
