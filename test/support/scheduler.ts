/** The front door in memory: tasks and executions as they are put in, ids and refusals as the service gives them. */
import { Effect, Schema, Stream } from "effect"
import { severalOf } from "../../src/projections/Queries.ts"
import { unknownQueue } from "../../src/actors/door/QueueRequest.ts"
import { changed as limitsAfter } from "../../src/actors/Queues.ts"
import type { AcceptLogRequest } from "../../src/actors/door/AcceptLogRequest.ts"
import type { ScheduledTask } from "../../src/projections/ScheduledTask.ts"
import type { Subscription } from "../../src/service/Cursors.ts"
import type { TaskExecution } from "../../src/projections/TaskExecution.ts"
import {
  type AnnouncedEvent,
  type CalendarView,
  type QueueAnswer,
  type QueueView,
  type OutputPiece,
  CancelRequest,
  type RunRequest,
  Refused,
  ScheduleRequest,
  Scheduler,
  type SchedulerError,
  type ServiceStatus,
  type TaskChange
} from "../../src/Scheduler.ts"

export const aTask = (changes: Partial<ScheduledTask> = {}): ScheduledTask => ({
  taskId: "teatime000000001",
  taskType: "notification",
  taskName: "tea",
  description: "",
  taskArgs: { message: "Tea is ready" },
  scheduleType: "recurring",
  scheduleSpec: "every day at 16:00",
  timezone: "Europe/Berlin",
  understoodAs: "every day at 16:00",
  status: "scheduled",
  nextRunAt: "2026-03-08T15:00:00.000Z",
  nextNominalAt: "2026-03-08T15:00:00.000Z",
  spreadMs: 0,
  expiresMs: null,
  pauseAfterFailures: null,
  exclude: [],
  lastRunAt: null,
  lastStatus: null,
  lastError: null,
  runCount: 0,
  maxRuns: null,
  retryCount: 0,
  maxRetries: 3,
  backoffMs: 1000,
  backoffFactor: 2,
  maxBackoffMs: 600_000,
  jitter: 0.1,
  noRetryOn: [],
  queue: "notification",
  priority: 0,
  key: null,
  tags: [],
  overlap: "skip",
  catchUp: "latest",
  catchUpWindowMs: 86_400_000,
  catchUpMax: null,
  catchUpRate: null,
  timeoutMs: 300_000,
  hardTimeoutMs: 600_000,
  startAt: null,
  endAt: null,
  pausedUntil: null,
  pauseReason: null,
  dstGap: null,
  dstOverlap: null,
  managedBy: null,
  createdBy: "cli:ann",
  createdAt: "2026-03-01T08:00:00.000Z",
  updatedAt: "2026-03-01T08:00:00.000Z",
  cancelledAt: null,
  revision: 1,
  ...changes
})

export const anExecution = (changes: Partial<TaskExecution> = {}): TaskExecution => ({
  executionId: "run0000000000001",
  taskId: "teatime000000001",
  taskName: "tea",
  taskType: "shell_command",
  nominalAt: "2026-03-07T15:00:00.000Z",
  dueAt: "2026-03-07T15:00:00.000Z",
  queuedAt: "2026-03-07T15:00:00.001Z",
  startedAt: "2026-03-07T15:00:00.003Z",
  completedAt: "2026-03-07T15:00:01.203Z",
  status: "completed",
  attempt: 1,
  attempts: [
    {
      attempt: 1,
      worker: "w1",
      startedAt: "2026-03-07T15:00:00.003Z",
      finishedAt: "2026-03-07T15:00:01.203Z",
      errorCode: null,
      errorMessage: null
    }
  ],
  result: null,
  output: "hello\n",
  outputTruncated: false,
  errorCode: null,
  errorMessage: null,
  errorDetail: null,
  durationMs: 1200,
  latenessMs: 3,
  worker: "w1",
  parentExecutionId: null,
  stepName: null,
  manual: false,
  waitsFor: null,
  stopRequestedAt: null,
  retryOf: null,
  retriedBy: null,
  endLogSequence: 5,
  ...changes
})

export const aStatus: ServiceStatus = {
  server: { name: "nagatha", version: "2.15.1", url: "nats://127.0.0.1:4222" },
  nodes: [
    {
      nodeId: "n1",
      host: "box",
      pid: 7,
      roles: ["scheduler", "worker", "api"],
      startedAt: "2026-03-07T12:00:00.000Z",
      version: "0.1.0"
    }
  ],
  partitions: [
    { partition: 0, owner: "n1", logSequence: 4, tasks: 2, openExecutions: 1 },
    { partition: 1, owner: "n1", logSequence: 9, tasks: 1, openExecutions: 0 }
  ],
  queues: [{ queue: "shell_command", waiting: 3, inProgress: 1, redelivered: 0 }],
  projection: { logSequence: 13, lag: 0, tasks: { scheduled: 3 }, executions: { completed: 5, failed: 0 } }
}

export interface World {
  readonly tasks: Array<ScheduledTask>
  readonly executions: Array<TaskExecution>
  readonly events: ReadonlyArray<AnnouncedEvent>
  /** What was announced before. */
  readonly past: ReadonlyArray<AnnouncedEvent>
  /** Named subscriptions, and what was acknowledged under their names. */
  readonly subscriptions: Array<Subscription>
  readonly acknowledged: Array<string>
  /** What followers hear. */
  readonly output: ReadonlyArray<OutputPiece>
  readonly status: ServiceStatus
  /** What was asked for of tasks and executions, in order. */
  readonly asked: Array<object>
  /** Requests as they came, in order. */
  readonly scheduled: Array<ScheduleRequest>
  readonly cancelled: Array<CancelRequest>
  readonly ran: Array<RunRequest>
  /** What `changes` answers. */
  readonly revisions: ReadonlyArray<TaskChange>
  /** Requests to pause, resume, restore, undo, revert, retry, cancel one execution, skip, reschedule and update. */
  readonly changed: Array<object>
  readonly calendars: Array<CalendarView>
  readonly queues: Array<QueueView>
  /** Logs that were accepted as they stand, in order. */
  readonly accepted: Array<AcceptLogRequest>
  /** Every call fails with this while it is set. */
  failing: SchedulerError | undefined
  /** Called when a task has been scheduled: what then happens to it. */
  onScheduled: (task: ScheduledTask, world: World) => void
  /** Called before each read of a task or an execution. */
  onRead: (world: World) => void
}

export const aWorld = (changes: Partial<World> = {}): World => ({
  tasks: [],
  executions: [],
  events: [],
  past: [],
  subscriptions: [],
  acknowledged: [],
  output: [],
  status: aStatus,
  asked: [],
  scheduled: [],
  cancelled: [],
  ran: [],
  changed: [],
  revisions: [],
  calendars: [],
  queues: [],
  accepted: [],
  failing: undefined,
  onScheduled: () => undefined,
  onRead: () => undefined,
  ...changes
})

const found = <Item>(what: string, items: ReadonlyArray<Item>, id: string, idOf: (item: Item) => string) => {
  const whole = items.find((item) => idOf(item) === id)
  if (whole !== undefined) return Effect.succeed(whole)
  const matches = id.length < 4 ? [] : items.filter((item) => idOf(item).startsWith(id))
  const [only, ...others] = matches
  if (only === undefined) {
    return Effect.fail(new Refused({ code: "notFound", message: `no ${what} has the id ${JSON.stringify(id)}` }))
  }
  return others.length === 0
    ? Effect.succeed(only)
    : Effect.fail(
        new Refused({
          code: "ambiguousId",
          message: `${JSON.stringify(id)} is the beginning of more than one ${what} id`
        })
      )
}

const page = <Item>(
  given: ReadonlyArray<Item>,
  query: { readonly limit?: number; readonly cursor?: string; readonly reverse?: boolean }
) => {
  const items = query.reverse === true ? given.toReversed() : given
  const from = Number(query.cursor ?? "0")
  const until = from + (query.limit ?? 100)
  return {
    items: items.slice(from, until),
    nextCursor: until < items.length ? String(until) : null,
    logSequence: 1
  }
}

const wants = (asked: string | ReadonlyArray<string> | undefined, value: string): boolean =>
  severalOf(asked)?.includes(value) ?? true

const isRequest = Schema.is(ScheduleRequest)
const isCancel = Schema.is(CancelRequest)

const aQueue = (queue: string): QueueView => ({
  queue,
  limits: {},
  paused: null,
  running: 0,
  waiting: 0,
  held: {},
  revision: 0,
  changedAt: null
})

/** The queue as it was told to be. */
const said = (world: World, told: QueueView): QueueAnswer => {
  const { limits, paused, queue, revision } = told
  const after = { ...told, revision: revision + 1, changedAt: "2026-03-08T12:00:00.000Z" }
  const at = world.queues.findIndex((one) => one.queue === queue)
  world.queues.splice(at < 0 ? world.queues.length : at, 1, after)
  return { queue, limits, paused: paused !== null, revision: revision + 1, logSequence: 9 }
}

export const memoryScheduler = (world: World): Scheduler["Service"] => {
  const guarded = <A>(effect: () => Effect.Effect<A, SchedulerError>) =>
    Effect.suspend(() => (world.failing === undefined ? effect() : Effect.fail(world.failing)))
  const task = (id: string) => found("task", world.tasks, id, (one) => one.taskId)
  const schedule = (request: ScheduleRequest) =>
    guarded(() =>
      Effect.sync(() => {
        if (!isRequest(request)) throw new Error(`not a request: ${JSON.stringify(request)}`)
        world.scheduled.push(request)
        const added = aTask({
          taskId: request.taskId ?? `task${String(world.tasks.length).padStart(12, "0")}`,
          taskType: request.taskType,
          taskName: request.taskName ?? request.taskType,
          scheduleSpec: request.schedule,
          timezone: request.timezone ?? "UTC",
          taskArgs: request.taskArgs ?? {}
        })
        const dryRun = request.dryRun === true
        if (!dryRun) {
          world.tasks.push(added)
          world.onScheduled(added, world)
        }
        return {
          taskId: added.taskId,
          created: !dryRun,
          understoodAs: added.understoodAs,
          timezone: added.timezone,
          nextRuns:
            request.allowPast === true
              ? []
              : [
                  { at: "2026-03-08T15:00:00.000Z", local: "2026-03-08T16:00:00.000+01:00" },
                  { at: "2026-03-29T14:00:00.000Z", local: "2026-03-29T16:00:00.000+02:00", note: "the clocks change" }
                ],
          notes: ["16:00 is in the afternoon"],
          logSequence: dryRun ? null : 7
        }
      })
    )
  const changing = (status: ScheduledTask["status"], request: { readonly taskId: string }) =>
    guarded(() =>
      Effect.map(task(request.taskId), (one) => {
        world.changed.push(request)
        const changed = { ...one, status, revision: one.revision + 1 }
        world.tasks.splice(world.tasks.indexOf(one), 1, changed)
        return { taskId: one.taskId, status, revision: changed.revision, logSequence: 9 }
      })
    )
  const changed = (request: { readonly taskId: string }) =>
    Effect.map(changing("scheduled", request), (answer) => ({
      ...answer,
      understoodAs: "every day at 09:00",
      timezone: "Europe/Berlin",
      nextRuns: [{ at: "2026-03-09T08:00:00.000Z", local: "2026-03-09T09:00:00.000+01:00" }],
      notes: []
    }))
  return Scheduler.of({
    schedule,
    scheduleMany: () => Effect.die("the command line schedules one by one"),
    cancel: (request) =>
      guarded(() =>
        Effect.flatMap(task(request.taskId), (one) => {
          if (!isCancel(request)) throw new Error(`not a request: ${JSON.stringify(request)}`)
          if (one.status === "cancelled") {
            return Effect.fail(
              new Refused({ code: "alreadyCancelled", message: `task ${one.taskId} has been cancelled already` })
            )
          }
          world.cancelled.push(request)
          world.tasks.splice(world.tasks.indexOf(one), 1, { ...one, status: "cancelled", revision: one.revision + 1 })
          return Effect.succeed({
            taskId: one.taskId,
            status: "cancelled",
            revision: one.revision + 1,
            logSequence: 8
          })
        })
      ),
    run: (request) =>
      guarded(() =>
        Effect.map(task(request.taskId), (one) => {
          world.ran.push(request)
          return {
            taskId: one.taskId,
            status: one.status,
            revision: one.revision,
            logSequence: 9,
            executionId: `${one.taskId}@run`
          }
        })
      ),
    cancelExecution: (request) =>
      guarded(() =>
        Effect.map(
          found("execution", world.executions, request.executionId, (one) => one.executionId),
          ({ executionId, status, taskId }) => {
            world.changed.push(request)
            const execution = status === "running" ? ("stopping" as const) : ("cancelled" as const)
            return { taskId, status: "scheduled", revision: 1, logSequence: 9, executionId, execution }
          }
        )
      ),
    cancelWaiting: (request) => Effect.map(changing("scheduled", request), (answer) => ({ ...answer, executions: 3 })),
    retry: (request) =>
      guarded(() =>
        Effect.map(
          "executionId" in request
            ? Effect.map(
                found("execution", world.executions, request.executionId, (one) => one.executionId),
                ({ taskId }) => taskId
              )
            : Effect.map(task(request.taskId), ({ taskId }) => taskId),
          (taskId) => {
            world.changed.push(request)
            return { taskId, status: "scheduled", revision: 1, logSequence: 9, executionId: `${taskId}@again` }
          }
        )
      ),
    restore: (request) => changed(request),
    undo: (request) => changed(request),
    revert: (request) => changed(request),
    changes: ({ field, id }) =>
      guarded(() =>
        Effect.map(task(id), ({ taskId }) => ({
          taskId,
          items: world.revisions.filter(
            ({ changes }) => field === undefined || changes.some((one) => one.field === field)
          ),
          nextBefore: null,
          lastSet: [{ field: field ?? "status", revision: 2, at: "2026-03-01T09:00:00.000Z", actor: "cli:bob" }],
          logSequence: 9
        }))
      ),
    pause: (request) => changing("paused", request),
    resume: (request) => changing("scheduled", request),
    skip: (request) => changing("scheduled", request),
    backfill: (request) => Effect.map(changing("scheduled", request), (answer) => ({ ...answer, executions: 7 })),
    why: () => Effect.die("a log is read from the scheduler in memory"),
    schedules: () => Effect.die("schedules are read from the scheduler in memory"),
    storedLog: () => Effect.die("a log is read from the scheduler in memory"),
    pastEvents: () => guarded(() => Effect.succeed({ items: world.past, nextCursor: null })),
    occurrences: () => Effect.succeed({ count: 0, runs: [], timezone: "Europe/Berlin" }),
    reschedule: (request) => changed(request),
    update: (request) => changed(request),
    setCalendar: ({ calendar, days }) =>
      guarded(() =>
        Effect.sync(() => {
          const changedAt = "2026-03-08T08:00:00.000Z"
          world.calendars.push({ calendar, days, revision: 1, changedAt, logSequence: 9 })
          return { calendar, revision: 1, logSequence: 9 }
        })
      ),
    removeCalendar: ({ calendar }) =>
      guarded(() => {
        const at = world.calendars.findIndex((one) => one.calendar === calendar)
        if (at < 0) {
          return Effect.fail(
            new Refused({ code: "notFound", message: `no calendar is named ${JSON.stringify(calendar)}` })
          )
        }
        world.calendars.splice(at, 1)
        return Effect.succeed({ calendar, revision: 2, logSequence: 10 })
      }),
    setQueue: ({ queue, ...changes }) =>
      guarded(() =>
        Effect.sync(() => {
          const before = world.queues.find((one) => one.queue === queue)
          const limits = limitsAfter(before?.limits ?? {}, changes)
          return said(world, { ...(before ?? aQueue(queue)), limits })
        })
      ),
    pauseQueue: ({ queue, reason }) =>
      guarded(() =>
        Effect.sync(() => {
          const paused = { since: "2026-03-08T12:00:00.000Z", by: "cli:ann", reason: reason ?? null }
          return said(world, { ...(world.queues.find((one) => one.queue === queue) ?? aQueue(queue)), paused })
        })
      ),
    resumeQueue: ({ queue }) =>
      guarded(() =>
        Effect.sync(() => {
          const before = world.queues.find((one) => one.queue === queue) ?? aQueue(queue)
          const { limits, paused, revision } = before
          if (paused === null) return { queue, limits, paused: false, revision, logSequence: 9 }
          return said(world, { ...before, paused: null })
        })
      ),
    acceptLog: (request) =>
      guarded(() => {
        const { partition } = request
        const halted = world.status.partitions.find((one) => one.partition === partition)
        const found = (halted?.troubles ?? []).map((one) => one.found)
        if (found.length > 0) world.accepted.push(request)
        return found.length > 0
          ? Effect.succeed({ partition, logSequence: 12, found })
          : Effect.fail(new Refused({ code: "notHalted", message: `partition ${partition} is not halted` }))
      }),
    queues: ({ queue }) =>
      guarded(() => {
        const found = world.queues.filter((one) => queue === undefined || one.queue === queue)
        if (queue === undefined || found.length > 0) return Effect.succeed(found)
        const known = world.queues.map((one) => one.queue)
        return Effect.fail(unknownQueue(queue, known))
      }),
    calendars: guarded(() => Effect.succeed(world.calendars)),
    next: () => Effect.die("the command line reads words by itself"),
    counts: (query) =>
      guarded(() => {
        world.asked.push(query)
        return Effect.succeed({ total: 3, by: { status: { paused: 1, scheduled: 2 } }, logSequence: 1 })
      }),
    executionCounts: (query) =>
      guarded(() => {
        world.asked.push(query)
        return Effect.succeed({ total: 12, by: { status: { failed: 2, completed: 10 } }, logSequence: 1 })
      }),
    tasks: (query) =>
      guarded(() => {
        world.asked.push(query)
        return Effect.succeed(
          page(
            world.tasks.filter(
              (one) =>
                wants(query.status, one.status) &&
                (query.name === undefined || one.taskName === query.name) &&
                wants(query.type, one.taskType) &&
                wants(query.id, one.taskId) &&
                (severalOf(query.tag) ?? []).every((tag) => one.tags.includes(tag))
            ),
            query
          )
        )
      }),
    info: ({ id, executions }) =>
      guarded(() => {
        world.onRead(world)
        return Effect.map(task(id), (one) => ({
          task: one,
          nextRuns: [],
          notes: [],
          executions: world.executions.filter(({ taskId }) => taskId === one.taskId).slice(0, executions ?? 10)
        }))
      }),
    executions: (query) =>
      guarded(() => {
        world.asked.push(query)
        return Effect.map(query.taskId === undefined ? Effect.undefined : task(query.taskId), (asked) =>
          page(
            world.executions.filter(
              (one) =>
                (asked === undefined || one.taskId === asked.taskId) &&
                wants(query.status, one.status) &&
                (query.parent === undefined || one.parentExecutionId === query.parent) &&
                (query.steps !== false || one.parentExecutionId === null) &&
                (query.since === undefined || one.dueAt >= query.since)
            ),
            query
          )
        )
      }),
    execution: ({ id }) =>
      guarded(() => {
        world.onRead(world)
        return found("execution", world.executions, id, (one) => one.executionId)
      }),
    output: (executionId) =>
      Stream.concat(
        Stream.fromIterable(world.output.filter((piece) => piece.executionId === executionId)),
        Stream.never
      ),
    status: guarded(() => Effect.succeed(world.status)),
    consume: ({ name }) =>
      Stream.map(Stream.fromIterable(world.past), (event) => ({
        event,
        ack: Effect.sync(() => void (name !== undefined && world.acknowledged.push(`${name} ${event.id}`)))
      })),
    eventPage: () => Effect.die("the command line asks for no pages"),
    eventPages: () => Effect.die("the command line asks for no pages"),
    makeSubscription: () => Effect.die("the command line consumes"),
    acknowledge: () => Effect.die("the command line consumes"),
    subscriptions: guarded(() => Effect.succeed(world.subscriptions)),
    unsubscribe: ({ name }) =>
      guarded(() => {
        const at = world.subscriptions.findIndex((one) => one.name === name)
        const [removed] = at < 0 ? [] : world.subscriptions.splice(at, 1)
        return removed === undefined
          ? Effect.fail(new Refused({ code: "notFound", message: `no subscription is named "${name}"` }))
          : Effect.succeed(removed)
      }),
    subscribe: (pattern) => Effect.succeed(eventsOf(world, pattern)),
    events: (pattern) => eventsOf(world, pattern)
  })
}

const eventsOf = (world: World, pattern: string | undefined) =>
  Stream.fromIterable(
    world.events.filter(({ type }) => pattern === undefined || pattern.endsWith("*") || type === pattern)
  )
