/** What `nagatha demo` shows: how words are understood, and tasks that really run. Whatever it starts, it ends. */
import { Effect, Schema } from "effect"
import type { TaskExecution } from "../projections/TaskExecution.ts"
import * as Occurrences from "../recurrence/Occurrences.ts"
import * as When from "../recurrence/When.ts"
import type { ScheduleRequest, Scheduler } from "../Scheduler.ts"
import { defaults } from "../Settings.ts"
import { ShellCommand } from "../work/ShellCommand.ts"
import { ShellCommandResult } from "../work/ShellCommandArgs.ts"
import { CliFailure, ExitCode } from "./Failure.ts"
import { colors, now, out } from "./Output.ts"
import { runLines } from "./Runs.ts"
import { indented, visible, visibleLine } from "./Text.ts"
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
export const oneCommand = Effect.fnUntraced(function* () {
  const paint = yield* colors
  const command = 'echo "Hello from $NAGATHA_TASK_ID, attempt $NAGATHA_ATTEMPT"'
  yield* out(`\n${paint.bold("A command, run for real")}\n\n  ${command}`)
  const at = new Date(yield* now).toISOString()
  const result = yield* ShellCommand.attempt(
    { command },
    {
      taskId: "demo",
      taskName: "demo",
      executionId: "demo-1",
      nominalAt: at,
      attempt: 1,
      idempotencyKey: "demo-1",
      attemptEnv: {
        NAGATHA_TASK_ID: "demo",
        NAGATHA_EXECUTION_ID: "demo-1",
        NAGATHA_NOMINAL_AT: at,
        NAGATHA_ATTEMPT: "1"
      },
      limits: { timeoutMs: 10_000, hardTimeoutMs: 20_000, maxOutputBytes: defaults.maxOutputBytes },
      progress: Effect.void,
      signal: new AbortController().signal,
      mustEnd: Effect.never,
      lastWords: () => undefined
    }
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
    request: { taskType: "notification", schedule: "now", taskArgs: { message: "Hello from the demo" } },
    ends: "completed"
  },
  {
    title: "A command, in two seconds",
    request: { taskType: "shell_command", schedule: "in 2 seconds", taskArgs: { command: "date -u; uname -s" } },
    ends: "completed"
  },
  {
    title: "A command that fails, is tried once more, and fails for good",
    request: {
      taskType: "shell_command",
      schedule: "now",
      taskArgs: { command: "echo this cannot work; exit 3" },
      maxRetries: 1,
      backoffMs: 200
    },
    ends: "failed"
  }
]

const report = (execution: TaskExecution): string =>
  [
    `${execution.status}, ${execution.attempts.length === 1 ? "1 attempt" : `${execution.attempts.length} attempts`}` +
      (execution.latenessMs === null
        ? ""
        : `, began ${durationText(Math.max(0, execution.latenessMs))} after it was due`),
    ...(execution.errorMessage === null ? [] : [`error: ${execution.errorMessage}`]),
    ...(execution.output === null ? [] : [execution.output.trimEnd()])
  ]
    .map(visible)
    .join("\n")

/** Tasks of every type on a deployment, each followed to its end. */
export const tasks = Effect.fnUntraced(function* (scheduler: Scheduler["Service"]) {
  const paint = yield* colors
  for (const { ends, request, title } of STEPS) {
    yield* out(`\n${paint.bold(title)}`)
    const answer = yield* scheduler.schedule(request)
    yield* out(`  scheduled ${answer.taskId}: ${visibleLine(answer.understoodAs)}`)
    const execution = yield* awaitFirst(scheduler, answer, (text) => out(`  ${paint.dim(visibleLine(text))}`))
    yield* out(indented(report(execution), 2))
    if (execution.status !== ends) {
      return yield* unexpected(`this execution should have ${ends}, but has ${execution.status}`)
    }
  }
  const recurring: ScheduleRequest = {
    taskType: "shell_command",
    schedule: "every 1 second",
    taskArgs: { command: "date -u +%T" }
  }
  yield* out(`\n${paint.bold("A command every second, cancelled after its first run")}`)
  const answer = yield* scheduler.schedule(recurring)
  const execution = yield* awaitFirst(scheduler, answer, () => Effect.void)
  yield* out(indented(report(execution), 2))
  const cancelled = yield* scheduler.cancel({ taskId: answer.taskId, reason: "the demo is over" })
  yield* out(`  ${cancelled.status}`)
})
