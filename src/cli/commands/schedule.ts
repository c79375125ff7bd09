/** `nagatha schedule TYPE WHEN`: asks for a task; says what was understood, when it runs, and what to type next. */
import { Effect, Option } from "effect"
import { Command } from "effect/cli"
import type { ScheduledTask } from "../../projections/ScheduledTask.ts"
import type { ScheduleAnswer, ScheduleRequest, Scheduler } from "../../Scheduler.ts"
import { withScheduler } from "../Backend.ts"
import { failedExecution, showEnd, waited } from "../showing/AwaitedEnd.ts"
import { usage } from "../Failure.ts"
import { DURATIONS, json, present } from "../asking/Flags.ts"
import { colors, labelled, note, now, out, outJson } from "../showing/Output.ts"
import { byMessageText, runLines } from "../showing/Runs.ts"
import { scheduleFlags } from "../asking/ScheduleFlags.ts"
import { byId } from "../asking/TaskNames.ts"
import { visible, visibleLine } from "../showing/Text.ts"

/** What is stored now; null where the read models cannot say it yet, which is no reason to fail. */
const stored = Effect.fnUntraced(function* (scheduler: Scheduler["Service"], answer: ScheduleAnswer) {
  if (answer.logSequence === null) return null
  return yield* scheduler.info({ id: answer.taskId, after: answer.logSequence, executions: 1 }).pipe(
    Effect.map(({ task }): ScheduledTask | null => task),
    Effect.catch((error) =>
      Effect.as(note(`the task is scheduled, but cannot be shown yet: ${visible(error.message)}`), null)
    )
  )
})

/** `--after`: the tasks are there, and may be named by the beginning of their ids. */
const afterKnown = Effect.fnUntraced(function* (
  scheduler: Scheduler["Service"],
  request: ScheduleRequest,
  given: string
) {
  const ids = yield* Effect.forEach(given.split(","), (id) =>
    Effect.map(byId(scheduler, id.trim(), scheduler.info({ id: id.trim(), executions: 1 })), ({ task }) => task.taskId)
  )
  return { ...request, schedule: `after ${ids.join(", ")}` }
})

const headline = (answer: ScheduleAnswer, dryRun: boolean): string => {
  if (dryRun) return "would be scheduled; nothing has been stored"
  return answer.created ? `scheduled ${answer.taskId}` : `already scheduled ${answer.taskId}, the same as asked for`
}

const show = Effect.fnUntraced(function* (request: ScheduleRequest, answer: ScheduleAnswer) {
  const paint = yield* colors
  const dryRun = request.dryRun === true
  const byMessage = byMessageText(request.schedule, answer.understoodAs)
  const without = byMessage ?? (answer.created || dryRun ? "at once, as that instant has passed" : "none")
  const runs = runLines(answer.nextRuns, answer.timezone, yield* now, paint)
  yield* out(
    [
      paint.bold(headline(answer, dryRun)),
      labelled(
        [
          ["name", visibleLine(request.taskName ?? request.taskType)],
          ["type", visibleLine(request.taskType)],
          ["understood", visibleLine(answer.understoodAs)],
          ["zone", answer.timezone],
          ...answer.notes.map((text) => ["note", visibleLine(text)] as const),
          ["next run", runs === "" ? without : undefined]
        ],
        paint
      ),
      ...(runs === "" ? [] : [paint.bold("next runs"), runs])
    ].join("\n")
  )
  if (!dryRun) yield* note(`see it: nagatha info ${answer.taskId}   stop it: nagatha cancel ${answer.taskId}`)
})

/** A queue of one's own that no worker has ever served is told: what is in it waits. */
const tellOfUnserved = Effect.fnUntraced(function* (
  scheduler: Scheduler["Service"],
  { dryRun, queue }: ScheduleRequest
) {
  if (queue === undefined || dryRun === true) return
  const { queues } = yield* scheduler.status
  if (queues.some((one) => one.queue === queue)) return
  yield* note(
    `no worker serves the queue ${visibleLine(queue)} yet, so this waits: nagatha node start --roles worker --queues ${visibleLine(queue)}`
  )
})

export const schedule = Command.make(
  "schedule",
  {
    ...scheduleFlags,
    wait: present("wait", "Wait until the first execution has ended; exit code 6 if it failed"),
    json
  },
  Effect.fnUntraced(function* (input) {
    if (input.wait && input.dryRun) return yield* usage("--wait and --dry-run contradict each other; leave one out")
    const { requestOf } = yield* Effect.promise(() => import("../asking/RequestedTask.ts"))
    const asked = yield* requestOf(input)
    yield* withScheduler(
      Effect.fnUntraced(function* (scheduler) {
        const request = Option.isSome(input.after) ? yield* afterKnown(scheduler, asked, input.after.value) : asked
        const answer = yield* scheduler.schedule(request)
        if (!input.json) yield* show(request, answer)
        // The task is stored: that this cannot be told is no reason to fail.
        yield* Effect.ignore(tellOfUnserved(scheduler, request))
        const { awaitFirst } = yield* Effect.promise(() => import("../showing/Wait.ts"))
        const execution = input.wait
          ? yield* waited(answer.taskId, input.json, (tell) => awaitFirst(scheduler, answer, tell))
          : undefined
        if (input.json) {
          const task = yield* stored(scheduler, answer)
          yield* outJson({ ...answer, task, ...(execution === undefined ? {} : { execution }) })
        } else if (execution !== undefined) yield* showEnd(execution)
        if (execution !== undefined && execution.status !== "completed") yield* failedExecution(execution)
      })
    )
  })
).pipe(
  Command.withDescription(
    `Schedule a task: say what (TYPE and its arguments) and when (WHEN)\n  A DURATION is such as ${DURATIONS}.`
  ),
  Command.withExamples([
    { command: 'nagatha schedule notification "in 30 minutes" --message "Tea is ready"' },
    {
      command:
        'nagatha schedule shell_command "0 2 * * *" --name backup --command "tar czf /tmp/home.tgz /home" --timezone Europe/Berlin',
      description: "Every night, and known by a name"
    },
    {
      command:
        'nagatha schedule sequence "every day at 2:00" --args \'{"steps": [{"type": "shell_command", "args": {"command": "make test"}}, ' +
        '{"type": "notification", "args": {"message": "tests are green"}}]}\'',
      description: "One step after the other"
    },
    {
      command: "nagatha schedule --file task.yaml --dry-run",
      description: "From a file, only to see what it would do"
    },
    {
      command:
        'nagatha schedule shell_command "on subject nagatha.trigger.orders" --command \'echo "$NAGATHA_MESSAGE"\'',
      description: "Each time a message arrives"
    },
    {
      command: 'nagatha schedule notification --after backup --message "The backup is there"',
      description: "Each time another task has succeeded"
    },
    {
      command: 'nagatha schedule shell_command now --command "make test" --wait',
      description: "Run now, and wait for the end"
    }
  ])
)
