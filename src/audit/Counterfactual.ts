/**
 * What another policy would have decided: a task's history made again by the rules of today, in virtual time.
 *
 * What the world did stays as it was: the commands that people sent, the instants at which somebody was there to decide, and how
 * long each attempt took and how it ended. An execution that there never was takes as long as those of its task usually do, and
 * ends well; an attempt more than were made fails like the last one. Steps of sequences are not told apart.
 */
import { Result } from "effect"
import * as Claim from "../actors/task/Claim.ts"
import { evolve } from "../actors/task/Evolve.ts"
import type { ExcludedDays } from "../actors/task/ExcludedDays.ts"
import * as Task from "../actors/task/Task.ts"
import type { TaskState } from "../actors/task/TaskState.ts"
import { executionIdOf } from "../events/ExecutionId.ts"
import type { TaskDefinition } from "../events/TaskDefinition.ts"
import type { EventOf, ExecutionError, TaskEvent } from "../events/TaskEvent.ts"
import { fromMillis, type Instant, toMillis } from "../recurrence/Instant.ts"
import { isByMessage } from "../recurrence/Recurrence.ts"
import type { CalendarHistory } from "./CalendarHistory.ts"
import { gridOf } from "./Grid.ts"

/** Instants of a skipped stretch that are told one by one. */
const MOST_OF_A_STRETCH = 10_000
/** Nobody is lost, and no start is recorded: neither changes what is decided. */
const RULES: Task.Rules = { leaseMs: 2 ** 42, startedGraceMs: 2 ** 41, maxLost: Infinity }
/** Turns after which something goes on for ever. */
const MOST_TURNS = 5_000_000

export interface Placed {
  readonly event: TaskEvent
  readonly logSequence: number
}

export interface Change {
  readonly overlap?: TaskDefinition["overlap"]
  readonly catchUp?: TaskDefinition["catchUp"]
  readonly maxRetries?: number
}

/** What was decided about each instant: `due`, or why it was skipped. */
export type Decisions = ReadonlyMap<Instant, string>

export interface Course {
  readonly decisions: Decisions
  readonly due: number
  readonly skipped: Readonly<Record<string, number>>
  readonly success: number
  readonly failure: number
  readonly attempts: number
  /** Time that attempts took in all. */
  readonly busyMs: number
  /** Most executions of the schedule that were at work at once. */
  readonly mostAtOnce: number
  /** Executions that there never were, whose length and end are assumed. */
  readonly assumed: number
}

interface Attempt {
  /** From its offer to its start, and to the record of its end. */
  readonly delayMs: number
  readonly tookMs: number
  readonly durationMs: number
  /** Where its end stands in the log. */
  readonly logSequence: number
  readonly end: "success" | "failed" | "failedForGood" | "later" | "never"
  readonly error: ExecutionError | null
  readonly laterMs: number
}

/** Nobody begins it, or nothing is heard of it any more. */
const NEVER: Attempt = {
  delayMs: 0,
  tookMs: 0,
  durationMs: 0,
  logSequence: 0,
  end: "never",
  error: null,
  laterMs: 0
}

/** A task's history, taken apart: the definitions, and what the world did. */
interface World {
  readonly scheduled: EventOf<"scheduled">
  readonly attempts: ReadonlyMap<string, ReadonlyArray<Attempt>>
  /** Executions that had not ended when the history did. */
  readonly open: ReadonlySet<string>
  readonly usualMs: number
  readonly inputs: ReadonlyArray<Input>
  readonly end: number
}

type Input =
  | { readonly at: number; readonly _tag: "wake"; readonly logSequence: number }
  | {
      readonly at: number
      readonly _tag: "command"
      readonly logSequence: number
      command(change: Change): Task.TaskCommand
    }

const changed = (definition: TaskDefinition, change: Change): TaskDefinition =>
  ({
    ...definition,
    // What it does is told by what was recorded.
    taskType: "recorded",
    ...change,
    ...(change.catchUp === undefined || change.catchUp === "all"
      ? {}
      : { catchUpMax: undefined, catchUpRate: undefined })
  }) as TaskDefinition

const byScheduler = ({ causedBy }: TaskEvent): boolean => causedBy.actor === "scheduler"

/** The commands of a history, as they were sent. */
const commandsOf = (events: ReadonlyArray<Placed>): ReadonlyArray<Input> => {
  const inputs: Array<Input> = []
  const seen = new Set<string>()
  for (const { event, logSequence } of events) {
    const { causedBy, taskId } = event
    const at = toMillis(event.time)
    const once = (command: (change: Change) => Task.TaskCommand) => {
      if (seen.has(causedBy.commandId)) return
      seen.add(causedBy.commandId)
      inputs.push({ at, _tag: "command", logSequence, command })
    }
    switch (event.type) {
      case "scheduled":
        once((change) => ({
          type: "schedule",
          taskId,
          definition: changed(event.definition, change),
          tzdata: event.tzdata,
          causedBy
        }))
        break
      case "updated":
      case "rescheduled":
        if (byScheduler(event)) break
        once((change) => ({
          type: "change",
          taskId,
          ifRevision: undefined,
          apply: () =>
            Result.succeed({ definition: changed(event.definition, change), timed: event.type === "rescheduled" }),
          causedBy
        }))
        break
      case "paused":
        if (byScheduler(event)) break
        once(() => ({ type: "pause", taskId, until: event.until === null ? null : toMillis(event.until), causedBy }))
        break
      case "resumed":
        if (byScheduler(event)) break
        once(() => ({ type: "resume", taskId, causedBy }))
        break
      case "cancelled":
        once(() => ({ type: "cancel", taskId, causedBy }))
        break
      case "restored":
        once(() => ({ type: "restore", taskId, allowPast: true, causedBy }))
        break
      case "skipped":
        if (event.reason === "skippedByUser")
          once(() => ({ type: "skip", taskId, at: toMillis(event.nominalAt), causedBy }))
        break
      default:
    }
  }
  return inputs
}

/** In one turn commands come before what is due. */
const rankOf = ({ _tag }: Input): number => (_tag === "command" ? 0 : 1)

const worldOf = (events: ReadonlyArray<Placed>): World | undefined => {
  const scheduled = events.find(({ event }) => event.type === "scheduled")?.event
  if (scheduled?.type !== "scheduled" || isByMessage(scheduled.definition.recurrence)) return undefined
  let { maxRetries } = scheduled.definition
  const attempts = new Map<string, Array<Attempt>>()
  const offered = new Map<string, number>()
  const open = new Set<string>()
  const failedSoFar = new Map<string, number>()
  const lengths: Array<number> = []
  const wakes: Array<Input> = []
  for (const { event, logSequence } of events) {
    if ("parentExecutionId" in event && event.parentExecutionId !== undefined) continue
    if (event.type === "due" || event.type === "skipped" || event.type === "paused" || event.type === "resumed") {
      wakes.push({ at: toMillis(event.time), _tag: "wake", logSequence })
    }
    if ("definition" in event && event.definition !== undefined) ({ maxRetries } = event.definition)
    if (event.type === "due") {
      offered.set(event.executionId, toMillis(event.time))
      open.add(event.executionId)
    }
    if (event.type !== "success" && event.type !== "retry" && event.type !== "failure") continue
    const { durationMs, executionId, startedAt } = event
    if (event.type !== "retry") open.delete(executionId)
    const told = attempts.get(executionId) ?? []
    const failed = failedSoFar.get(executionId) ?? 0
    const error = event.type === "success" ? null : event.error
    const later = event.type === "retry" && !event.counted
    const end =
      event.type === "success"
        ? "success"
        : startedAt === null
          ? "never"
          : later
            ? "later"
            : event.type === "failure" && failed < maxRetries
              ? "failedForGood"
              : "failed"
    const time = toMillis(event.time)
    const since = offered.get(executionId) ?? time
    const delayMs = startedAt === null ? 0 : Math.max(0, toMillis(startedAt) - since)
    const tookMs = Math.max(0, time - since)
    // What was replaced or stopped did not come to its end: how long it would have taken is not known.
    if (error?.code !== "cancelled") {
      const laterMs = event.type === "retry" ? Math.max(0, toMillis(event.nextAttemptAt) - time) : 0
      told.push({ delayMs, tookMs, durationMs, logSequence, end, error, laterMs })
      attempts.set(executionId, told)
    }
    if (event.type === "retry") {
      offered.set(executionId, toMillis(event.nextAttemptAt))
      if (event.counted) failedSoFar.set(executionId, failed + 1)
    }
    if (event.type === "success") lengths.push(durationMs)
  }
  lengths.sort((a, b) => a - b)
  const inputs: Array<Input> = [...commandsOf(events), ...wakes].sort(
    (a, b) => a.at - b.at || a.logSequence - b.logSequence || rankOf(a) - rankOf(b)
  )
  return {
    scheduled,
    attempts,
    open,
    usualMs: lengths[Math.floor(lengths.length / 2)] ?? 0,
    inputs,
    end: Math.max(...events.map(({ event }) => toMillis(event.time)))
  }
}

/** Something that an attempt will say, at an instant. */
interface Coming {
  readonly at: number
  readonly executionId: string
  readonly attempt: number
  readonly startedAt: number
  readonly made: Attempt
}

/** One course of a history under a change; undefined for a task that messages start. */
export const course = (
  events: ReadonlyArray<Placed>,
  calendars: CalendarHistory,
  change: Change
): Course | undefined => {
  const world = worldOf(events)
  if (world === undefined) return undefined
  const told: Array<TaskEvent> = []
  const coming: Array<Coming> = []
  const assumed = new Set<string>()
  let state: TaskState | undefined
  let knownSequence = 0
  let busyMs = 0
  let attempts = 0
  let atWork = 0
  let mostAtOnce = 0
  const excluded: ExcludedDays = {
    of: (definition) => calendars.daysAt(definition, knownSequence),
    changedAt: (definition) => calendars.changedAt(definition, knownSequence)
  }

  const attemptOf = (executionId: string, attempt: number): Attempt => {
    const known = world.attempts.get(executionId)
    const made = known?.[attempt - 1]
    if (made !== undefined) return made
    if (world.open.has(executionId)) return NEVER
    assumed.add(executionId)
    const last = known?.at(-1)
    return last === undefined
      ? {
          delayMs: 0,
          tookMs: world.usualMs,
          durationMs: world.usualMs,
          logSequence: Infinity,
          end: "success",
          error: null,
          laterMs: 0
        }
      : { ...last, end: last.end === "failedForGood" ? "failed" : last.end }
  }

  /** Applies events, and begins what is now to be begun. */
  const apply = (decided: ReadonlyArray<TaskEvent>, now: number) => {
    for (const event of decided) {
      told.push(event)
      state = evolve(state, event, { sequence: 1 }, RULES.leaseMs)
      if (event.type === "success" || event.type === "failure") atWork = Math.max(0, atWork - 1)
    }
    if (state === undefined) return
    const offered = Claim.offer(state, 0, now)
    state = offered.state
    for (const { item } of offered.offers) {
      const { attempt, executionId } = item
      const made = attemptOf(executionId, attempt)
      if (made.end === "never") continue
      const claimed = Claim.claim(
        state,
        { taskId: state.taskId, executionId, attempt, worker: "recorded" },
        now,
        RULES.leaseMs
      )
      if (claimed.state === undefined) continue
      state = claimed.state
      const startedAt = now + made.delayMs
      coming.push({ at: now + made.tookMs, executionId, attempt, startedAt, made })
      attempts += 1
      if (attempt === 1) mostAtOnce = Math.max(mostAtOnce, (atWork += 1))
    }
  }

  const report = ({ at, attempt, executionId, made, startedAt }: Coming) => {
    busyMs += made.durationMs
    const error = made.error ?? { code: "unknown", message: "" }
    const outcome =
      made.end === "success"
        ? ({ outcome: "done", result: null } as const)
        : made.end === "later"
          ? ({ outcome: "comeBackLater", delayMs: made.laterMs, error } as const)
          : ({ outcome: made.end === "failedForGood" ? "failedForGood" : "failed", error } as const)
    const said = { taskId: world.scheduled.taskId, executionId, attempt, worker: "recorded" }
    const times = { startedAt: fromMillis(startedAt), finishedAt: fromMillis(at) }
    apply(Task.report(state, { ...said, ...times, outcome }, at), at)
  }

  const wake = (at: number): ReadonlyArray<TaskEvent> =>
    state === undefined ? [] : Task.wake(state, at, RULES, excluded)

  /** The next instant at which an execution by itself must be looked at: a retry, an expiry. */
  const nextOfExecutions = (): number => {
    if (state?._tag !== "live") return Infinity
    return state.executions.reduce(
      (next, { stage }) => (stage._tag === "waiting" ? Math.min(next, stage.until) : next),
      Infinity
    )
  }

  let next = 0
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    const input = world.inputs[next]
    const said = coming.reduce<Coming | undefined>(
      (best, one) => (best === undefined || one.at < best.at ? one : best),
      undefined
    )
    const later = nextOfExecutions()
    const at = Math.min(input?.at ?? Infinity, said?.at ?? Infinity, later)
    if (at === Infinity || at > world.end) break
    const first = input?.at !== at || (said?.made.logSequence ?? 0) <= input.logSequence
    if (said !== undefined && said.at === at && first) {
      coming.splice(coming.indexOf(said), 1)
      report(said)
    } else if (input !== undefined && input.at === at) {
      next += 1
      knownSequence = Math.max(knownSequence, input.logSequence)
      if (input._tag === "command") {
        const recall = { events: () => told, ended: () => undefined }
        const decided = Task.decide(state, input.command(change), at, excluded, recall)
        if (Result.isSuccess(decided) && decided.success._tag === "events") apply(decided.success.events, at)
      } else {
        // What is left over is decided at once afterwards.
        for (let decided = wake(at); decided.length > 0; decided = wake(at)) apply(decided, at)
      }
    } else apply([], at)
  }
  return summary(told, calendars, { attempts, busyMs, mostAtOnce, assumed: assumed.size })
}

/** What a history decided, as it stands in the log. */
export const recorded = (events: ReadonlyArray<Placed>, calendars: CalendarHistory): Course => {
  let attempts = 0
  let busyMs = 0
  const ends: Array<readonly [at: number, change: 1 | -1]> = []
  for (const { event } of events) {
    if ("parentExecutionId" in event && event.parentExecutionId !== undefined) continue
    if (event.type !== "success" && event.type !== "failure" && event.type !== "retry") continue
    if (event.startedAt === null) continue
    attempts += 1
    busyMs += event.durationMs
    ends.push([toMillis(event.startedAt), 1], [toMillis(event.finishedAt), -1])
  }
  let mostAtOnce = 0
  let now = 0
  for (const [, change] of ends.sort(([a, up], [b, other]) => a - b || up - other))
    mostAtOnce = Math.max(mostAtOnce, (now += change))
  return summary(
    events.map(({ event }) => event),
    calendars,
    { attempts, busyMs, mostAtOnce, assumed: 0 }
  )
}

const summary = (
  events: ReadonlyArray<TaskEvent>,
  calendars: CalendarHistory,
  more: Pick<Course, "attempts" | "assumed" | "busyMs" | "mostAtOnce">
): Course => {
  const decisions = new Map<Instant, string>()
  const skipped: Record<string, number> = {}
  let [due, success, failure] = [0, 0, 0]
  let definition: TaskDefinition | undefined
  for (const event of events) {
    if ("parentExecutionId" in event && event.parentExecutionId !== undefined) continue
    if ("definition" in event && event.definition !== undefined) ({ definition } = event)
    if (event.type === "success") success += 1
    else if (event.type === "failure") failure += 1
    else if (event.type === "due" && event.manual !== true) {
      due += 1
      decisions.set(event.nominalAt, "due")
    } else if (event.type === "skipped" && event.reason !== "dstGap") {
      // No policy decides about what the clocks take away, and older logs do not tell of it.
      skipped[event.reason] = (skipped[event.reason] ?? 0) + event.count
      if (event.count === 1 || definition === undefined) {
        decisions.set(event.nominalAt, event.reason)
        continue
      }
      const grid = gridOf(definition, calendars.daysAt(definition, event.calendarsAt ?? 0))
      const last = toMillis(event.throughAt)
      let left = MOST_OF_A_STRETCH
      for (
        let at: number | null = toMillis(event.nominalAt);
        at !== null && at <= last && left > 0;
        at = grid.next(at)
      ) {
        decisions.set(fromMillis(at), event.reason)
        left -= 1
      }
    }
  }
  return { decisions, due, skipped, success, failure, ...more }
}

/** An instant about which another course decides otherwise. */
export interface Otherwise {
  readonly at: Instant
  readonly executionId: string
  readonly was: string
  readonly would: string
}

export const otherwise = (taskId: string, was: Decisions, would: Decisions): ReadonlyArray<Otherwise> =>
  [...new Set([...was.keys(), ...would.keys()])].sort().flatMap((at) => {
    const [before, after] = [was.get(at) ?? "nothing", would.get(at) ?? "nothing"]
    return before === after ? [] : [{ at, executionId: executionIdOf(taskId, toMillis(at)), was: before, would: after }]
  })
