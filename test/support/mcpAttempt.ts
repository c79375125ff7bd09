/** One attempt of `mcp_tool`, run as a program of its own that stays: `node mcpAttempt.ts DIRECTORY SERVER TOOL`. */
import { Effect } from "effect"
import { McpServers } from "../../src/work/mcp/McpServers.ts"
import { McpTool } from "../../src/work/mcp/McpTool.ts"
import { attemptOf } from "./attempt.ts"

const [, , directory = "", serverName = "", toolName = ""] = process.argv

void Effect.runFork(
  Effect.andThen(McpTool.attempt({ serverName, toolName, arguments: {} }, attemptOf()), Effect.never).pipe(
    Effect.provide(McpServers.layer({ directories: [directory], variables: process.env }))
  )
)
