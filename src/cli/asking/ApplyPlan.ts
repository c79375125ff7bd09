/**
 * What applying a set of files does to each task: decided from what the file says, what the service makes of it, and what
 * is there. Pure; nothing is touched that the plan does not name, and whether a task is paused never is.
 */
import type { Effect } from "effect"
import type { Run, ScheduleRequest, UpdateRequest } from "../../actors/door/TaskRequest.ts"
import type { ScheduledTask } from "../../projections/ScheduledTask.ts"
import type { SchedulerError } from "../../Scheduler.ts"
import type { AppliedTask } from "./TaskDocuments.ts"

export const ACTIONS = ["create", "update", "reschedule", "restore", "unchanged", "prune", "gone", "refused"] as const
export type Action = (typeof ACTIONS)[number]

/** A field, as it is and as it is to be. */
export interface FieldDiff {
  readonly field: string
  readonly before: unknown
  readonly after: unknown
}

/** A change that nobody made by applying this set, since it was applied. */
export interface HandChange {
  readonly field: string
  readonly actor: string
  readonly at: string
  readonly revision: number
  readonly reason: string | null
}

/** The changes by hand of a task of a set, for the fields that are not as its file says. */
export type HandChangesOf = (
  taskId: string,
  set: string,
  fields: ReadonlyArray<string>
) => Effect.Effect<ReadonlyArray<HandChange>, SchedulerError>

export interface Planned {
  readonly taskId: string
  readonly action: Action
  /** Where it is written; null where nowhere any more. */
  readonly place: string | null
  readonly changes: ReadonlyArray<FieldDiff>
  /** In which its runs are shown. */
  readonly timezone: string
  /** Where the schedule changes, or the task is new. */
  readonly nextRunsBefore: ReadonlyArray<Run>
  readonly nextRunsAfter: ReadonlyArray<Run>
  readonly drift: ReadonlyArray<HandChange>
  /** Why it is refused, or what else there is to know. */
  readonly note: string | null
  readonly create?: ScheduleRequest
  /** Of a restored task: what to change after that; without `ifRevision`, which is known then. */
  readonly update?: UpdateRequest
}

/** What the service would make of a file: the fields of ScheduledTask that follow from a request. */
export type WouldBe = Readonly<Record<string, unknown>>

/** Fields that a file decides: the name in ScheduledTask, and that in an update where it is another. */
const DECIDED: Readonly<Record<string, keyof UpdateRequest>> = {
  taskName: "taskName",
  description: "description",
  taskArgs: "taskArgs",
  scheduleSpec: "schedule",
  timezone: "timezone",
  dstGap: "dstGap",
  dstOverlap: "dstOverlap",
  startAt: "startAt",
  endAt: "endAt",
  maxRuns: "maxRuns",
  spreadMs: "spreadMs",
  exclude: "exclude",
  queue: "queue",
  priority: "priority",
  key: "key",
  tags: "tags",
  maxRetries: "maxRetries",
  backoffMs: "backoffMs",
  backoffFactor: "backoffFactor",
  maxBackoffMs: "maxBackoffMs",
  jitter: "jitter",
  noRetryOn: "noRetryOn",
  timeoutMs: "timeoutMs",
  hardTimeoutMs: "hardTimeoutMs",
  overlap: "overlap",
  catchUp: "catchUp",
  catchUpWindowMs: "catchUpWindowMs",
  catchUpMax: "catchUpMax",
  catchUpRate: "catchUpRate",
  expiresMs: "expiresMs",
  pauseAfterFailures: "pauseAfterFailures",
  managedBy: "managedBy"
}
/** Fields that follow from others, or from when and by whom a task was made. */
export const FOLLOWING: ReadonlySet<string> = new Set(["understoodAs", "createdBy", "taskType"])
export const decidedFields: ReadonlyArray<string> = Object.keys(DECIDED)

const WORDS: ReadonlySet<string> = new Set(["scheduleSpec", "timezone", "dstGap", "dstOverlap"])
const BOUNDS = ["startAt", "endAt", "maxRuns"] as const
const TIMING: ReadonlySet<string> = new Set([...WORDS, ...BOUNDS, "spreadMs", "exclude"])

/** JSON with sorted keys: the order of keys says nothing. */
const canonical = (value: unknown): string =>
  JSON.stringify(value ?? null, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner
  )

/** Fields in which a task is not as its file says. */
export const differences = (file: AppliedTask, wouldBe: WouldBe, task: ScheduledTask): ReadonlyArray<FieldDiff> => {
  const now: Readonly<Record<string, unknown>> = { ...task }
  return (
    decidedFields
      .filter((field) => canonical(now[field]) !== canonical(wouldBe[field]))
      // A bound that the same words say was read when they were said.
      .filter((field) => !isSaid(field, file, wouldBe) || task.scheduleSpec !== file.schedule)
      .map((field) => ({ field, before: now[field] ?? null, after: wouldBe[field] ?? null }))
  )
}

/** Whether the words of the schedule say a bound, and not the file beside them. */
const isSaid = (field: string, file: AppliedTask, wouldBe: WouldBe): boolean =>
  (BOUNDS as ReadonlyArray<string>).includes(field) && !(field in file) && (wouldBe[field] ?? null) !== null

/** The update that makes a task as its file says. */
export const updateOf = (
  file: AppliedTask,
  wouldBe: WouldBe,
  task: ScheduledTask,
  changes: ReadonlyArray<FieldDiff>
): UpdateRequest => {
  const isReworded = changes.some(({ field }) => WORDS.has(field))
  const asked: Record<string, unknown> = {}
  for (const { after, field } of changes) {
    const name = DECIDED[field]
    // A rule for the clocks that the new words have no use for.
    if (name === undefined || ((field === "dstGap" || field === "dstOverlap") && after === null)) continue
    if (!isReworded || !(BOUNDS as ReadonlyArray<string>).includes(field)) asked[name] = after
  }
  if (isReworded) {
    asked["schedule"] = file.schedule
    for (const bound of BOUNDS) {
      if (file[bound] !== undefined) asked[bound] = file[bound]
      else if (task[bound] !== null && (wouldBe[bound] ?? null) === null) asked[bound] = null
    }
  }
  return { taskId: file.taskId, ifRevision: task.revision, ...asked }
}

export interface Wanted {
  readonly file: AppliedTask
  readonly place: string
  readonly wouldBe: WouldBe
  readonly nextRuns: ReadonlyArray<Run>
}

export interface There {
  readonly task: ScheduledTask
  readonly nextRuns: ReadonlyArray<Run>
  readonly drift: ReadonlyArray<HandChange>
}

const managerOf = (set: string): string => `apply:${set}`
export { managerOf }

const isOver = ({ status }: ScheduledTask): boolean =>
  status === "cancelled" || status === "completed" || status === "failed"

/** What to do about a task that a file says. */
export const planned = (set: string, { file, nextRuns, place, wouldBe }: Wanted, there: There | undefined): Planned => {
  const nothing = {
    timezone: typeof wouldBe["timezone"] === "string" ? wouldBe["timezone"] : "UTC",
    taskId: file.taskId,
    place,
    changes: [],
    nextRunsBefore: [],
    nextRunsAfter: [],
    drift: [],
    note: null
  }
  if (there === undefined) {
    return { ...nothing, action: "create", nextRunsAfter: nextRuns, create: { ...file, managedBy: managerOf(set) } }
  }
  const { drift, task } = there
  const refused = (note: string): Planned => ({ ...nothing, action: "refused", note, drift })
  if (task.managedBy !== null && task.managedBy !== managerOf(set)) {
    return refused(
      `${task.managedBy} looks after it: take it out of there, or release it with nagatha update ${task.taskId} --managed-by none`
    )
  }
  if (task.taskType !== file.taskType) {
    return refused(
      `it is a ${task.taskType}, and a task's type cannot be changed to ${file.taskType}: give another taskId`
    )
  }
  const changes = differences(file, wouldBe, task)
  const isTimed = changes.some(({ field }) => TIMING.has(field))
  const found = {
    ...nothing,
    changes,
    drift,
    ...(isTimed ? { nextRunsBefore: there.nextRuns, nextRunsAfter: nextRuns } : {})
  }
  const update = changes.length === 0 ? {} : { update: updateOf(file, wouldBe, task, changes) }
  if (task.status === "cancelled") return { ...found, action: "restore", nextRunsAfter: nextRuns, ...update }
  if (changes.length === 0)
    return { ...found, action: "unchanged", note: isOver(task) ? `it is over (${task.status})` : null }
  if (isOver(task)) return refused(`it is over (${task.status}) and cannot be changed: give another taskId`)
  return { ...found, action: isTimed ? "reschedule" : "update", ...update }
}

/** What to do about a task of the set that no file says any more. */
export const leftOver = (task: ScheduledTask, prune: boolean): Planned => ({
  taskId: task.taskId,
  action: prune ? "prune" : "gone",
  place: null,
  timezone: task.timezone,
  changes: [],
  nextRunsBefore: [],
  nextRunsAfter: [],
  drift: [],
  note: prune ? null : "no file says it any more: --prune cancels it"
})

/** Whether something is to be done. */
export const isPending = ({ action }: Planned): boolean =>
  action !== "unchanged" && action !== "refused" && action !== "gone"
