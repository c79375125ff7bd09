/** The arguments and the result of `mcp_tool`, without the code that calls tools. */
import { Effect, Schema } from "effect"
import { declareTaskType } from "../TaskType.ts"

const Name = (what: string) =>
  Schema.String.check(
    Schema.makeFilter((text: string) => (text.trim() === "" ? "must not be empty" : undefined))
  ).annotate({ description: what })

export const McpToolArgs = Schema.Struct({
  serverName: Name("name of the server in mcp.json of the worker"),
  toolName: Name("name of one of the server's tools"),
  arguments: Schema.Record(Schema.String, Schema.Json)
    .annotate({ description: 'what the tool is given: an object such as {"timezone": "Europe/Berlin"}' })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed({})))
})
export type McpToolArgs = typeof McpToolArgs.Type

/** What the tool answered: blocks of content as MCP has them, and the structured content where there is any. */
export const McpToolResult = Schema.Struct({
  content: Schema.Array(Schema.Json),
  structuredContent: Schema.optionalKey(Schema.Json)
})
export type McpToolResult = typeof McpToolResult.Type

export const McpToolDeclaration = declareTaskType({
  name: "mcp_tool",
  description: "Calls a tool of an MCP server that the worker's mcp.json names.",
  args: McpToolArgs,
  result: McpToolResult
})
