/**
 * The scheduler for programs that know promises: every method of the front door as a promise (`schedule`, `cancel`,
 * `tasks` …), and beside them what programs ask for most often in fewer words.
 */
import { Effect, Option, Stream } from "effect"
import type { TaskArgs } from "../events/TaskDefinition.ts"
import type { ExecutionsQuery, TasksQuery } from "../projections/Queries.ts"
import type { ScheduledTask } from "../projections/ScheduledTask.ts"
import type { TaskExecution } from "../projections/TaskExecution.ts"
import type {
  AnnouncedEvent,
  BackfillAnswer,
  BackfillRequest,
  CancelExecutionAnswer,
  CancelExecutionRequest,
  CancelRequest,
  CancelWaitingAnswer,
  CancelWaitingRequest,
  ChangeAnswer,
  ChangesQuery,
  PauseRequest,
  RescheduleRequest,
  RestoreRequest,
  RetryOfTask,
  RetryRequest,
  RevertRequest,
  RunAnswer,
  RunRequest,
  ScheduleAnswer,
  ScheduleRequest,
  SkipRequest,
  StoredLogPage,
  StoredLogQuery,
  TaskAnswer,
  TaskChange,
  UndoRequest,
  UpdateRequest,
  WhyAnswer
} from "../Scheduler.ts"
import type { ConsumeOptions, FrontDoor } from "../service/FrontDoor.ts"
import { checked, wrongArgument } from "./Asking.ts"
import { type Promised, promised, type Run } from "./Promised.ts"
import { type Hearing, waitForExecution, waitForTask, type WaitOptions } from "./Waiting.ts"

/** What is common to all tasks. */
export type TaskFields = Omit<ScheduleRequest, "taskType" | "taskArgs">

export interface NotificationRequest extends TaskFields {
  readonly message: string
  readonly notificationType?: "info" | "success" | "warning" | "error"
  readonly target?: string
  readonly channel?: string | ReadonlyArray<string>
}

export interface McpToolRequest extends TaskFields {
  readonly serverName: string
  readonly toolName: string
  readonly arguments?: TaskArgs
}

export interface PluginCommandRequest extends TaskFields {
  readonly pluginName: string
  readonly commandName: string
  readonly arguments?: TaskArgs
}

/** What else is said of a change, besides the task. */
type About<Request> = Omit<Request, "taskId">

export interface SchedulerClient extends Omit<Promised<FrontDoor>, "consume">, AsyncDisposable {
  scheduleTask(request: ScheduleRequest): Promise<ScheduleAnswer>
  scheduleNotification(request: NotificationRequest): Promise<ScheduleAnswer>
  scheduleMcpTool(request: McpToolRequest): Promise<ScheduleAnswer>
  schedulePluginCommand(request: PluginCommandRequest): Promise<ScheduleAnswer>
  cancelTask(taskId: string, options?: About<CancelRequest>): Promise<TaskAnswer>
  rescheduleTask(
    taskId: string,
    schedule: string,
    options?: Omit<RescheduleRequest, "taskId" | "schedule">
  ): Promise<ChangeAnswer>
  updateTask(taskId: string, changes: About<UpdateRequest>): Promise<ChangeAnswer>
  pauseTask(taskId: string, options?: About<PauseRequest>): Promise<TaskAnswer>
  resumeTask(taskId: string, options?: About<CancelRequest>): Promise<TaskAnswer>
  runTask(taskId: string, options?: About<RunRequest>): Promise<RunAnswer>
  /** Leaves out one occurrence that is still to come. */
  skipOccurrence(
    taskId: string,
    instant: string,
    options?: Omit<SkipRequest, "taskId" | "instant">
  ): Promise<TaskAnswer>
  backfillTask(taskId: string, stretch: About<BackfillRequest>): Promise<BackfillAnswer>
  /** Lets a task go on that is over. */
  restoreTask(taskId: string, options?: About<RestoreRequest>): Promise<ChangeAnswer>
  /** Takes back the newest change of its definition. */
  undoTask(taskId: string, options?: About<UndoRequest>): Promise<ChangeAnswer>
  /** Brings back the definition that it had at a revision. */
  revertTask(
    taskId: string,
    toRevision: number,
    options?: Omit<RevertRequest, "taskId" | "toRevision">
  ): Promise<ChangeAnswer>
  /** Does again the newest execution of a task that has failed. */
  retryTask(taskId: string, options?: About<RetryOfTask>): Promise<RunAnswer>
  /** Does again an execution that has ended badly. */
  retryExecution(executionId: string, options?: Omit<RetryRequest, "executionId">): Promise<RunAnswer>
  /** Ends one execution, or asks it to stop; its task goes on. */
  stopExecution(
    executionId: string,
    options?: Omit<CancelExecutionRequest, "executionId">
  ): Promise<CancelExecutionAnswer>
  /** Drops what is due of a task and waits for the end of an earlier execution. */
  dropWaiting(taskId: string, options?: About<CancelWaitingRequest>): Promise<CancelWaitingAnswer>
  /** Why an instant of a task ran, or did not, in a sentence and as data. */
  explain(taskId: string, at: string): Promise<WhyAnswer>
  /** One task, by its id or an unambiguous prefix of 4 characters or more. */
  task(taskId: string): Promise<ScheduledTask>
  /** All tasks that a query names, page by page as they are asked for. */
  listTasks(query?: Omit<TasksQuery, "cursor">): AsyncIterable<ScheduledTask>
  /** All executions that a query names, newest first, page by page as they are asked for. */
  listExecutions(query?: Omit<ExecutionsQuery, "cursor">): AsyncIterable<TaskExecution>
  /** All revisions of a task, newest first: what changed, by whom, and why. */
  listChanges(taskId: string, query?: Omit<ChangesQuery, "id" | "before">): AsyncIterable<TaskChange>
  /** The log as it is stored, from its beginning or after a log sequence: commits, or pieces of large ones. */
  listLog(query?: Omit<StoredLogQuery, "cursor">): AsyncIterable<StoredLogPage["items"][number]>
  /** The execution, when it has ended, well or badly. */
  waitForExecution(executionId: string, options?: WaitOptions): Promise<TaskExecution>
  /** The newest execution of a task, when it has ended; the first, where there is none yet. */
  waitForTask(taskId: string, options?: WaitOptions): Promise<TaskExecution>
  /**
   * Calls `handler` for each live event whose subject matches, one after another, from the moment that the promise is
   * fulfilled until the function that it gives is called. A subscription outlives lost connections; what happens meanwhile is
   * not heard (`pastEvents` has it). `failed` is told why it has ended by itself, or what `handler` threw; default: it is
   * thrown where nobody catches it.
   */
  subscribe(
    pattern: string,
    handler: (event: AnnouncedEvent) => void | Promise<void>,
    failed?: (error: unknown) => void
  ): Promise<() => Promise<void>>
  /**
   * Events to be walked through, from where a named subscription stands, then as they happen: each at least once. `ack` says
   * that it, and all before it, need not come again.
   */
  consume(options: ConsumeOptions): AsyncIterable<{ readonly event: AnnouncedEvent; ack(): Promise<void> }>
  /** Ends subscriptions and disconnects. */
  close(): Promise<void>
}

/** Pages until there are no more. */
const all = <Item, E>(
  ask: (cursor: {
    readonly cursor?: string
  }) => Effect.Effect<{ readonly items: ReadonlyArray<Item>; readonly nextCursor: string | null }, E>
): AsyncIterable<Item> =>
  Stream.toAsyncIterable(
    Stream.paginate(undefined as string | undefined, (cursor) =>
      Effect.map(
        ask(cursor === undefined ? {} : { cursor }),
        ({ items, nextCursor }) => [items, Option.fromNullOr(nextCursor)] as const
      )
    )
  )

/** Fields that are there. */
const present = (fields: Readonly<Record<string, unknown>>): TaskArgs =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as TaskArgs

export interface ClientOptions extends Hearing {
  /** Carries out effects of the door. */
  readonly run: Run
  /** What `close` does at last. */
  end(): Promise<void>
}

/** The client of a front door. */
export const make = ({ door, end, lookMs, run }: ClientOptions): SchedulerClient => {
  const plain = checked(promised(door, run))
  const open = new Set<() => Promise<void>>()
  const close = async () => {
    await Promise.all([...open].map((stop) => stop()))
    await end()
  }
  return {
    ...plain,
    scheduleTask: plain.schedule,
    scheduleNotification: ({ channel, message, notificationType, target, ...fields }) =>
      plain.schedule({
        ...fields,
        taskType: "notification",
        taskArgs: present({ message, notificationType, target, channel })
      }),
    scheduleMcpTool: ({ arguments: given, serverName, toolName, ...fields }) =>
      plain.schedule({
        ...fields,
        taskType: "mcp_tool",
        taskArgs: present({ serverName, toolName, arguments: given })
      }),
    schedulePluginCommand: ({ arguments: given, commandName, pluginName, ...fields }) =>
      plain.schedule({
        ...fields,
        taskType: "plugin_command",
        taskArgs: present({ pluginName, commandName, arguments: given })
      }),
    cancelTask: (taskId, options) => plain.cancel({ ...options, taskId }),
    rescheduleTask: (taskId, schedule, options) => plain.reschedule({ ...options, taskId, schedule }),
    updateTask: (taskId, changes) => plain.update({ ...changes, taskId }),
    pauseTask: (taskId, options) => plain.pause({ ...options, taskId }),
    resumeTask: (taskId, options) => plain.resume({ ...options, taskId }),
    runTask: (taskId, options) => plain.run({ ...options, taskId }),
    skipOccurrence: (taskId, instant, options) => plain.skip({ ...options, taskId, instant }),
    backfillTask: (taskId, stretch) => plain.backfill({ ...stretch, taskId }),
    restoreTask: (taskId, options) => plain.restore({ ...options, taskId }),
    undoTask: (taskId, options) => plain.undo({ ...options, taskId }),
    revertTask: (taskId, toRevision, options) => plain.revert({ ...options, taskId, toRevision }),
    retryTask: (taskId, options) => plain.retry({ ...options, taskId }),
    retryExecution: (executionId, options) => plain.retry({ ...options, executionId }),
    stopExecution: (executionId, options) => plain.cancelExecution({ ...options, executionId }),
    dropWaiting: (taskId, options) => plain.cancelWaiting({ ...options, taskId }),
    explain: (taskId, at) => plain.why({ id: taskId, at }),
    task: async (taskId) => (await plain.info({ id: taskId, executions: 1 })).task,
    listTasks: (query = {}) => all((cursor) => door.tasks({ ...query, ...cursor })),
    listExecutions: (query = {}) => all((cursor) => door.executions({ ...query, ...cursor })),
    listChanges: (id, query = {}) =>
      Stream.toAsyncIterable(
        Stream.paginate(undefined as number | undefined, (before) =>
          Effect.map(
            door.changes({ ...query, id, ...(before === undefined ? {} : { before }) }),
            ({ items, nextBefore }) => [items, Option.fromNullOr(nextBefore)] as const
          )
        )
      ),
    listLog: (query = {}) => all((cursor) => door.storedLog({ ...query, ...cursor })),
    waitForExecution: (executionId, options) => run(waitForExecution({ door, lookMs }, executionId, options)),
    waitForTask: (taskId, options) => run(waitForTask({ door, lookMs }, taskId, options)),
    subscribe: async (pattern, handler, failed = throwLater) => {
      const stopping = new AbortController()
      const subscribed = Promise.withResolvers<void>()
      let begun = false
      const ended = run(
        Effect.scoped(
          Effect.gen(function* () {
            const events = yield* door.subscribe(pattern)
            begun = true
            subscribed.resolve()
            yield* Stream.runForEach(events, (event) =>
              Effect.catch(Effect.tryPromise({ try: async () => handler(event), catch: (error) => error }), (error) =>
                Effect.sync(() => failed(error))
              )
            )
          })
        ).pipe(Effect.raceFirst(aborted(stopping.signal)))
      )
      const over = ended.catch((error: unknown) => (begun ? failed(error) : subscribed.reject(error)))
      await subscribed.promise
      const stop = async () => {
        open.delete(stop)
        stopping.abort()
        await over
      }
      open.add(stop)
      return stop
    },
    consume: (options) => {
      const wrong = wrongArgument("consume", options)
      // What gives no promise cannot reject one.
      if (wrong !== undefined) throw wrong
      return Stream.toAsyncIterable(
        Stream.map(door.consume(options), ({ ack, event }) => ({ event, ack: () => run(ack) }))
      )
    },
    close,
    [Symbol.asyncDispose]: close
  }
}

const aborted = (signal: AbortSignal): Effect.Effect<void> =>
  Effect.callback((resume) => {
    signal.addEventListener("abort", () => resume(Effect.void), { once: true })
  })

const throwLater = (error: unknown): void =>
  queueMicrotask(() => {
    throw error
  })
