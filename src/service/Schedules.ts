/** The schedules of tasks as they were compiled, for those who look ahead: what is asked, and what is answered. */
import { Schema } from "effect"
import { CalendarName, ExecutionOverlap } from "../events/TaskDefinition.ts"
import { Instant } from "../recurrence/Instant.ts"
import { Recurrence } from "../recurrence/Recurrence.ts"

export const SchedulesQuery = Schema.Struct({
  tag: Schema.optionalKey(Schema.Array(Schema.String)),
  type: Schema.optionalKey(Schema.Array(Schema.String)),
  cursor: Schema.optionalKey(Schema.String),
  /** Default 200. */
  limit: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 500 })))
})
export type SchedulesQuery = typeof SchedulesQuery.Type

export const TaskSchedule = Schema.Struct({
  taskId: Schema.String,
  taskName: Schema.String,
  paused: Schema.Boolean,
  recurrence: Recurrence,
  timezone: Schema.String,
  startAt: Schema.NullOr(Instant),
  endAt: Schema.NullOr(Instant),
  maxRuns: Schema.NullOr(Schema.Int),
  offsetMs: Schema.optionalKey(Schema.Int),
  exclude: Schema.optionalKey(Schema.Array(CalendarName)),
  overlap: ExecutionOverlap,
  /** Executions that have ended. */
  runs: Schema.Int,
  /** How long its executions usually take: the median of the newest that ended well; null where none did. */
  usualMs: Schema.NullOr(Schema.Int)
})
export type TaskSchedule = typeof TaskSchedule.Type

export const SchedulesPage = Schema.Struct({
  items: Schema.Array(TaskSchedule),
  nextCursor: Schema.NullOr(Schema.String),
  logSequence: Schema.Int
})
export type SchedulesPage = typeof SchedulesPage.Type
