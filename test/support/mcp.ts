/** MCP servers for tests: a directory with an `mcp.json`, and calls as a worker makes them. */
import { Context, Effect, Layer, Result } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { McpServers } from "../../src/work/mcp/McpServers.ts"
import { McpTool } from "../../src/work/mcp/McpTool.ts"
import type { AttemptContext } from "../../src/work/TaskType.ts"
import { attemptOf } from "./attempt.ts"

const ROOT = resolve(import.meta.dirname, "../..")

/** A reference server of the protocol's authors, started over standard streams. */
export const reference = (name: string, ...args: ReadonlyArray<string>) => ({
  command: process.execPath,
  args: [join(ROOT, `node_modules/@modelcontextprotocol/server-${name}/dist/index.js`), ...args]
})

export const hostile = (mode: string, env: Readonly<Record<string, string>> = {}) => ({
  command: process.execPath,
  args: [join(import.meta.dirname, "hostileMcpServer.mjs"), mode],
  env
})

/** A directory for the test, removed with its scope. */
export const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "nagatha-mcp-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** The servers of an `mcp.json` with this content, in a directory of their own. */
export const servers = Effect.fnUntraced(function* (
  content: object,
  variables: Readonly<Record<string, string | undefined>> = {}
) {
  const path = yield* directory
  writeFileSync(join(path, "mcp.json"), JSON.stringify(content))
  const built = yield* Layer.build(Layer.fresh(McpServers.layer({ directories: [path], variables })))
  const service = Context.get(built, McpServers)

  const attempt = (
    serverName: string,
    toolName: string,
    args: Readonly<Record<string, unknown>> = {},
    context: AttemptContext = attemptOf()
  ) =>
    McpTool.attempt(JSON.parse(JSON.stringify({ serverName, toolName, arguments: args })), context).pipe(
      Effect.provideService(McpServers, service)
    )
  return {
    path,
    service,
    write: (changed: object) => writeFileSync(join(path, "mcp.json"), JSON.stringify(changed)),
    attempt,
    /** The text of what a tool answered. */
    text: (...call: Parameters<typeof attempt>) => Effect.map(attempt(...call), textOf),
    /** What a call that was expected to fail failed with. */
    failure: (...call: Parameters<typeof attempt>) =>
      Effect.map(Effect.result(attempt(...call)), (result) => {
        if (Result.isSuccess(result)) throw new Error(`did not fail: ${JSON.stringify(result.success).slice(0, 300)}`)
        return result.failure
      })
  }
})

/** All text of an answer. */
export const textOf = (result: unknown): string => {
  const { content } = result as { readonly content: ReadonlyArray<{ readonly text?: string }> }
  return content.map(({ text = "" }) => text).join("\n")
}
