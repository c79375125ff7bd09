/** One execution for people: where it stands, how long it took, its attempts, its output and error. */
import type { TaskExecution } from "../../projections/TaskExecution.ts"
import { labelled } from "./Output.ts"
import { heldText } from "./QueueRows.ts"
import { resultText, tookText } from "./ResultText.ts"
import { progressText, standing, statusPaint, whyText } from "./TaskRows.ts"
import { indented, type Paint, visible, visibleLine } from "./Text.ts"
import { durationText, localTime } from "./Times.ts"

/** Lines of output shown of each execution; `nagatha logs` shows all. */
const SHOWN_LINES = 10
const some = (text: string | null): string | undefined => (text === null || text === "" ? undefined : visible(text))

const outputLines = ({ output, outputTruncated, executionId }: TaskExecution): string | undefined => {
  if (output === null || output.trim() === "") return undefined
  const lines = visible(output).trimEnd().split("\n")
  const shown = lines.slice(-SHOWN_LINES)
  const left = lines.length - shown.length
  const more =
    left > 0 || outputTruncated
      ? `… nagatha logs ${executionId} shows ${outputTruncated ? "what was kept" : "all"}\n`
      : ""
  return more + shown.join("\n")
}

/** Each attempt: when it began, how long it took, and why it failed. */
const attemptLines = ({ attempts }: TaskExecution, zone: string): string =>
  attempts
    .map(({ attempt, errorMessage, finishedAt, startedAt }) => {
      const took =
        startedAt === null || finishedAt === null
          ? ""
          : `  ${durationText(Date.parse(finishedAt) - Date.parse(startedAt))}`
      const began = startedAt === null ? "did not begin" : localTime(startedAt, zone)
      return `${attempt}  ${began}${took}${errorMessage === null ? "" : `  ${visibleLine(errorMessage)}`}`
    })
    .join("\n")

export const executionLines = (execution: TaskExecution, zone: string, paint: Paint): string => {
  const { latenessMs } = execution
  return [
    `  ${execution.stepName ?? execution.executionId}  ${localTime(execution.dueAt, zone)}  ${statusPaint(paint)(standing(execution), execution.status)}`,
    indented(
      labelled(
        [
          ["progress", execution.progress === undefined ? undefined : progressText(execution.progress)],
          ["held back", execution.heldBy === undefined ? undefined : heldText(execution.heldBy)],
          ["by hand", execution.manual && execution.retryOf === null ? "yes" : undefined],
          ["retry of", execution.retryOf ?? undefined],
          ["retried by", execution.retriedBy ?? undefined],
          ["took", tookText(execution)],
          ["began late", latenessMs === null ? undefined : durationText(Math.max(0, latenessMs))],
          ["attempts", execution.attempts.length > 1 ? attemptLines(execution, zone) : undefined],
          ["worker", some(execution.worker)],
          [execution.status === "skipped" ? "why" : "error", some(whyText(execution))],
          ["output", outputLines(execution)],
          ["result", resultText(execution)]
        ],
        paint
      ),
      2
    )
  ].join("\n")
}
