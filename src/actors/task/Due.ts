/** What the passing of time decides about the occurrences of a task. Pure. */
import { executionIdOf } from "../../events/ExecutionId.ts"
import type { TaskDefinition } from "../../events/TaskDefinition.ts"
import type { EventOf, TaskEvent } from "../../events/TaskEvent.ts"
import { fromMillis, toMillis } from "../../recurrence/Instant.ts"
import * as Series from "../../recurrence/Series.ts"
import { tzdataVersion } from "../../recurrence/zone/Zone.ts"
import { type Instants, ON_TIME_MS, verdicts } from "./CatchUp.ts"
import { type ExcludedDays, none as noDays } from "./ExcludedDays.ts"
import { completed, head } from "./Head.ts"
import { givingWay, lateOf, MAX_WAITING, type Standing, standingOf, type Turn, turnOf } from "./Overlap.ts"
import { type LiveTask, offsetOf } from "./TaskState.ts"

/** The last instant at which a task runs: what comes later cannot be written down, with its delays, in the log. */
const LAST_INSTANT = toMillis("9999-12-01T00:00:00.000Z")

/** The next occurrence by the calendars as they are now, where they have changed since it was computed. */
export const byCalendars = (task: LiveTask, now: number, excluded: ExcludedDays): ReadonlyArray<TaskEvent> => {
  const { definition, nextAt } = task
  if (definition.exclude === undefined || nextAt === null || task.calendarsAt >= excluded.changedAt(definition))
    return []
  // What has come is still to be decided; an instant that has passed does not come back.
  const since = Math.min(nextAt - 1, now - offsetOf(task))
  const next = seriesOf(task, excluded).next(since)
  if (next === nextAt) return []
  const rescheduled: EventOf<"rescheduled"> = {
    ...head(task, "rescheduled", now, {
      commandId: `${task.taskId}@${excluded.changedAt(definition)}`,
      actor: "scheduler",
      reason: `the days of ${definition.exclude.join(", ")} have changed`
    }),
    nextAt: next === null ? null : fromMillis(next),
    ...calendarsAt(definition, excluded),
    definition,
    tzdata: tzdataVersion
  }
  return next === null && task.executions.length === 0 ? [rescheduled, completed(task, now)] : [rescheduled]
}

/** The instants of a definition that can be written down. */
const instantsOf = (definition: TaskDefinition, excluded: ExcludedDays): Instants => {
  const series = Series.of(definition, excluded.of(definition))
  return {
    next: (after) => {
      const at = series.next(after)
      return at === null || at > LAST_INSTANT ? null : at
    },
    range: series.range
  }
}

/** The instants of a task, without those that were left out by hand. */
export const seriesOf = (
  { definition, leftOut }: Pick<LiveTask, "definition" | "leftOut">,
  excluded: ExcludedDays
): Instants => {
  const all = instantsOf(definition, excluded)
  if (leftOut.length === 0) return all
  const next: Instants["next"] = (after) => {
    let at = all.next(after)
    while (at !== null && leftOut.includes(at)) at = all.next(at)
    return at
  }
  return {
    next,
    range: (from, to) => {
      const first = next(from)
      if (first === null || first > to) return null
      let found = all.range(from, to)
      const count = (found?.count ?? 0) - leftOut.filter((at) => at > from && at <= to).length
      while (found !== null && leftOut.includes(found.last)) found = all.range(from, found.last - 1)
      return found === null ? null : { first, last: found.last, count }
    }
  }
}

/** By which calendars a next occurrence was computed. */
export const calendarsAt = (definition: TaskDefinition, excluded: ExcludedDays) =>
  definition.exclude === undefined ? {} : { calendarsAt: excluded.changedAt(definition) }

/** Decisions about the instants that have come. */
export const occurrences = (
  task: LiveTask,
  nextAt: number,
  now: number,
  excluded: ExcludedDays
): ReadonlyArray<TaskEvent> => {
  const { definition } = task
  const instants = seriesOf(task, excluded)
  const offset = offsetOf(task)
  const events: Array<TaskEvent> = []
  const pace = paceOf(task, now, instants)
  let standing = standingOf(task)
  let runs = task.runs
  const all = verdicts(instants, nextAt, now - offset, {
    oneTime: definition.recurrence.kind === "once",
    catchUp: definition.catchUp,
    catchUpWindowMs: definition.catchUpWindowMs,
    catchUpMax: Math.min(
      definition.catchUpMax ?? Infinity,
      pace === null ? Infinity : Math.max(0, MAX_WAITING - pace.late)
    )
  })
  // Of several that would take each other's place, the last does.
  const newest = all.findLastIndex(({ _tag }) => _tag === "run")
  for (const [index, verdict] of all.entries()) {
    const decided = verdict._tag === "run" ? verdict.at : verdict.last
    const replaces = definition.overlap === "cancelOther" || definition.overlap === "terminateOther"
    const superseded = replaces && index < newest
    const paced = verdict._tag === "run" && verdict.late === true && pace !== null
    const turn = paced
      ? pace.turn(definition.overlap, standing)
      : verdict._tag === "run" && !superseded
        ? turnOf(definition.overlap, standing)
        : "skip"
    const isRun = turn !== "skip"
    const causedBy = { commandId: executionIdOf(task.taskId, decided), actor: "scheduler" }
    if (isRun) runs += 1
    const nextAfter = definition.maxRuns !== null && runs >= definition.maxRuns ? null : instants.next(decided)
    const following = {
      nextAt: nextAfter === null ? null : fromMillis(nextAfter),
      ...calendarsAt(definition, excluded)
    }
    if (isRun) {
      const waits = turn === "wait" || (turn === "replace" && definition.overlap === "cancelOther")
      if (!paced) {
        standing = { running: standing.running + (waits ? 0 : 1), waiting: standing.waiting + (waits ? 1 : 0) }
      }
      if (turn === "replace" && !waits) events.push(...givingWay(task, now))
      events.push({
        ...head(task, "due", now, causedBy),
        executionId: executionIdOf(task.taskId, decided),
        nominalAt: fromMillis(decided),
        dueAt: fromMillis(paced ? pace.take() : decided + offset),
        attempt: 1,
        ...following,
        ...(paced ? { paced: true } : {}),
        ...(waits ? { buffered: true } : {})
      })
      if (turn === "replace" && waits) events.push(...givingWay(task, now))
    } else {
      events.push({
        ...head(task, "skipped", now, causedBy),
        reason: verdict._tag !== "run" ? "catchUp" : superseded ? "superseded" : "overlap",
        nominalAt: fromMillis(verdict._tag === "run" ? verdict.at : verdict.first),
        throughAt: fromMillis(decided),
        count: verdict._tag === "run" ? 1 : verdict.count,
        ...following
      })
    }
    if (following.nextAt === null) {
      if (standing.running + standing.waiting + (pace?.late ?? 0) === 0) events.push(completed(task, now))
      break
    }
  }
  return events
}

/** How the missed are run late, one after another at a pace: the instants at which they are due from then on. */
interface Pace {
  /** Of those that are run late, how many have not begun. */
  readonly late: number
  readonly turn: (overlap: TaskDefinition["overlap"], standing: Standing) => Turn
  /** The instant of the next. */
  readonly take: () => number
}

/** The pace of a task; null where it has none, or where a newer one takes the place of those before anyway. */
const paceOf = (task: LiveTask, now: number, instants: Instants): Pace | null => {
  const { catchUp, catchUpRate: rate, overlap } = task.definition
  if (rate === undefined || catchUp !== "all" || overlap === "cancelOther" || overlap === "terminateOther") return null
  const everyMs = Math.ceil(rate.perMs / rate.count)
  const nominalNow = now - offsetOf(task)
  // What is on time now goes first.
  const first = instants.range(nominalNow - ON_TIME_MS - 1, nominalNow) === null ? now : now + everyMs
  let at = Math.max(first, task.pacedUntil === 0 ? 0 : task.pacedUntil + everyMs)
  let late = lateOf(task)
  return {
    get late() {
      return late
    },
    turn: (policy, { running, waiting }) =>
      policy === "allowAll" || late + running + waiting === 0 ? "begin" : "wait",
    take: () => {
      const taken = at
      at += everyMs
      late += 1
      return taken
    }
  }
}

/** The first occurrence of a task that is scheduled now; a one-time instant that has passed counts (it was allowed at the door). */
export const firstOccurrence = (
  definition: TaskDefinition,
  now: number,
  excluded: ExcludedDays = noDays
): number | null =>
  definition.recurrence.kind === "once"
    ? toMillis(definition.recurrence.at)
    : instantsOf(definition, excluded).next(now)
