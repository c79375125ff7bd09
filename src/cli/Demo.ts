/** What `nagatha demo` shows: how words are understood, and tasks that really run. Whatever it starts, it ends. */
import { createServer, type Server } from "node:http"
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
import { EVENTS, eventLine } from "./showing/EventLine.ts"
import { CliFailure, ExitCode } from "./Failure.ts"
import { colors, now, out } from "./showing/Output.ts"
import { resultText } from "./showing/ResultText.ts"
import { runLines } from "./showing/Runs.ts"
import { counted, indented, visible } from "./showing/Text.ts"
import { durationText } from "./showing/Times.ts"
import { awaitFirst } from "./showing/Wait.ts"

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

/** `url`: of a server that lives as long as the demo. */
const stepsWith = (url: string): ReadonlyArray<Step> => [
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
    title: "A tool of an MCP server (examples/time-server), started when it is first needed",
    request: {
      taskType: "mcp_tool",
      taskName: "time",
      schedule: "now",
      taskArgs: { serverName: "time", toolName: "get_current_time", arguments: { timezone: "Asia/Tokyo" } }
    },
    ends: "completed"
  },
  {
    title: "A request over HTTP, to an address that the worker's configuration allows",
    request: {
      taskType: "http_request",
      taskName: "stock",
      schedule: "now",
      taskArgs: { url, method: "POST", body: { item: "tea" } }
    },
    ends: "completed"
  },
  {
    title: "A command of a plugin (examples/plugins/my-plugin.ts)",
    request: {
      taskType: "plugin_command",
      taskName: "cleanup",
      schedule: "now",
      taskArgs: {
        pluginName: "my_plugin",
        commandName: "daily_cleanup",
        arguments: { directory: "/tmp/nagatha-demo-nothing-here" }
      }
    },
    ends: "completed"
  },
  {
    title: "A task type of its own (examples/plugins/word-count.ts)",
    request: {
      taskType: "word_count",
      taskName: "words",
      schedule: "now",
      taskArgs: { text: "to be or not to be" }
    },
    ends: "completed"
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
    ...(execution.output === null ? [] : [execution.output.trimEnd()]),
    ...resultLines(execution)
  ]
    .map(visible)
    .join("\n")

const resultLines = (execution: TaskExecution): ReadonlyArray<string> => {
  const text = resultText(execution)
  return text === undefined ? [] : [text]
}

/** A server of this process that answers every request with the same JSON. */
const answering = Effect.acquireRelease(
  Effect.callback<{ readonly server: Server; readonly url: string }>((resume) => {
    const server = createServer((request, response) => {
      request.resume()
      response.writeHead(200, { "content-type": "application/json" }).end('{"stock":42}')
    })
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      resume(Effect.succeed({ server, url: `http://127.0.0.1:${port}/stock` }))
    })
  }),
  ({ server }) =>
    Effect.sync(() => {
      server.closeAllConnections()
      server.close()
    })
)

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
      const { url } = yield* answering
      for (const { ends, request, title } of stepsWith(url)) {
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
