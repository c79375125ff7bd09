/** What an execution gave, for people. */
import { Predicate, type Schema } from "effect"
import type { TaskExecution } from "../projections/TaskExecution.ts"
import { safeJson, visible } from "./Text.ts"

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

/** Its steps are executions of their own, with results of their own. */
const sequenceText = (result: Schema.Json): string =>
  `${String(field(result, "completedSteps"))} of ${String(field(result, "totalSteps"))} steps completed`

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

/** What an execution gave, for people; undefined where there is nothing, or its output says it already. */
export const resultText = ({ output, result, taskType }: TaskExecution): string | undefined => {
  if (result === null || (taskType === "shell_command" && output !== null)) return undefined
  const line = safeJson(result)
  return shortTexts[taskType]?.(result) ?? (line.length <= ONE_LINE ? line : safeJson(result, 2))
}
