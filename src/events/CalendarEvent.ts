/**
 * The facts about calendars of excluded days, as they stand in the log: in a partition of their own, for tasks of all
 * partitions share them. A task whose next run changes by them says so in an event of its own.
 */
import { Schema } from "effect"
import { Days } from "../recurrence/Exclusions.ts"
import { Instant } from "../recurrence/Instant.ts"
import { CalendarName } from "./TaskDefinition.ts"
import { CausedBy } from "./TaskEvent.ts"

/** Number of the partition that holds the calendars: beyond those of tasks, of which there are at most 1,024. */
export const CALENDARS_PARTITION = 1024

const common = {
  version: Schema.Literal(1),
  time: Instant,
  calendar: CalendarName,
  /** Counted from 1 for each calendar. */
  revision: Schema.Int,
  causedBy: CausedBy
}

/** A calendar was made, or has other days now. */
export const CalendarSet = Schema.Struct({
  type: Schema.Literal("calendarSet"),
  ...common,
  days: Schema.Array(Days)
})
/** A calendar is gone: it excludes nothing any more. */
export const CalendarRemoved = Schema.Struct({ type: Schema.Literal("calendarRemoved"), ...common })

export const CalendarEvent = Schema.Union([CalendarSet, CalendarRemoved])
export type CalendarEvent = typeof CalendarEvent.Type
