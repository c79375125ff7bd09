/** What the passing of time decides about the occurrences of a task. Pure. */
import { executionIdOf } from "../../events/ExecutionId.ts"
import type { TaskDefinition } from "../../events/TaskDefinition.ts"
import type { EventOf, TaskEvent } from "../../events/TaskEvent.ts"
import { fromMillis, toMillis } from "../../recurrence/Instant.ts"
import * as LostInstants from "../../recurrence/LostInstants.ts"
import * as Series from "../../recurrence/Series.ts"
import { tzdataVersion } from "../../recurrence/zone/Zone.ts"
import { type Instants, ON_TIME_MS, type Verdict, verdicts, withLost } from "./CatchUp.ts"
import { type ExcludedDays, none as noDays } from "./ExcludedDays.ts"
import { completed, head } from "./Head.ts"
import { givingWay, lateOf, MAX_WAITING, type Standing, standingOf, type Turn, turnOf } from "./Overlap.ts"
import { type LiveTask, offsetOf } from "./TaskState.ts"

/** The last instant at which a task runs: what comes later cannot be written down, with its delays, in the log. */
const LAST_INSTANT = toMillis("9999-12-01T00:00:00.000Z")

/** The next occurrence by the calendars as they are now, where they have changed since it was computed. */
export const byCalendars = (task: LiveTask, now: number, excluded: ExcludedDays): ReadonlyArray<TaskEvent> => {
  const { definition, lostAt, nextAt } = task
  if (definition.exclude === undefined || task.calendarsAt >= excluded.changedAt(definition)) return []
  if (nextAt === null && lostAt === null) return []
  // What has come is still to be decided; an instant that has passed does not come back.
  const since = (at: number | null) => Math.min((at ?? Infinity) - 1, now - offsetOf(task))
  const next = seriesOf(task, excluded).next(since(nextAt))
  const lost = nextLost(definition, since(lostAt), next, excluded)
  if (next === nextAt && lost === lostAt) return []
  const rescheduled: EventOf<"rescheduled"> = {
    ...head(task, "rescheduled", now, {
      commandId: `${task.taskId}@${excluded.changedAt(definition)}`,
      actor: "scheduler",
      reason: `the days of ${definition.exclude.join(", ")} have changed`
    }),
    ...following(definition, next, lost, excluded),
    definition,
    tzdata: tzdataVersion
  }
  const over = next === null && lost === null && task.executions.length === 0
  return over ? [rescheduled, completed(task, now)] : [rescheduled]
}

/** The instants of a definition that can be written down. */
export const instantsOf = (definition: TaskDefinition, excluded: ExcludedDays): Instants => {
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
      // Some may have been left out of the schedule that the task had before.
      const without = leftOut.filter((at) => at > from && at <= to && all.next(at - 1) === at)
      const count = (found?.count ?? 0) - without.length
      while (found !== null && leftOut.includes(found.last)) found = all.range(from, found.last - 1)
      return found === null ? null : { first, last: found.last, count }
    }
  }
}

/** By which calendars a next occurrence was computed. */
export const calendarsAt = (definition: TaskDefinition, excluded: ExcludedDays) =>
  definition.exclude === undefined ? {} : { calendarsAt: excluded.changedAt(definition) }

/** The first instant between one and the next occurrence that a change of the clocks takes away; null when none does. */
export const nextLost = (
  definition: TaskDefinition,
  after: number,
  nextAt: number | null,
  excluded: ExcludedDays
): number | null => lostOf(definition, excluded)?.next(after, nextAt ?? LAST_INSTANT) ?? null

/** Few tasks can lose any: for the others no calendar is looked at. */
const lostOf = (definition: TaskDefinition, excluded: ExcludedDays) =>
  LostInstants.canLose(definition.recurrence) ? LostInstants.of(definition, excluded.of(definition)) : null

/** What an event says of the occurrences to come. */
export const following = (
  definition: TaskDefinition,
  nextAt: number | null,
  lostAt: number | null,
  excluded: ExcludedDays
) => ({
  nextAt: nextAt === null ? null : fromMillis(nextAt),
  ...calendarsAt(definition, excluded),
  ...(LostInstants.canLose(definition.recurrence) ? { lostAt: lostAt === null ? null : fromMillis(lostAt) } : {})
})

/** What is said of an instant that the clocks have taken away, once it has come: nothing is run for it, and none of the runs used up. */
export const lostOccurrence = (task: LiveTask, now: number, excluded: ExcludedDays): ReadonlyArray<TaskEvent> => {
  const { definition, lostAt, nextAt } = task
  if (lostAt === null || lostAt + offsetOf(task) > now) return []
  const next = nextLost(definition, lostAt, nextAt, excluded)
  const skipped = skippedAs(task, "dstGap", { first: lostAt, last: lostAt, count: 1 }, now)
  const event = { ...skipped, ...following(definition, nextAt, next, excluded) }
  const over = nextAt === null && next === null && task.executions.length === 0
  return over ? [event, completed(task, now)] : [event]
}

const skippedAs = (
  task: LiveTask,
  reason: EventOf<"skipped">["reason"],
  { count, first, last }: { readonly count: number; readonly first: number; readonly last: number },
  now: number
) => ({
  ...head(task, "skipped", now, { commandId: executionIdOf(task.taskId, last), actor: "scheduler" }),
  reason,
  nominalAt: fromMillis(first),
  throughAt: fromMillis(last),
  count
})

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
  const found = verdicts(instants, nextAt, now - offset, {
    oneTime: definition.recurrence.kind === "once",
    catchUp: definition.catchUp,
    catchUpWindowMs: definition.catchUpWindowMs,
    catchUpMax: Math.min(
      definition.catchUpMax ?? Infinity,
      pace === null ? Infinity : Math.max(0, MAX_WAITING - pace.late)
    )
  })
  const all = withLost(found, lostAmong(definition, found, nextAt, excluded), instants, nextAt)
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
    const enough = definition.maxRuns !== null && runs >= definition.maxRuns
    const nextAfter = enough ? null : instants.next(decided)
    const lostAfter = enough ? null : nextLost(definition, decided, nextAfter, excluded)
    const rest = following(definition, nextAfter, lostAfter, excluded)
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
        ...rest,
        ...(paced ? { paced: true } : {}),
        ...(waits ? { buffered: true } : {})
      })
      if (turn === "replace" && waits) events.push(...givingWay(task, now))
    } else {
      const reason =
        verdict._tag === "skip" ? (verdict.lost === true ? "dstGap" : "catchUp") : superseded ? "superseded" : "overlap"
      const stretch = verdict._tag === "skip" ? verdict : { first: decided, last: decided, count: 1 }
      events.push({ ...skippedAs(task, reason, stretch, now), ...rest })
    }
    if (nextAfter === null) {
      // Runs by hand are none of the schedule's, and the task is not over before they have ended.
      const idle = task.executions.length === 0 && standing.running + standing.waiting + (pace?.late ?? 0) === 0
      if (idle && lostAfter === null) events.push(completed(task, now))
      break
    }
  }
  return events
}

/** What the clocks have taken away among the instants that are decided now. */
const lostAmong = (
  definition: TaskDefinition,
  decided: ReadonlyArray<Verdict>,
  nextAt: number,
  excluded: ExcludedDays
): ReadonlyArray<number> => {
  const newest = decided.at(-1)
  const last = newest?._tag === "run" ? newest.at : newest?.last
  if (last === undefined || last <= nextAt) return []
  return lostOf(definition, excluded)?.between(nextAt, last) ?? []
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
