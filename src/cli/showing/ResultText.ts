/** What an execution gave, for people. */
import { Predicate, Schema } from "effect"
import type { TaskExecution } from "../../projections/TaskExecution.ts"
import { SequenceResult } from "../../work/sequence/SequenceArgs.ts"
import { safeJson, visible } from "./Text.ts"
import { durationText } from "./Times.ts"

/** Longest result that is shown in one line. */
const ONE_LINE = 120

const field = (result: Schema.Json, name: string): unknown =>
  Predicate.isObject(result) ? Reflect.get(result, name) : undefined

/** What an MCP tool answered, where all of it is text. */
const answerText = (result: Schema.Json): string | undefined => {
  const content = field(result, "content")
  if (!Array.isArray(content) || content.length === 0) return undefined
  const texts = content.flatMap((block: unknown) => {
    const text: unknown = Predicate.isObject(block) ? Reflect.get(block, "text") : undefined
    return Predicate.isString(text) ? [text] : []
  })
  return texts.length === content.length ? visible(texts.join("\n")) : undefined
}

const isSequenceResult = Schema.is(SequenceResult)

/** How many steps have ended well, and what became of the others; their results are those of their executions. */
const sequenceText = (result: Schema.Json): string => {
  if (!isSequenceResult(result)) return safeJson(result, 2)
  const others = result.steps.flatMap(({ error, name, reason, status }) =>
    status === "completed" ? [] : [`${name} ${status}: ${visible(reason ?? error?.message ?? "")}`]
  )
  return [`${result.completedSteps} of ${result.totalSteps} steps completed`, ...others].join("\n")
}

const responseText = (result: Schema.Json): string => {
  const body = field(result, "body")
  return `status ${String(field(result, "status"))}\n${Predicate.isString(body) ? visible(body.trimEnd()) : safeJson(body, 2)}`
}

/** What people want to see of the results of these types; undefined: all of it. */
const shortTexts: Readonly<Record<string, (result: Schema.Json) => string | undefined>> = {
  mcp_tool: answerText,
  sequence: sequenceText,
  http_request: responseText
}

/** How long it took: of several attempts, from the beginning of the first to the end of the last. */
export const tookText = ({ attempts, completedAt, durationMs, startedAt }: TaskExecution): string | undefined => {
  if (attempts.length > 1 && startedAt !== null && completedAt !== null) {
    return durationText(Math.max(0, Date.parse(completedAt) - Date.parse(startedAt)))
  }
  return durationMs === null ? undefined : durationText(durationMs)
}

/** What an execution gave, for people; undefined where there is nothing, or its output says it already. */
export const resultText = ({ errorDetail, output, result, taskType }: TaskExecution): string | undefined => {
  // A sequence that has failed says the same of its steps.
  if (result === null && taskType === "sequence" && isSequenceResult(errorDetail)) return sequenceText(errorDetail)
  if (result === null || (taskType === "shell_command" && output !== null)) return undefined
  const line = safeJson(result)
  return shortTexts[taskType]?.(result) ?? (line.length <= ONE_LINE ? line : safeJson(result, 2))
}
