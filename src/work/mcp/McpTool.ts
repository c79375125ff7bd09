/**
 * `mcp_tool`: calls a tool of an MCP server.
 *
 * At least once: a call whose connection is lost is tried again, though the tool may have run; a tool that must not do a
 * thing twice can tell by `NAGATHA_IDEMPOTENCY_KEY` in the call's `_meta`. An answer with `isError` is a failure. A
 * picture, sound or file in the answer that is larger than `MAX_BINARY` is left out, and said to be.
 */
import { Effect, Predicate, Schema } from "effect"
import { type AttemptContext, type AttemptFailure, ComeBackLater, implement, TaskFailed } from "../TaskType.ts"
import type { McpProblem } from "./McpProblem.ts"
import { McpServers } from "./McpServers.ts"
import { type McpToolArgs, McpToolDeclaration } from "./McpToolArgs.ts"

/** Largest picture, sound or file of an answer that is kept, in characters of base64. */
export const MAX_BINARY = 64 * 1024

const isJson = Schema.is(Schema.Json)

const withoutLarge = (block: Readonly<Record<string, unknown>>, key: string): Readonly<Record<string, unknown>> => {
  const data = block[key]
  return Predicate.isString(data) && data.length > MAX_BINARY
    ? { ...block, [key]: "", truncated: true, omittedBytes: Math.floor((data.length * 3) / 4) }
    : block
}

/** A block of content as it is kept. */
const kept = (block: Readonly<Record<string, unknown>>): Schema.Json => {
  const { _meta: _own, resource, ...rest } = block
  const whole = {
    ...withoutLarge(rest, "data"),
    ...(Predicate.isObject(resource) ? { resource: withoutLarge({ ...resource }, "blob") } : {})
  }
  return isJson(whole) ? whole : String(whole)
}

/** The words of an answer, for the message of an error. */
const wordsOf = (content: ReadonlyArray<Readonly<Record<string, unknown>>>): string =>
  content
    .flatMap((block) => (Predicate.isString(block["text"]) ? [block["text"]] : []))
    .join("\n")
    .trim()

const attemptFailure = ({ code, delayMs, detail, message, retryable }: McpProblem): AttemptFailure => {
  const error = { code, message, ...(detail === undefined ? {} : { detail }) }
  return delayMs === undefined ? new TaskFailed({ error, retryable }) : new ComeBackLater({ delayMs, error })
}

const call = Effect.fnUntraced(function* (args: McpToolArgs, context: AttemptContext) {
  const servers = yield* McpServers
  const answer = yield* servers
    .use(args.serverName, (connection) =>
      connection.call({
        toolName: args.toolName,
        arguments: args.arguments,
        meta: context.attemptEnv,
        progressed: (progress, total, message) => {
          if (total !== undefined && total > 0) context.progress(progress / total, message)
          const of = total === undefined ? "" : ` of ${total}`
          context.log(`progress ${progress}${of}${message === undefined ? "" : `: ${message}`}`)
        }
      })
    )
    .pipe(Effect.mapError(attemptFailure))
  const content = answer.content.map(kept)
  const structured = answer.structuredContent
  const result = {
    content,
    ...(structured === undefined || !isJson(structured) ? {} : { structuredContent: structured })
  }
  if (answer.isError !== true) return result
  const message = `${args.serverName}/${args.toolName}: ${wordsOf(answer.content) || "the tool says that it has failed, and not why"}`
  // Some servers say "invalid params" (-32602 of JSON-RPC) in an answer of the tool.
  const retryable = !/^MCP error -3260[12]\b/.test(wordsOf(answer.content))
  const code = retryable ? "toolError" : "invalidArguments"
  return yield* new TaskFailed({ error: { code, message, detail: result }, retryable })
})

export const McpTool = implement(McpToolDeclaration, call)
