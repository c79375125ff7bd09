import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expanded } from "../../../src/work/Expansion.ts"
import { type McpServer, readServers, serverOf } from "../../../src/work/mcp/McpConfig.ts"
import { directory } from "../../support/mcp.ts"

const env = { TOKEN: "t0k", EMPTY: "", HOME_DIR: "/home/x" }

/** A server of a file with this content, or what is said to be wrong. */
const server = (content: unknown, name = "one", variables: Readonly<Record<string, string>> = env) =>
  Effect.gen(function* () {
    const path = yield* directory
    writeFileSync(join(path, "mcp.json"), typeof content === "string" ? content : JSON.stringify(content))
    const found = yield* Effect.result(
      Effect.flatMap(readServers([path]), (servers) => Effect.fromResult(serverOf(servers, name, variables)))
    )
    return Result.match(found, {
      onSuccess: (known): McpServer | string => known,
      onFailure: ({ message }) => message.replaceAll(path, "DIR")
    })
  }).pipe(Effect.scoped)

const one = (entry: object) => server({ mcpServers: { one: entry } })

describe("mcp.json", () => {
  it.live("is taken from the first directory that has one", () =>
    Effect.gen(function* () {
      const path = yield* directory
      const [first, second, third] = ["a", "b", "c"].map((name) => join(path, name)) as [string, string, string]
      for (const each of [first, second, third]) mkdirSync(each)
      assert.deepStrictEqual((yield* readServers([first, second])).file, null)
      writeFileSync(join(second, "mcp.json"), '{"mcpServers": {"x": {"command": "x"}}}')
      writeFileSync(join(third, "mcp.json"), '{"mcpServers": {"y": {"command": "y"}}}')
      const { entries, file } = yield* readServers([first, second, third])
      assert.strictEqual(file, join(second, "mcp.json"))
      assert.deepStrictEqual([...entries.keys()], ["x"])
    })
  )

  it.live("is read as other clients write it: mcpServers, or servers with a type", () =>
    Effect.gen(function* () {
      const stdio = yield* server({ servers: { one: { type: "stdio", command: "node", args: ["x.js"] } } })
      assert.deepInclude(stdio, { name: "one", protocol: "auto" })
      const http = yield* one({
        type: "http",
        url: "https://example.org/mcp",
        headers: { Authorization: "Bearer ${TOKEN}" }
      })
      assert.deepStrictEqual(http, {
        name: "one",
        protocol: "auto",
        connectTimeoutMs: 15_000,
        reach: { kind: "http", url: new URL("https://example.org/mcp"), headers: { Authorization: "Bearer t0k" } }
      })
      const sse = yield* one({ type: "sse", url: "http://127.0.0.1:1/sse" })
      assert.deepInclude(typeof sse === "string" ? {} : sse.reach, { kind: "sse" })
    })
  )

  it.live("begins relative directories where it lies", () =>
    Effect.gen(function* () {
      const path = yield* directory
      writeFileSync(
        join(path, "mcp.json"),
        JSON.stringify({ mcpServers: { here: { command: "x" }, there: { command: "x", cwd: "sub" } } })
      )
      const found = yield* readServers([path])
      const cwdOf = (name: string) => {
        const { reach } = Result.getOrThrow(serverOf(found, name, {}))
        return reach.kind === "stdio" ? reach.cwd : undefined
      }
      assert.strictEqual(cwdOf("here"), path)
      assert.strictEqual(cwdOf("there"), join(path, "sub"))
    })
  )

  it.live("fills in variables in every field that may have them", () =>
    Effect.gen(function* () {
      const found = yield* one({
        command: "${HOME_DIR}/run",
        args: ["--token=${env:TOKEN}", "${MISSING:-none}", "$${TOKEN}", "$TOKEN"],
        env: { KEY: "${EMPTY:-filled}", PLAIN: "${EMPTY}" },
        cwd: "${HOME_DIR}"
      })
      assert.deepStrictEqual(typeof found === "string" ? found : found.reach, {
        kind: "stdio",
        argv: ["/home/x/run", "--token=t0k", "none", "${TOKEN}", "$TOKEN"],
        env: { KEY: "filled", PLAIN: "" },
        cwd: "/home/x"
      })
    })
  )

  const wrong: ReadonlyArray<readonly [what: string, content: unknown, told: string]> = [
    [
      "a variable that is not set",
      { mcpServers: { one: { command: "x", env: { KEY: "a${NOPE}" } } } },
      'DIR/mcp.json: server "one": env.KEY: the variable NOPE is not set; set it where the worker runs, or write ${NOPE:-default}'
    ],
    [
      "a variable of another kind",
      { mcpServers: { one: { command: "x", args: ["${input:key}"] } } },
      'DIR/mcp.json: server "one": args[0]: ${input:key} is not understood; write ${VAR}, ${VAR:-default} or ${env:VAR}'
    ],
    [
      "a server that cannot be reached in any way",
      { mcpServers: { one: { args: [] } } },
      'DIR/mcp.json: server "one": has neither a "command" (to start it) nor a "url" (to call it)'
    ],
    [
      "a server with two ways",
      { mcpServers: { one: { command: "x", url: "http://x" } } },
      'DIR/mcp.json: server "one": has both a "command" and a "url"; keep one of them'
    ],
    [
      "an address of another kind",
      { mcpServers: { one: { url: "file:///etc/passwd" } } },
      'DIR/mcp.json: server "one": url: must begin with http:// or https://, and be a whole address, as "file:///etc/passwd" is not'
    ],
    [
      "another server's name",
      { mcpServers: { once: { command: "x" } } },
      'there is no MCP server "one" in DIR/mcp.json; did you mean "once"? there is once'
    ],
    ["no servers", { mcpServers: {} }, 'there is no MCP server "one" in DIR/mcp.json; it names none'],
    [
      "a server that is disabled",
      { mcpServers: { one: { command: "x", disabled: true } } },
      'the MCP server "one" is off in DIR/mcp.json: take away the "_" or the "disabled"'
    ],
    ["text that is no JSON", "{", "DIR/mcp.json is no JSON"],
    ["another form", { tools: {} }, 'DIR/mcp.json has no "mcpServers"'],
    [
      "args that are no list",
      { mcpServers: { one: { command: "x", args: "y" } } },
      'DIR/mcp.json: server "one": "args"'
    ]
  ]
  it.live.each(wrong)("says what is wrong with %s", ([, content, told]) =>
    Effect.gen(function* () {
      const said = yield* server(content)
      assert.include(said, told)
    })
  )

  it.live(
    "leaves servers off whose name begins with _, however they are written, and names keys that it does not know",
    () =>
      Effect.gen(function* () {
        const path = yield* directory
        writeFileSync(
          join(path, "mcp.json"),
          JSON.stringify({ mcpServers: { _off: { command: 5 }, on: { command: "x", autoApprove: [], timeout: 3 } } })
        )
        const { entries, notes, off } = yield* readServers([path])
        assert.deepStrictEqual([...entries.keys()], ["on"])
        assert.deepStrictEqual(off, ["_off"])
        assert.deepStrictEqual(notes, [
          'server "on": "autoApprove" is not known and ignored',
          'server "on": "timeout" is not known and ignored'
        ])
      })
  )

  it.live("with one entry that cannot be used has the others all the same", () =>
    Effect.gen(function* () {
      const path = yield* directory
      const mcpServers = { bad: { command: "x", arg: [], args: "y" }, good: { command: "x" } }
      writeFileSync(join(path, "mcp.json"), JSON.stringify({ mcpServers }))
      const found = yield* readServers([path])
      assert.isTrue(Result.isSuccess(serverOf(found, "good", {})))
      assert.deepStrictEqual([...found.broken.keys()], ["bad"])
      assert.include(found.notes[0], 'server "bad": "arg" is not known and ignored; did you mean "args"?')
    })
  )

  it("never reads a bare $VAR, and an escape stays an escape", () => {
    assert.deepStrictEqual(expanded("$HOME $${X} ${TOKEN}$", env), Result.succeed("$HOME ${X} t0k$"))
  })
})
