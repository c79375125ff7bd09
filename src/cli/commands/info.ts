/** `nagatha info ID`: everything about one task: its definition, its next runs, its last executions with output and error; or about one execution. */
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import type { ScheduledTask } from "../../projections/ScheduledTask.ts"
import type { TaskExecution } from "../../projections/TaskExecution.ts"
import { type Condition, SEQUENCE } from "../../work/sequence/SequenceArgs.ts"
import { type PlannedStep, stepsOf } from "../../work/sequence/SequencePlan.ts"
import { withScheduler } from "../Backend.ts"
import { usage } from "../Failure.ts"
import { executionLines } from "../showing/ExecutionText.ts"
import { asOf, asOfOf, standingAt } from "../asking/AsOf.ts"
import { count, formatOf, present, reading, text, timezone, zoneOf } from "../asking/Flags.ts"
import { rateText } from "../asking/Rates.ts"
import { colors, labelled, now, out, outJson, outLines } from "../showing/Output.ts"
import { allChanges, showChanges } from "../showing/Changes.ts"
import { byMessageText, runLines } from "../showing/Runs.ts"
import { byId, isExecution } from "../asking/TaskNames.ts"
import { depthOf, withSteps } from "../showing/Steps.ts"
import { instantText, statusPaint } from "../showing/TaskRows.ts"
import { indented, type Paint, safeJson, visible, visibleLine } from "../showing/Text.ts"
import { durationText, localTime } from "../showing/Times.ts"

/** Of the coming runs. */
const SHOWN_RUNS = 5
/** Characters shown of arguments. */
const SHOWN_CHARACTERS = 2000

const flags = {
  id: Argument.String("ID").pipe(
    Argument.withDescription("Task id, or a beginning of 4 characters or more; an execution's: that one and its steps")
  ),
  executions: count("executions", 1, 100, "How many of the last executions to show (default: 5)").pipe(
    Flag.withDefault(5)
  ),
  asOf,
  timezone,
  changes: present("changes", "In place of all that: every change of it, newest first, with who, when and why"),
  field: text("field", "NAME", "With --changes: only what was done to this field, such as taskArgs.command"),
  ...reading
}

const some = (text: string | null): string | undefined => (text === null || text === "" ? undefined : visible(text))

const argumentLines = ({ taskArgs, taskId }: ScheduledTask): string => {
  const whole = safeJson(taskArgs, 2)
  if (whole.length <= SHOWN_CHARACTERS) return whole
  return `${whole.slice(0, SHOWN_CHARACTERS)}…\n(${whole.length} characters; nagatha info ${taskId} --json shows all)`
}

const retriesText = (task: ScheduledTask): string => {
  if (task.maxRetries === 0) return "none"
  const growth = task.backoffFactor === 1 ? "" : `, then ${task.backoffFactor} times as long`
  const cap = task.backoffFactor === 1 ? "" : ` up to ${durationText(task.maxBackoffMs)}`
  const never = task.noRetryOn.length === 0 ? "" : `; none on ${visibleLine(task.noRetryOn.join(", "))}`
  return `at most ${task.maxRetries}, after ${durationText(task.backoffMs)}${growth}${cap}${never}`
}

const catchUpText = ({ catchUp, catchUpMax, catchUpRate, catchUpWindowMs }: ScheduledTask): string => {
  const most = catchUpMax === null ? "" : `, at most ${catchUpMax}`
  const pace = catchUpRate === null ? "" : `, ${rateText(catchUpRate)}`
  return `${catchUp}, within ${durationText(catchUpWindowMs)}${most}${pace}`
}

/** When it runs, where messages start it and it is not over. */
const comes = ({ scheduleSpec, status, understoodAs }: ScheduledTask): string | undefined =>
  status === "scheduled" || status === "running" ? byMessageText(scheduleSpec, visibleLine(understoodAs)) : undefined

const taskLines = (task: ScheduledTask, now: number, paint: Paint): string => {
  const at = (instant: string | null) => (instant === null ? undefined : instantText(instant, task.timezone, now))
  return labelled(
    [
      ["type", visibleLine(task.taskType)],
      ["about", some(task.description)],
      ["status", statusPaint(paint)(task.status, task.status)],
      ["when", visibleLine(task.scheduleSpec)],
      ["understood", visibleLine(task.understoodAs)],
      ["zone", task.timezone],
      ["next run", at(task.nextRunAt) ?? comes(task) ?? "none"],
      ["last run", at(task.lastRunAt)],
      ["last status", task.lastStatus === null ? undefined : statusPaint(paint)(task.lastStatus, task.lastStatus)],
      ["last error", some(task.lastError)],
      ["runs", `${task.runCount}${task.maxRuns === null ? "" : ` of at most ${task.maxRuns}`}`],
      ["retries", retriesText(task)],
      ["timeout", `${durationText(task.timeoutMs)}, killed after ${durationText(task.hardTimeoutMs)}`],
      ["overlap", task.overlap],
      ["catch-up", catchUpText(task)],
      ["expires", task.expiresMs === null ? undefined : `${durationText(task.expiresMs)} after it is due`],
      ["pauses", task.pauseAfterFailures === null ? undefined : `after ${task.pauseAfterFailures} failures in a row`],
      ["spread", task.spreadMs === 0 ? undefined : `due up to ${durationText(task.spreadMs)} after each instant`],
      ["not on", task.exclude.length === 0 ? undefined : `days of ${task.exclude.join(", ")}`],
      ["starts", at(task.startAt)],
      ["ends", at(task.endAt)],
      ["paused until", at(task.pausedUntil)],
      ["paused for", some(task.pauseReason)],
      ["queue", visibleLine(task.queue)],
      ["priority", task.priority === 0 ? undefined : `${task.priority} s`],
      ["key", some(task.key)],
      ["tags", task.tags.length === 0 ? undefined : visibleLine(task.tags.join(", "))],
      ["revision", String(task.revision)],
      ["created", `${localTime(task.createdAt, task.timezone)} by ${visibleLine(task.createdBy)}`],
      ["managed by", some(task.managedBy)],
      ["cancelled", at(task.cancelledAt)],
      task.taskType === SEQUENCE ? ["steps", stepLines(stepsOf(task.taskArgs))] : ["arguments", argumentLines(task)]
    ],
    paint
  )
}

/** The steps of a sequence, a line each: its name, its type, what it waits for and what it does. */
const stepLines = (steps: ReadonlyArray<PlannedStep>): string => {
  const width = Math.max(...steps.map(({ name }) => name.length))
  return steps
    .map((step) => {
      const after = step.dependsOn.length === 0 ? "" : ` after ${step.dependsOn.join(", ")}`
      const when = step.when === undefined ? "" : `, only if ${conditionText(step.when)}`
      const inner =
        step.type === SEQUENCE ? `\n${indented(stepLines(stepsOf(step.args)), 2)}` : `: ${safeJson(step.args)}`
      return `${step.name.padEnd(width)}  ${step.type}${after}${when}${inner}`
    })
    .join("\n")
}

const conditionText = ({ is, isNot, path, step }: Condition): string => {
  const place = path === undefined || path === "" ? step : `${step}.${path}`
  if (is !== undefined) return `${place} is ${safeJson(is)}`
  return isNot !== undefined ? `${place} is not ${safeJson(isNot)}` : `${place} is there`
}

/** Executions, each under the one whose step it is. */
const tree = (executions: ReadonlyArray<TaskExecution>, zone: string, paint: Paint): ReadonlyArray<string> => {
  const all = new Map(executions.map((execution) => [execution.executionId, execution]))
  return executions.map((execution) => indented(executionLines(execution, zone, paint), 2 * depthOf(execution, all)))
}

export const info = Command.make(
  "info",
  flags,
  Effect.fnUntraced(function* (input) {
    const format = yield* formatOf(input)
    // The zone of the words of --as-of; the task is shown in its own.
    const moment = yield* asOfOf(input.asOf, yield* zoneOf(input.timezone))
    const field = Option.getOrUndefined(input.field)
    if (field !== undefined && !input.changes) return yield* usage("--field goes with --changes")
    if (isExecution(input.id)) {
      if (input.changes) return yield* usage("--changes is for tasks", "give the part of the id before the @")
      const found = yield* withScheduler((scheduler) =>
        byId(scheduler, input.id, scheduler.execution({ id: input.id, ...moment })).pipe(
          Effect.flatMap((one) => withSteps(scheduler, [one], moment))
        )
      )
      const [execution, ...steps] = found
      if (execution === undefined) return
      if (format === "json") return yield* outJson({ execution, steps })
      if (format === "ndjson") return yield* outLines(found)
      const zone = yield* zoneOf(input.timezone)
      const paint = yield* colors
      return yield* out(
        [`${paint.bold(execution.taskId)}  ${visibleLine(execution.taskName)}`, "", ...tree(found, zone, paint)].join(
          "\n"
        )
      )
    }
    if (input.changes) {
      const [page, zone] = yield* withScheduler((scheduler) =>
        Effect.gen(function* () {
          const changes = yield* allChanges(scheduler, input.id, field)
          if (format !== "table") return [changes, "UTC"] as const
          return [changes, (yield* scheduler.info({ id: changes.taskId, executions: 1 })).task.timezone] as const
        })
      )
      if (format === "json") return yield* outJson(page)
      if (format === "ndjson") return yield* outLines(page.items)
      return yield* showChanges(page, zone, field)
    }
    const found = yield* withScheduler((scheduler) =>
      byId(scheduler, input.id, scheduler.info({ id: input.id, executions: input.executions, ...moment }))
    )
    if (format === "json") return yield* outJson(found)
    if (format === "ndjson") return yield* outLines([found])
    const { task, nextRuns, notes, executions } = found
    const paint = yield* colors
    const today = standingAt(moment, yield* now)
    const runs = runLines(nextRuns.slice(0, SHOWN_RUNS), task.timezone, today, paint)
    yield* out(
      [
        `${paint.bold(task.taskId)}  ${visibleLine(task.taskName)}`,
        taskLines(task, today, paint),
        ...(runs === "" ? [] : ["", paint.bold("next runs"), runs]),
        ...notes.map((text) => `  note: ${visibleLine(text)}`),
        "",
        paint.bold(executions.length === 0 ? "has not run yet" : "last executions"),
        ...tree(executions, task.timezone, paint)
      ].join("\n")
    )
  })
).pipe(
  Command.withExamples([
    { command: "nagatha info 4kx9" },
    { command: "nagatha info 4kx9 --json" },
    { command: "nagatha info 4kx9@20261123T090000000Z", description: "One execution, with its steps" },
    { command: 'nagatha info 4kx9 --as-of "yesterday at 9"', description: "As it was then" },
    { command: "nagatha info 4kx9 --changes --field scheduleSpec", description: "Who gave it its schedule" }
  ])
)
