/** How words would be understood, and when that runs: what `nagatha next` shows. Stores nothing. */
import { Result, Schema } from "effect"
import { CalendarName, TaskId } from "../../events/TaskDefinition.ts"
import { clockNotes } from "../../recurrence/ClockNotes.ts"
import type { Days } from "../../recurrence/Exclusions.ts"
import { AnyInstant } from "../../recurrence/Instant.ts"
import { GapPolicy, OverlapPolicy } from "../../recurrence/Recurrence.ts"
import * as Series from "../../recurrence/Series.ts"
import * as When from "../../recurrence/When.ts"
import { tzdataVersion } from "../../recurrence/zone/Zone.ts"
import { nextRuns } from "./Intake.ts"
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

/** Stands for the id that `H` in cron text is spread by, where no task has one yet. */
const NO_TASK = "next"
const COUNT = 10

/** `now` in milliseconds and `timezone`, a known one, stand for what the request leaves out. */
export const preview = (
  request: PreviewRequest,
  { now, timezone }: { readonly now: number; readonly timezone: string },
  exclusions: ReadonlyArray<Days> = []
): Result.Result<Preview, When.ParseProblem> => {
  const zone = request.timezone ?? timezone
  const from = request.from === undefined ? now : Date.parse(request.from)
  const understood = When.parse(request.when, {
    now: from,
    zone,
    taskId: request.taskId ?? NO_TASK,
    ...(request.dstGap === undefined ? {} : { gap: request.dstGap }),
    ...(request.dstOverlap === undefined ? {} : { overlap: request.dstOverlap })
  })
  return Result.map(understood, ({ endAt, maxRuns, notes, recurrence, startAt, understoodAs }) => {
    const timed = {
      recurrence,
      timezone: zone,
      startAt: startAt ?? null,
      endAt: endAt ?? null,
      maxRuns: maxRuns ?? null
    }
    return {
      kind: recurrence.kind,
      understoodAs,
      timezone: zone,
      tzdata: tzdataVersion,
      runs: nextRuns(timed, from, request.count ?? COUNT, exclusions),
      notes: [...notes, ...clockNotes(Series.of(timed, exclusions), timed, from)]
    }
  })
}
