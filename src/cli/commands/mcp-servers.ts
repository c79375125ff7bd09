/** `nagatha mcp-servers`: the MCP servers that this machine's `mcp.json` names; needs no running service. */
import { Effect, Option, Result } from "effect"
import { Argument, Command } from "effect/cli"
import type { McpConnection, McpToolOffer } from "../../work/mcp/McpConnection.ts"
import { withMcpServers } from "../Backend.ts"
import { CliFailure, ExitCode } from "../Failure.ts"
import { duration, json, text } from "../asking/Flags.ts"
import { note, out, outJson, outTable } from "../showing/Output.ts"
import { jsonArgs } from "../asking/JsonArgs.ts"
import { counted, visible } from "../showing/Text.ts"

const server = Argument.String("SERVER").pipe(Argument.withDescription("Name of a server in mcp.json"))

const NONE = 'write a file mcp.json such as { "mcpServers": { "time": { "command": "…", "args": ["…"] } } }'

/** Undefined where there is none: said then. */
const configured = Effect.fnUntraced(function* () {
  const found = yield* withMcpServers((servers) => servers.configured)
  for (const text of found.notes) yield* note(`${found.file ?? ""}: ${text}`)
  if (found.file === null) yield* note(`there is no mcp.json; looked for ${found.searched.join(" and ")}\n${NONE}`)
  return found
})

const list = Command.make(
  "list",
  { json },
  Effect.fnUntraced(function* (input) {
    const { broken, entries, file, off } = yield* configured()
    const rows = [
      ...[...entries].map(([name, { args = [], command, type, url }]) => ({
        name,
        state: "on",
        kind: url === undefined ? "stdio" : type === "sse" ? "sse" : "http",
        target: url ?? [command, ...args].join(" ")
      })),
      ...[...broken].map(([name, reason]) => ({ name, state: "broken", kind: "", target: reason })),
      ...off.map((name) => ({ name, state: "off", kind: "", target: "" }))
    ]
    if (input.json) return yield* outJson({ file, servers: rows })
    if (file === null) return
    yield* outTable(
      [
        { header: "NAME", value: ({ name }) => name },
        { header: "STATE", value: ({ state }) => state },
        { header: "KIND", value: ({ kind }) => kind },
        { header: "STARTED OR CALLED BY", value: ({ target }) => target, flexible: true }
      ],
      rows
    )
    yield* note(`from ${file}`)
  })
).pipe(
  Command.withDescription("List the MCP servers that mcp.json names, as it is written"),
  Command.withExamples([{ command: "nagatha mcp-servers list" }])
)

/** `timezone?: string, limit: number`: what a tool takes. */
const takes = ({ inputSchema }: McpToolOffer): string => {
  const { properties = {}, required = [] } = inputSchema
  return Object.entries(properties)
    .map(([name, schema]) => {
      const type = typeof schema === "object" && schema !== null ? Reflect.get(schema, "type") : undefined
      return `${name}${required.includes(name) ? "" : "?"}: ${typeof type === "string" ? type : "any"}`
    })
    .join(", ")
}

const tools = Command.make(
  "tools",
  { server, json },
  Effect.fnUntraced(function* (input) {
    const found = yield* withMcpServers((servers) => servers.use(input.server, ({ tools: listed }) => listed))
    if (input.json) return yield* outJson(found)
    if (found.length === 0) return yield* note(`the MCP server ${JSON.stringify(input.server)} has no tools`)
    yield* outTable(
      [
        { header: "TOOL", value: ({ name }) => name },
        { header: "ARGUMENTS", value: takes, flexible: true },
        { header: "WHAT IT DOES", value: ({ description = "" }) => description.split("\n")[0] ?? "", flexible: true }
      ],
      [...found]
    )
  })
).pipe(
  Command.withDescription("List the tools of an MCP server, with what they take"),
  Command.withExamples([
    { command: "nagatha mcp-servers tools time" },
    { command: "nagatha mcp-servers tools time --json", description: "With their JSON Schemas" }
  ])
)

const called = (
  connection: McpConnection,
  toolName: string,
  given: Parameters<McpConnection["call"]>[0]["arguments"]
) =>
  connection.call({
    toolName,
    arguments: given,
    meta: {},
    progressed: () => {}
  })

const call = Command.make(
  "call",
  {
    server,
    tool: Argument.String("TOOL").pipe(Argument.withDescription("Name of one of its tools")),
    args: text("args", "JSON", "What the tool is given: a JSON object (default: {})"),
    timeout: duration("timeout", "How long to wait for the answer (default: 5m)"),
    json
  },
  Effect.fnUntraced(function* (input) {
    const given = Option.isSome(input.args) ? yield* jsonArgs(input.args.value) : {}
    const timeoutMs = Option.getOrElse(input.timeout, () => 300_000)
    const answer = yield* withMcpServers((servers) =>
      servers.use(input.server, (connection) => called(connection, input.tool, given))
    ).pipe(
      Effect.timeoutOrElse({
        duration: timeoutMs,
        orElse: () =>
          Effect.fail(
            new CliFailure({
              code: "timeout",
              message: `${input.server}/${input.tool} did not answer within ${timeoutMs} ms; the call was cancelled, whether it has done something is not known`,
              exitCode: ExitCode.outcomeUnknown
            })
          )
      })
    )
    if (input.json) yield* outJson(answer)
    else {
      for (const block of answer.content) yield* out(block.type === "text" ? visible(block.text) : `[${block.type}]`)
    }
    if (answer.isError !== true) return
    return yield* new CliFailure({
      code: "toolError",
      message: `${input.server}/${input.tool} says that it has failed`,
      exitCode: ExitCode.executionFailed
    })
  })
).pipe(
  Command.withDescription("Call a tool now, here, and print what it answers; nothing is scheduled or recorded"),
  Command.withExamples([
    { command: "nagatha mcp-servers call time get_current_time" },
    { command: `nagatha mcp-servers call time get_current_time --args '{"timezone": "Asia/Tokyo"}'` }
  ])
)

const check = Command.make(
  "check",
  {
    servers: Argument.String("SERVER").pipe(
      Argument.withDescription("Names of servers (default: all that are on)"),
      Argument.variadic()
    ),
    json
  },
  Effect.fnUntraced(function* (input) {
    const { broken, entries, file } = yield* configured()
    if (file === null) {
      return yield* new CliFailure({
        code: "mcpConfig",
        message: "there is nothing to check",
        exitCode: ExitCode.notFound
      })
    }
    const names = input.servers.length > 0 ? input.servers : [...entries.keys(), ...broken.keys()]
    const checked = yield* withMcpServers((servers) =>
      Effect.forEach(
        names,
        (name) =>
          servers
            .use(name, ({ about, tools: listed }) => Effect.map(listed, ({ length }) => ({ ...about, tools: length })))
            .pipe(
              Effect.result,
              Effect.map((result) => [name, result] as const)
            ),
        { concurrency: "unbounded" }
      )
    )
    const rows = checked.map(([name, result]) =>
      Result.isSuccess(result)
        ? { server: name, ok: true, ...result.success, error: null }
        : {
            server: name,
            ok: false,
            name: null,
            version: null,
            protocol: null,
            tools: null,
            error: result.failure.message
          }
    )
    if (input.json) yield* outJson(rows)
    else {
      for (const row of rows) {
        yield* out(
          row.ok
            ? `ok       ${row.server}: ${row.name} ${row.version}, MCP ${row.protocol}, ${counted(row.tools ?? 0, "tool")}`
            : `problem  ${row.server}: ${visible(row.error ?? "")}`
        )
      }
    }
    const unusable = rows.filter(({ ok }) => !ok).length
    if (unusable === 0) return
    return yield* new CliFailure({
      code: "mcpServers",
      message: `${unusable} of ${counted(rows.length, "MCP server")} cannot be used`,
      exitCode: ExitCode.failed
    })
  })
).pipe(
  Command.withDescription("Connect to MCP servers and say what they are, or why they cannot be reached"),
  Command.withExamples([{ command: "nagatha mcp-servers check" }])
)

export const mcpServers = Command.make("mcp-servers").pipe(
  Command.withSubcommands([list, tools, call, check]),
  Command.withExamples([
    { command: "nagatha mcp-servers check" },
    { command: 'nagatha schedule mcp_tool "tomorrow at 2pm" --server-name time --tool-name get_current_time' }
  ])
)
