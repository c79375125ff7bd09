/** Tasks and executions as rows of a table: whole ids, local times with their offset, the zone in the header. */
import type { ScheduledTask } from "../../projections/ScheduledTask.ts"
import type { ExecutionProgress, TaskExecution } from "../../projections/TaskExecution.ts"
import { byMessageText } from "./Runs.ts"
import { tookText } from "./ResultText.ts"
import { depthOf } from "./Steps.ts"
import type { Column } from "./Table.ts"
import { type Paint, visibleLine } from "./Text.ts"
import { durationText, localTime, relativeTime } from "./Times.ts"

/** A status in its colour. */
export const statusPaint =
  (paint: Paint) =>
  (text: string, status: string): string => {
    switch (status) {
      case "running":
      case "queued":
        return paint.cyan(text)
      case "completed":
        return paint.green(text)
      case "failed":
        return paint.red(text)
      case "paused":
      case "retrying":
        return paint.yellow(text)
      case "cancelled":
      case "skipped":
        return paint.dim(text)
      default:
        return text
    }
  }

/** The status of an execution, and for what it waits, or that it is to stop. */
export const standing = ({ status, stopRequestedAt, waitsFor }: TaskExecution): string => {
  if (waitsFor !== null && status === "queued") return `${status}, waits for ${WAITS[waitsFor]}`
  return stopRequestedAt !== null && status === "running" ? `${status}, asked to stop` : status
}

const WAITS: Readonly<Record<NonNullable<TaskExecution["waitsFor"]>, string>> = { overlap: "an earlier run" }

/** The reasons of skips as people say them. */
const SKIPPED: Readonly<Record<string, string>> = {
  overlap: "an earlier run was open",
  catchUp: "missed, and not run late",
  paused: "the task was paused",
  skippedByUser: "left out by hand",
  dstGap: "no such time that night",
  superseded: "another schedule took its place",
  maxRuns: "enough runs",
  ended: "after the task's end",
  notStarted: "before the task's start",
  chain: "too many in a row have led to it"
}

/** A reason for which something was skipped, as people say it. */
export const skippedText = (reason: string): string => SKIPPED[reason] ?? reason

/** What went wrong, or why it was skipped; null where nothing did. */
export const whyText = ({ errorCode, errorMessage, status }: TaskExecution): string | null => {
  const words = status === "skipped" ? SKIPPED[errorCode ?? ""] : undefined
  if (words === undefined || errorMessage === null) return errorMessage
  return errorMessage === `skipped (${errorCode})` ? words : errorMessage.replace(`(${errorCode})`, `(${words})`)
}

/** The task's name, and that of the step of a sequence. */
const nameOf = ({ stepName, taskName }: TaskExecution): string =>
  stepName === null ? taskName : `${taskName} › ${stepName}`

const BAR = 20

/** `████████░░░░░░░░░░░░  40 %  copying`. */
export const progressText = ({ fraction, text }: ExecutionProgress): string => {
  const full = Math.floor(fraction * BAR)
  const percent = `${Math.floor(fraction * 100)} %`.padStart(5)
  return `${"█".repeat(full)}${"░".repeat(BAR - full)} ${percent}${text === "" ? "" : `  ${visibleLine(text)}`}`
}

/** `Mon 2026-11-23 09:00:00 +01:00 (in 3 h)`. */
export const instantText = (instant: string, zone: string, now: number): string =>
  `${localTime(instant, zone)} (${relativeTime(instant, now)})`

/** What stands in place of the next run. */
const without = ({ scheduleSpec, status }: ScheduledTask): string =>
  (status === "scheduled" || status === "running") && byMessageText(scheduleSpec, "") !== undefined
    ? "on a message"
    : "-"

export const taskColumns = (zone: string, now: number, paint: Paint): ReadonlyArray<Column<ScheduledTask>> => {
  const status = statusPaint(paint)
  return [
    { header: "ID", value: (task) => task.taskId },
    { header: "NAME", value: (task) => task.taskName, flexible: true },
    { header: "TYPE", value: (task) => task.taskType, flexible: true },
    { header: "STATUS", value: (task) => task.status, paint: (text, task) => status(text, task.status) },
    {
      header: `NEXT RUN (${zone})`,
      value: (task) => (task.nextRunAt === null ? without(task) : instantText(task.nextRunAt, zone, now)),
      short: {
        header: "NEXT RUN",
        value: (task) => (task.nextRunAt === null ? without(task) : relativeTime(task.nextRunAt, now))
      }
    },
    {
      header: "LAST",
      value: (task) => task.lastStatus ?? "-",
      optional: true,
      paint: (text, task) => (task.lastStatus === null ? text : status(text, task.lastStatus))
    },
    { header: "WHEN", value: (task) => task.understoodAs, flexible: true }
  ]
}

/** Steps are shown under the sequences given, which stand before them. */
export const executionColumns = (
  zone: string,
  now: number,
  paint: Paint,
  sequences: ReadonlyArray<TaskExecution>
): ReadonlyArray<Column<TaskExecution>> => {
  const status = statusPaint(paint)
  const all = new Map(sequences.map((one) => [one.executionId, one]))
  const named = (execution: TaskExecution) => {
    const depth = depthOf(execution, all)
    return depth === 0 ? nameOf(execution) : `${"  ".repeat(depth)}${execution.stepName ?? nameOf(execution)}`
  }
  return [
    { header: "EXECUTION", value: (execution) => execution.executionId },
    // Its id says whose it is.
    { header: "NAME", value: named, flexible: true, optional: true },
    {
      header: `DUE (${zone})`,
      value: (execution) => localTime(execution.dueAt, zone),
      short: { header: "DUE", value: ({ dueAt }) => relativeTime(dueAt, now) }
    },
    { header: "STATUS", value: standing, paint: (text, { status: of }) => status(text, of) },
    { header: "TRIES", value: (execution) => String(execution.attempts.length), align: "right", optional: true },
    {
      header: "TOOK",
      value: (execution) => tookText(execution) ?? "-",
      align: "right",
      optional: true
    },
    {
      header: "LATE",
      value: ({ latenessMs }) => (latenessMs === null ? "-" : durationText(latenessMs)),
      align: "right",
      optional: true
    },
    { header: "ERROR", value: (execution) => whyText(execution) ?? "-", flexible: true }
  ]
}
