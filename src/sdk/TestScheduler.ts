/**
 * A scheduler for tests of programs: the whole of it in memory, at a time that the test says, with the program's own task
 * types. Nothing runs while the test is not asked to let time pass, and a year passes in moments.
 *
 * Of the task types that this project brings, notifications and sequences are what they always are; commands, calls of
 * tools and of addresses are not made: each ends well, with null, unless the test gives a type of the same name.
 */
import { Cause, Effect, Exit, Random, Scope, Stream } from "effect"
import { type MemoryOptions, make as makeMemory } from "../memory/MemoryScheduler.ts"
import * as VirtualTime from "../memory/VirtualTime.ts"
import { parseDuration } from "../recurrence/Duration.ts"
import { type AnnouncedEvent, Refused } from "../Scheduler.ts"
import { type BuiltInServices, builtInTaskTypes } from "../work/BuiltInTaskTypes.ts"
import type { NotificationMessage } from "../work/notification/NotificationMessage.ts"
import type { AttemptContext, TaskType } from "../work/TaskType.ts"
import { make as makeClient, type SchedulerClient } from "./SchedulerClient.ts"

export interface TestSchedulerOptions extends MemoryOptions {
  /** RFC 3339; default 2026-01-01T00:00:00Z. */
  readonly startAt?: string | Date
  /** What would be random follows from it; default 1. */
  readonly seed?: number | string
  /** How long time stands still, in real milliseconds, while a run waits for something real; default 1,000. */
  readonly patienceMs?: number
}

/** An attempt that was made. */
export interface TestRun {
  /** When it began. */
  readonly at: string
  readonly taskId: string
  readonly taskName: string
  readonly taskType: string
  readonly args: Readonly<Record<string, unknown>>
  readonly executionId: string
  readonly nominalAt: string
  readonly attempt: number
  /** `stopped`: it was interrupted, for it took too long or was not wanted any more. */
  readonly outcome: "running" | "success" | "failure" | "stopped"
  /** What it gave. */
  readonly result?: unknown
  /** Why it failed. */
  readonly error?: string
}

export interface TestScheduler extends AsyncDisposable {
  readonly scheduler: SchedulerClient
  /** The time of the test, RFC 3339. */
  readonly now: string
  /** All attempts so far, in the order in which they began. */
  readonly runs: ReadonlyArray<TestRun>
  /** All events that were announced so far, in order. */
  readonly events: ReadonlyArray<AnnouncedEvent>
  /** All notifications so far, in order. */
  readonly notifications: ReadonlyArray<NotificationMessage>
  /**
   * Lets so much time pass (`"1d"`, `"1h30m"`, milliseconds) and gives the attempts that began meanwhile; everything that
   * became due has been done when the promise is fulfilled.
   */
  advance(by: string | number): Promise<ReadonlyArray<TestRun>>
  /** Lets time pass to an instant. */
  advanceTo(instant: string | Date): Promise<ReadonlyArray<TestRun>>
  close(): Promise<void>
}

const DEFAULT_START = "2026-01-01T00:00:00.000Z"

/** More than a worker ever takes to stop. */
const STOP_MS = 120_000

const millisOf = (instant: string | Date): number => {
  const millis = instant instanceof Date ? instant.getTime() : Date.parse(instant)
  if (!Number.isNaN(millis)) return millis
  throw new Refused({
    code: "invalidRequest",
    message: `${JSON.stringify(instant)} is not an instant such as 2026-03-01T00:00:00Z`
  })
}

const durationOf = (by: string | number): number => {
  const millis = typeof by === "number" ? by : parseDuration(by)
  if (millis !== undefined && millis >= 0 && Number.isFinite(millis)) return millis
  throw new Refused({
    code: "invalidRequest",
    message: `${JSON.stringify(by)} is not a length of time such as "1d", "1h30m" or a number of milliseconds`
  })
}

/** What this project brings and a test does not want to happen. */
const acted = (type: TaskType<BuiltInServices>, hasPlugins: boolean): boolean =>
  builtInTaskTypes.includes(type) && type.name !== "notification" && !(hasPlugins && type.name === "plugin_command")

type Writable<A> = { -readonly [Key in keyof A]: A[Key] }

/** Starts one; `close` it at the end of the test. */
export const make = async (options: TestSchedulerOptions): Promise<TestScheduler> => {
  const { patienceMs = 1000, plugins = [], seed = 1, startAt = DEFAULT_START } = options
  const time = VirtualTime.make(millisOf(startAt), patienceMs)
  const iso = () => new Date(time.now()).toISOString()
  const runs: Array<TestRun> = []
  const events: Array<AnnouncedEvent> = []
  const notifications: Array<NotificationMessage> = []

  const begun = (taskType: string, args: TestRun["args"], context: AttemptContext): Writable<TestRun> => {
    const { attempt, executionId, nominalAt, taskId, taskName } = context
    const run = {
      at: iso(),
      taskId,
      taskName,
      taskType,
      args,
      executionId,
      nominalAt,
      attempt,
      outcome: "running" as const
    }
    runs.push(run)
    return run
  }
  const recorded = (type: TaskType<BuiltInServices>): TaskType<BuiltInServices> => ({
    ...type,
    attempt: (args, context) =>
      Effect.suspend(() => {
        const run = begun(type.name, args, context)
        const attempt = acted(type, plugins.length > 0) ? Effect.succeed(null) : type.attempt(args, context)
        return Effect.onExit(time.during(attempt), (exit) =>
          Effect.sync(() => {
            if (Exit.isSuccess(exit)) {
              run.outcome = "success"
              run.result = exit.value
            } else if (Cause.hasInterruptsOnly(exit.cause)) run.outcome = "stopped"
            else {
              run.outcome = "failure"
              const error = Cause.squash(exit.cause)
              run.error = error instanceof Error ? error.message : String(error)
            }
          })
        )
      })
  })

  const scope = Effect.runSync(Scope.make())
  const run = Effect.runPromiseWith(time.context)
  const { feed, frontDoor } = await run(makeMemory(options, recorded).pipe(Random.withSeed(seed), Scope.provide(scope)))
  const keep = (pattern: string, into: Array<never>) =>
    run(
      Effect.gen(function* () {
        const heard = yield* feed.subscribe(pattern)
        yield* Effect.forkScoped(Stream.runForEach(heard, (body) => Effect.sync(() => into.push(body as never))))
      }).pipe(Scope.provide(scope))
    )
  await keep("scheduler.task.*", events as Array<never>)
  await keep("scheduler.notification.*", notifications as Array<never>)
  /** A worker that stops gives its runs a while to end: of the test's time. */
  const end = () => Promise.all([run(Scope.close(scope, Exit.void)), time.advanceTo(time.now() + STOP_MS)])
  const scheduler = makeClient({ door: frontDoor, run, lookMs: null, end: async () => {} })

  /** One after another, in the order in which they were asked for. */
  let last: Promise<unknown> = Promise.resolve()
  const advance = (until: () => number) => {
    const next = last.then(async () => {
      const before = runs.length
      await time.advanceTo(until())
      return runs.slice(before)
    })
    last = next.catch(() => undefined)
    return next
  }
  const close = async () => {
    await scheduler.close()
    await end()
  }
  return {
    scheduler,
    get now() {
      return iso()
    },
    runs,
    events,
    notifications,
    advance: async (by) => {
      const millis = durationOf(by)
      return advance(() => time.now() + millis)
    },
    advanceTo: async (instant) => {
      const millis = millisOf(instant)
      return advance(() => millis)
    },
    close,
    [Symbol.asyncDispose]: close
  }
}
