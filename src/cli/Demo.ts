/** What `nagatha demo` shows: how words are understood, and tasks that really run. Whatever it starts, it ends. */
import { Effect, Schedule, Schema, Stream } from "effect"
import type { TaskExecution } from "../projections/TaskExecution.ts"
import * as Occurrences from "../recurrence/Occurrences.ts"
import * as When from "../recurrence/When.ts"
import type { ScheduleRequest, Scheduler } from "../Scheduler.ts"
import { defaults } from "../Settings.ts"
import { Attempt } from "../work/Attempt.ts"
import { ShellCommand } from "../work/shell/ShellCommand.ts"
import { ShellCommandResult } from "../work/shell/ShellCommandArgs.ts"
import type { WorkItem } from "../work/Work.ts"
import { EVENTS, eventLine } from "./EventLine.ts"
import { CliFailure, ExitCode } from "./Failure.ts"
import { colors, now, out } from "./Output.ts"
import { runLines } from "./Runs.ts"
import { counted, indented, visible } from "./Text.ts"
import { durationText } from "./Times.ts"
import { awaitFirst } from "./Wait.ts"

const WORDS = ["in 30 minutes", "tomorrow at 2pm", "every weekday at 9:00 and 17:30", "0 2 * * *", "every 15 minutes"]

const unexpected = (message: string) =>
  new CliFailure({ code: "demoFailed", message, exitCode: ExitCode.failed, hint: "nagatha doctor finds out why" })

const decodeResult = Schema.decodeUnknownEffect(ShellCommandResult)

/** How words are read: each with its next two runs. */
export const words = Effect.fnUntraced(function* (zone: string) {
  const paint = yield* colors
  const today = yield* now
  yield* out(paint.bold(`How words are understood (in ${zone})`))
  for (const text of WORDS) {
    const { recurrence, understoodAs } = yield* Effect.fromResult(
      When.parse(text, { now: today, zone, taskId: "demo" })
    )
    const runs = Occurrences.upcoming(recurrence, today, 2, zone)
    yield* out(`\n  "${text}"  ${paint.dim(understoodAs)}\n${indented(runLines(runs, zone, today, paint), 2)}`)
  }
})

/** One command, run here and now by the code that workers use. */
/** An attempt that no queue has delivered. */
const demoItem = (at: string): WorkItem => ({
  v: 1,
  partition: 0,
  taskId: "demo",
  taskName: "demo",
  taskType: "shell_command",
  taskArgs: {},
  queue: "shell_command",
  executionId: "demo-1",
  attempt: 1,
  nominalAt: at,
  dueAt: at,
  timeoutMs: 10_000,
  hardTimeoutMs: 20_000
})
const unanswered = { ack: Effect.void, inProgress: Effect.void, retryAfter: () => Effect.void }

export const oneCommand = Effect.fnUntraced(function* () {
  const paint = yield* colors
  const command = 'echo "Hello from $NAGATHA_TASK_ID, attempt $NAGATHA_ATTEMPT"'
  yield* out(`\n${paint.bold("A command, run for real")}\n\n  ${command}`)
  const at = new Date(yield* now).toISOString()
  const result = yield* ShellCommand.attempt(
    { command },
    new Attempt({ item: demoItem(at), ...unanswered }, defaults.maxOutputBytes)
  ).pipe(
    Effect.flatMap(decodeResult),
    Effect.mapError(({ message }) => unexpected(`the command did not run: ${message}`))
  )
  yield* out(indented(visible(`${result.stdout}exit code ${result.exitCode}`), 2))
})

interface Step {
  readonly title: string
  readonly request: ScheduleRequest
  readonly ends: TaskExecution["status"]
}

const STEPS: ReadonlyArray<Step> = [
  {
    title: "A notification, now: anyone who subscribes to scheduler.notification.* gets it",
    request: {
      taskType: "notification",
      taskName: "hello",
      schedule: "now",
      taskArgs: { message: "Hello from the demo" }
    },
    ends: "completed"
  },
  {
    title: "A command, in two seconds",
    request: {
      taskType: "shell_command",
      taskName: "here",
      schedule: "in 2 seconds",
      taskArgs: { command: "date -u; uname -s" }
    },
    ends: "completed"
  },
  {
    title: "A command that fails, is tried once more, and fails for good",
    request: {
      taskType: "shell_command",
      taskName: "hopeless",
      schedule: "now",
      taskArgs: { command: "echo this cannot work; exit 3" },
      maxRetries: 1,
      backoffMs: 200
    },
    ends: "failed"
  },
  {
    title: "A sequence: the second step tells what the first has found",
    request: {
      taskType: "sequence",
      taskName: "report",
      schedule: "now",
      taskArgs: {
        steps: [
          { name: "count", type: "shell_command", args: { command: "ls / | wc -l | tr -d ' \\n'" } },
          { name: "tell", type: "notification", args: { message: "{{ steps.count.result.stdout }} names in /" } }
        ]
      }
    },
    ends: "completed"
  }
]

const report = (execution: TaskExecution): string =>
  [
    `${execution.status}, ${counted(execution.attempts.length, "attempt")}` +
      (execution.latenessMs === null
        ? ""
        : `, began ${durationText(Math.max(0, execution.latenessMs))} after it was due`),
    ...(execution.errorMessage === null ? [] : [`error: ${execution.errorMessage}`]),
    ...(execution.output === null ? [] : [execution.output.trimEnd()])
  ]
    .map(visible)
    .join("\n")

/** How long the last event of an execution is waited for, at a pause of 20 ms, once its outcome is known. */
const LOOKS = 100

/** Prints events as they come; gives a wait for the one that ends an execution. */
const eventsShown = Effect.fnUntraced(function* (scheduler: Scheduler["Service"], zone: string) {
  const paint = yield* colors
  const ended = new Set<unknown>()
  let over = false
  yield* scheduler.events().pipe(
    Stream.runForEach((event) => {
      if (event.type === `${EVENTS}success` || event.type === `${EVENTS}failure`) ended.add(event["executionId"])
      return out(`  ${paint.dim("event")}  ${eventLine(event, zone, paint)}`)
    }),
    Effect.ignore,
    Effect.ensuring(Effect.sync(() => (over = true))),
    (following) => Effect.forkScoped(following, { startImmediately: true })
  )
  return (executionId: string) =>
    Effect.sync(() => over || ended.has(executionId)).pipe(
      Effect.repeat({
        until: (seen) => seen,
        schedule: Schedule.spaced("20 millis").pipe(Schedule.upTo({ times: LOOKS }))
      })
    )
})

const followed = Effect.fnUntraced(function* (
  scheduler: Scheduler["Service"],
  request: ScheduleRequest,
  announced: (executionId: string) => Effect.Effect<boolean>
) {
  const answer = yield* scheduler.schedule(request)
  const execution = yield* awaitFirst(scheduler, answer, () => Effect.void)
  yield* announced(execution.executionId)
  yield* out(indented(report(execution), 2))
  return { taskId: answer.taskId, execution }
})

/** Tasks of every type on a deployment, each followed to its end, with their events as they are announced. */
export const tasks = (zone: string) => (scheduler: Scheduler["Service"]) =>
  Effect.scoped(
    Effect.gen(function* () {
      const paint = yield* colors
      const announced = yield* eventsShown(scheduler, zone)
      for (const { ends, request, title } of STEPS) {
        yield* out(`\n${paint.bold(title)}`)
        const { execution } = yield* followed(scheduler, request, announced)
        if (execution.status !== ends) {
          return yield* unexpected(`this execution should have ${ends}, but has ${execution.status}`)
        }
      }
      yield* out(`\n${paint.bold("A command every second, cancelled after its first run")}`)
      const { taskId } = yield* followed(
        scheduler,
        {
          taskType: "shell_command",
          taskName: "clock",
          schedule: "every 1 second",
          taskArgs: { command: "date -u +%T" }
        },
        announced
      )
      const cancelled = yield* scheduler.cancel({ taskId, reason: "the demo is over" })
      yield* out(`  ${cancelled.status}: nothing of it will run any more`)
    })
  )
