/** The coming runs of a definition, as they are shown. */
import type { TaskDefinition } from "../../events/TaskDefinition.ts"
import type { Days } from "../../recurrence/Exclusions.ts"
import { fromMillis } from "../../recurrence/Instant.ts"
import * as Occurrences from "../../recurrence/Occurrences.ts"
import * as Series from "../../recurrence/Series.ts"
import type { Run } from "./TaskRequest.ts"

type Timed = Pick<TaskDefinition, "recurrence" | "timezone" | "startAt" | "endAt" | "maxRuns" | "offsetMs">

/** Within its bounds, without the days that are excluded. */
export const nextRuns = (
  definition: Timed,
  now: number,
  count: number,
  exclusions?: ReadonlyArray<Days>
): ReadonlyArray<Run> => {
  const { maxRuns, offsetMs = 0, recurrence, timezone } = definition
  // What happens once and now is still to come; what recurs runs after now.
  const since = recurrence.kind === "once" ? now - 1 : now
  const wanted = maxRuns === null ? count : Math.min(count, maxRuns)
  return Series.of(definition, exclusions)
    .first(since - offsetMs, wanted)
    .map((at) => ({
      ...Occurrences.shown(recurrence, timezone, at),
      ...(offsetMs === 0 ? {} : { dueAt: fromMillis(at + offsetMs) })
    }))
}
