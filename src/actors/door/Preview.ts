/** How words would be understood, and when that runs: what `nagatha next` shows. Stores nothing. */
import { Result } from "effect"
import { clockNotes } from "../../recurrence/ClockNotes.ts"
import type { Days } from "../../recurrence/Exclusions.ts"
import * as Series from "../../recurrence/Series.ts"
import * as When from "../../recurrence/When.ts"
import { tzdataVersion } from "../../recurrence/zone/Zone.ts"
import { nextRuns } from "./NextRuns.ts"
import type { Preview, PreviewRequest } from "./PreviewRequest.ts"

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
