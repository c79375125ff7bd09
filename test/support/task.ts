/** given(events).when(command).then(events): the rules of a task, without an actor. */
import { Result } from "effect"
import * as Claim from "../../src/actors/task/Claim.ts"
import { type ExcludedDays, none } from "../../src/actors/task/ExcludedDays.ts"
import type { Recall } from "../../src/actors/task/Recall.ts"
import type { Refused } from "../../src/actors/door/TaskRequest.ts"
import type { Decision } from "../../src/actors/task/Decision.ts"
import * as Task from "../../src/actors/task/Task.ts"
import { evolve } from "../../src/actors/task/Evolve.ts"
import type { TaskState } from "../../src/actors/task/TaskState.ts"
import type { TaskDefinition } from "../../src/events/TaskDefinition.ts"
import type { TaskEvent } from "../../src/events/TaskEvent.ts"
import { fromMillis, toMillis } from "../../src/recurrence/Instant.ts"
import type { Outcome } from "../../src/work/Work.ts"

export const START = toMillis("2026-03-02T09:00:00.000Z")
export const RULES: Task.Rules = { leaseMs: 10_000, startedGraceMs: 100, maxLost: 3 }

export const definition = (changes: Partial<TaskDefinition> = {}): TaskDefinition => ({
  taskType: "shell_command",
  taskName: "backup",
  description: "",
  taskArgs: { command: "true" },
  scheduleSpec: "test",
  understoodAs: "test",
  recurrence: { kind: "once", at: fromMillis(START + 60_000) },
  timezone: "UTC",
  queue: "shell_command",
  priority: 0,
  tags: [],
  overlap: "skip",
  catchUp: "latest",
  catchUpWindowMs: 86_400_000,
  maxRetries: 3,
  backoffMs: 1000,
  timeoutMs: 300_000,
  hardTimeoutMs: 600_000,
  startAt: null,
  endAt: null,
  maxRuns: null,
  createdBy: "test",
  fingerprint: "f1",
  ...changes
})

export const everySecond = (seconds: number): TaskDefinition["recurrence"] => ({
  kind: "interval",
  everyMs: seconds * 1000,
  anchorAt: fromMillis(START)
})

type Without<Command, Key extends PropertyKey> = Command extends unknown ? Omit<Command, Key> : never
/** A command without what is the same for all of one task. */
export type Asked = Without<Task.TaskCommand, "taskId" | "causedBy">

/** A task with a history, at a time. */
export class History {
  readonly log: Array<TaskEvent> = []
  state: TaskState | undefined
  now = START
  excluded: ExcludedDays = none
  readonly taskId: string
  #commands = 0

  constructor(taskId = "task-1") {
    this.taskId = taskId
  }

  at(millis: number): this {
    this.now = START + millis
    return this
  }

  /** What the log says: every event is a commit of its own. */
  get recall(): Recall {
    const { log } = this
    return {
      events: (sequence) => log.slice(sequence - 1, sequence),
      ended: (executionId) => {
        const at = log.findIndex(
          (event) =>
            ((event.type === "success" || event.type === "failure") && event.executionId === executionId) ||
            (event.type === "cancelled" && event.executions.includes(executionId))
        )
        const event = log[at]
        if (event === undefined) return undefined
        const how = event.type === "failure" ? event.error.code : event.type
        return { executionId, how, sequence: at + 1 }
      }
    }
  }

  #apply(events: ReadonlyArray<TaskEvent>): ReadonlyArray<TaskEvent> {
    for (const event of events) {
      if (event.causedBy.commandId === "" || event.causedBy.actor === "") throw new Error(`who caused ${event.type}?`)
      this.log.push(event)
      this.state = evolve(this.state, event, { sequence: this.log.length }, RULES.leaseMs)
    }
    if (this.state !== undefined) this.state = Claim.offer(this.state, 0, this.now).state
    return events
  }

  decide(command: Task.TaskCommand): Result.Result<Decision, Refused> {
    const decided = Task.decide(this.state, command, this.now, this.excluded, this.recall)
    if (Result.isSuccess(decided) && decided.success._tag === "events") this.#apply(decided.success.events)
    return decided
  }

  schedule(changes: Partial<TaskDefinition> = {}, commandId = `c${(this.#commands += 1)}`): string {
    return this.told(
      this.decide({
        type: "schedule",
        taskId: this.taskId,
        definition: definition(changes),
        tzdata: "2026a",
        causedBy: { commandId, actor: "test" }
      })
    )
  }

  cancel(commandId = `c${(this.#commands += 1)}`): string {
    return this.told(this.decide({ type: "cancel", taskId: this.taskId, causedBy: { commandId, actor: "test" } }))
  }

  /** Any command about this task, under a command id of its own. */
  command(command: Asked, commandId = `c${(this.#commands += 1)}`, reason?: string): string {
    const causedBy = { commandId, actor: "test", ...(reason === undefined ? {} : { reason }) }
    return this.told(this.decide({ ...command, taskId: this.taskId, causedBy } as Task.TaskCommand))
  }

  run(fromStep?: string, commandId = `c${(this.#commands += 1)}`): string {
    return this.told(
      this.decide({ type: "run", taskId: this.taskId, fromStep, causedBy: { commandId, actor: "test" } })
    )
  }

  told(decided: Result.Result<Decision, Refused>): string {
    if (Result.isFailure(decided)) {
      const { code, hint, message } = decided.failure
      if (message === "" || hint === "") throw new Error(`${code} without words`)
      return `refused ${code}`
    }
    const { success } = decided
    if (success._tag === "unread") return `unread ${success.sequence}`
    return success._tag === "events" ? shown(success.events) : `known ${success.repeated}`
  }

  /** What the timer brings now. */
  wake(): string {
    return this.state === undefined ? "" : shown(this.#apply(Task.wake(this.state, this.now, RULES, this.excluded)))
  }

  claim(executionId: string, attempt = 1, worker = "w1"): string {
    const { answer, state } = Claim.claim(
      this.state,
      { taskId: this.taskId, executionId, attempt, worker },
      this.now,
      RULES.leaseMs
    )
    this.state = state
    return answer.answer === "held" ? `held ${answer.retryAfterMs}` : answer.answer
  }

  beat(executionId: string, attempt = 1, worker = "w1"): string {
    const { answer, state } = Claim.heartbeat(
      this.state,
      { taskId: this.taskId, executionId, attempt, worker, startedAt: fromMillis(this.now) },
      this.now,
      RULES.leaseMs
    )
    this.state = state
    return answer
  }

  report(executionId: string, outcome: Outcome, attempt = 1, worker = "w1"): string {
    const at = fromMillis(this.now)
    return shown(
      this.#apply(
        Task.report(
          this.state,
          { taskId: this.taskId, executionId, attempt, worker, startedAt: at, finishedAt: at, outcome },
          this.now
        )
      )
    )
  }

  /** Ids of open executions, with the attempt and stage. */
  get open(): ReadonlyArray<string> {
    return this.state?._tag === "live"
      ? this.state.executions.map((one) => `${one.executionId}#${one.attempt} ${one.stage._tag}`)
      : []
  }
}

/** Events in a line, with what matters of each; instants as seconds after the start. */
export const shown = (events: ReadonlyArray<TaskEvent>): string => events.map(one).join(", ")

const seconds = (instant: string): string => String((toMillis(instant) - START) / 1000)

const one = (event: TaskEvent): string => {
  switch (event.type) {
    case "due":
      return `due ${seconds(event.nominalAt)}`
    case "skipped":
      return `skipped ${event.reason} ${seconds(event.nominalAt)}-${seconds(event.throughAt)} (${event.count})`
    case "retry":
      return `retry ${event.attempt} ${event.error.code}`
    case "failure":
      return `failure ${event.attempt} ${event.error.code}`
    case "success":
    case "started":
      return `${event.type} ${event.attempt}`
    default:
      return event.type
  }
}

export const failed: Outcome = { outcome: "failed", error: { code: "exitCode", message: "exited with 1" } }
export const done: Outcome = { outcome: "done", result: null }
