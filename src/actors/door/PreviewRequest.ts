/** What is asked of a preview of words, and what is answered. */
import { Schema } from "effect"
import { CalendarName, TaskId } from "../../events/TaskDefinition.ts"
import { AnyInstant } from "../../recurrence/Instant.ts"
import { GapPolicy, OverlapPolicy } from "../../recurrence/Recurrence.ts"
import { Run } from "./TaskRequest.ts"

export const PreviewRequest = Schema.Struct({
  /** The words; at most 256 characters. */
  when: Schema.String,
  /** IANA zone; default: the service's. */
  timezone: Schema.optionalKey(Schema.String),
  /** How many runs; default 10. */
  count: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 }))),
  /** Runs after this instant, and the words as if it were now; default: now. */
  from: Schema.optionalKey(AnyInstant),
  /** Task by whose id `H` in cron text is spread. */
  taskId: Schema.optionalKey(TaskId),
  /** Calendars on whose days nothing runs. */
  exclude: Schema.optionalKey(Schema.Array(CalendarName)),
  dstGap: Schema.optionalKey(GapPolicy),
  dstOverlap: Schema.optionalKey(OverlapPolicy)
})
export type PreviewRequest = typeof PreviewRequest.Type

export const Preview = Schema.Struct({
  kind: Schema.Literals(["once", "interval", "cron", "rule", "union", "subject", "after"]),
  understoodAs: Schema.String,
  timezone: Schema.String,
  /** Version of the zone database that the answer follows from. */
  tzdata: Schema.String,
  runs: Schema.Array(Run),
  notes: Schema.Array(Schema.String)
})
export type Preview = typeof Preview.Type
