/** What an execution gave, for people. */
import { Predicate, type Schema } from "effect"
import type { TaskExecution } from "../projections/TaskExecution.ts"
import { safeJson, visible } from "./Text.ts"

/** Longest result that is shown in one line. */
const ONE_LINE = 120

/** What an MCP tool answered, where all of it is text. */
const answerText = (result: Schema.Json): string | undefined => {
  const content: unknown = Predicate.isObject(result) ? Reflect.get(result, "content") : undefined
  if (!Array.isArray(content) || content.length === 0) return undefined
  const texts = content.flatMap((block: unknown) => {
    const text: unknown = Predicate.isObject(block) ? Reflect.get(block, "text") : undefined
    return Predicate.isString(text) ? [text] : []
  })
  return texts.length === content.length ? visible(texts.join("\n")) : undefined
}

/** What an execution gave, for people; undefined where there is nothing, or its output says it already. */
export const resultText = ({ output, result, taskType }: TaskExecution): string | undefined => {
  if (result === null || (taskType === "shell_command" && output !== null)) return undefined
  const line = safeJson(result)
  return answerText(result) ?? (line.length <= ONE_LINE ? line : safeJson(result, 2))
}
