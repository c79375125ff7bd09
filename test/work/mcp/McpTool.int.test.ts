/** MCP tools against the reference servers of the protocol's authors, and against a hostile one. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { spawn } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { attemptOf } from "../../support/attempt.ts"
import { directory, hostile, reference, servers, textOf } from "../../support/mcp.ts"
import { isAlive, pidsIn, until } from "../../support/processes.ts"

const freePort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    server.close(() => resume(Effect.succeed(port)))
  })
})

/** The reference server over streamable HTTP or the older SSE, as a process of its own; its port. */
const overHttp = Effect.fnUntraced(function* (kind: "streamableHttp" | "sse") {
  const port = yield* freePort
  const program = resolve("node_modules/@modelcontextprotocol/server-everything/dist/index.js")
  const ready = Deferred.makeUnsafe<void>()
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(process.execPath, [program, kind], {
        env: { ...process.env, PORT: String(port) },
        stdio: ["ignore", "ignore", "pipe"]
      })
      child.stderr.on("data", (chunk: Buffer) => {
        if (/listening|running on port/i.test(chunk.toString())) Deferred.doneUnsafe(ready, Effect.void)
      })
      return child
    }),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
  yield* Deferred.await(ready)
  return port
})

describe("a tool of a reference server", () => {
  it.live("is called over standard streams, its progress told, its failures failures", () =>
    Effect.gen(function* () {
      const { attempt, failure, text } = yield* servers({ mcpServers: { all: reference("everything") } })
      assert.strictEqual(yield* text("all", "echo", { message: "hello" }), "Echo: hello")
      const structured = yield* attempt("all", "get-structured-content", { location: "Chicago" })
      assert.containsAllKeys(structured, ["content", "structuredContent"])

      const said: Array<number> = []
      const context = attemptOf()
      const original = context.progress
      Object.assign(context, {
        progress: (fraction: number, words?: string) => {
          said.push(fraction)
          original(fraction, words)
        }
      })
      yield* attempt("all", "trigger-long-running-operation", { duration: 0.4, steps: 4 }, context)
      // The last one may come after the answer, and is no news then.
      assert.deepStrictEqual(said.slice(0, 3), [0.25, 0.5, 0.75])
      assert.include(context.output("log").kept().text, "progress 3 of 4")

      const wrong = yield* failure("all", "get-sum", { a: "x", b: 2 })
      assert.deepInclude(wrong, { _tag: "TaskFailed", retryable: false })
      assert.include(wrong.message, "all/get-sum: ")
      const unknown = yield* failure("all", "ecko")
      assert.deepInclude(unknown, { retryable: false })
      assert.include(unknown.message, 'the MCP server "all" has no tool "ecko"; did you mean "echo"? there are echo, ')
    })
  )

  it.live("is called over streamable HTTP and over SSE", () =>
    Effect.gen(function* () {
      const [http, sse] = yield* Effect.all([overHttp("streamableHttp"), overHttp("sse")], { concurrency: 2 })
      const { text } = yield* servers({
        mcpServers: {
          http: { type: "http", url: `http://127.0.0.1:${http}/mcp` },
          sse: { type: "sse", url: `http://127.0.0.1:${sse}/sse` }
        }
      })
      assert.strictEqual(yield* text("http", "echo", { message: "over HTTP" }), "Echo: over HTTP")
      assert.strictEqual(yield* text("sse", "echo", { message: "over SSE" }), "Echo: over SSE")
    })
  )

  it.live("reads files below its directory, and no others", () =>
    Effect.gen(function* () {
      const path = yield* directory
      writeFileSync(join(path, "note.txt"), "tea at four")
      const { failure, text } = yield* servers({ mcpServers: { files: reference("filesystem", path) } })
      assert.include(yield* text("files", "read_text_file", { path: join(path, "note.txt") }), "tea at four")
      const denied = yield* failure("files", "read_text_file", { path: "/etc/hostname" })
      assert.deepInclude(denied, { retryable: true })
      assert.include(denied.message, "Access denied")
    })
  )

  it.live("remembers over calls, for they share one connection", () =>
    Effect.gen(function* () {
      const path = yield* directory
      const memory = { ...reference("memory"), env: { MEMORY_FILE_PATH: join(path, "memory.jsonl") } }
      const { text } = yield* servers({ mcpServers: { memory } })
      const entities = [{ name: "Nagatha", entityType: "scheduler", observations: ["is punctual"] }]
      yield* text("memory", "create_entities", { entities })
      assert.include(yield* text("memory", "read_graph"), "is punctual")
    })
  )

  it.live("of the example tells the time", () =>
    Effect.gen(function* () {
      const program = fileURLToPath(new URL("../../../examples/time-server/server.mjs", import.meta.url))
      const { attempt, failure } = yield* servers({
        mcpServers: { time: { command: process.execPath, args: [program] } }
      })
      assert.nestedInclude(yield* attempt("time", "get_current_time", { timezone: "Asia/Tokyo" }), {
        "structuredContent.timezone": "Asia/Tokyo"
      })
      assert.nestedProperty(yield* attempt("time", "get_current_time"), "structuredContent.datetime")
      assert.include((yield* failure("time", "get_current_time", { timezone: "Mars" })).message, "is not a time zone")
    })
  )
})

describe("a hostile server", () => {
  /** One that misbehaves tool by tool; `pids`: a file with the number of each of its processes. */
  const plain = Effect.gen(function* () {
    const path = yield* directory
    const pids = join(path, "pids")
    return { ...(yield* servers({ mcpServers: { bad: hostile("plain", { PIDS: pids }) } })), pids }
  })

  it.live("that exits at once is told with what it wrote, and left alone for a while", () =>
    Effect.gen(function* () {
      const { failure } = yield* servers({ mcpServers: { bad: hostile("exits") } })
      const first = yield* failure("bad", "anything")
      assert.deepInclude(first, { _tag: "TaskFailed", retryable: true })
      assert.include(first.message, 'cannot connect to the MCP server "bad": ')
      assert.include(first.message, "it exited with 3; it wrote: cannot find my licence")
      const second = yield* failure("bad", "anything")
      assert.strictEqual(second._tag, "ComeBackLater")
      assert.match(second.message, /the MCP server "bad" has failed 1 times in a row; it is left alone for \d+ ms/)
    })
  )

  it.live("that is no program is told, and so is a directory that is not there", () =>
    Effect.gen(function* () {
      const { failure } = yield* servers({
        mcpServers: { none: { command: "no-such-program-1234" }, nowhere: { command: "true", cwd: "/no/such/place" } }
      })
      assert.include((yield* failure("none", "x")).message, 'the program "no-such-program-1234" was not found')
      assert.include((yield* failure("none", "x")).message, "left alone")
      assert.include((yield* failure("nowhere", "x")).message, 'cannot connect to the MCP server "nowhere"')
    })
  )

  it.live("that never introduces itself is given up", () =>
    Effect.gen(function* () {
      const { failure } = yield* servers({ mcpServers: { bad: { ...hostile("silent"), connectTimeoutMs: 600 } } })
      const given = yield* failure("bad", "x")
      assert.deepInclude(given, { _tag: "TaskFailed", retryable: true })
      assert.include(given.message, 'the MCP server "bad" did not introduce itself within 600 ms')
    })
  )

  it.live("that never answers the first question, or ends at it, is asked in the older way", () =>
    Effect.gen(function* () {
      const { text } = yield* servers({ mcpServers: { deaf: hostile("deaf"), touchy: hostile("touchy") } })
      assert.include(yield* text("touchy", "told"), "meta")
      assert.include(yield* text("deaf", "told"), "meta")
    })
  )

  it.live("that hangs in a call is told that the call is cancelled, and serves others meanwhile", () =>
    Effect.gen(function* () {
      const { attempt, text } = yield* plain
      const hanging = yield* Effect.forkChild(attempt("bad", "hang"), { startImmediately: true })
      assert.strictEqual(yield* text("bad", "late"), "for you")
      const said = Effect.map(text("bad", "cancelled"), (words) => JSON.parse(words))
      yield* Effect.repeat(said, { until: (now) => now.hanging === 1 })
      yield* Fiber.interrupt(hanging)
      yield* Effect.repeat(said, { until: (now) => now.cancelled === 1 })
    })
  )

  it.live("that writes what is no message is understood where it does write one", () =>
    Effect.gen(function* () {
      const { text } = yield* plain
      assert.strictEqual(yield* text("bad", "malformed"), "after all")
    })
  )

  it.live("that ends or floods during a call is started again for the next one", () =>
    Effect.gen(function* () {
      const { failure, pids, text } = yield* plain
      const ended = yield* failure("bad", "exit")
      assert.deepInclude(ended, { _tag: "TaskFailed", retryable: true })
      assert.include(
        ended.message,
        'the connection to the MCP server "bad" was lost during the call of "exit"; it exited with 7'
      )
      assert.include(ended.message, "out of paper; whether the tool has run is not known")
      const next = yield* Effect.retry(text("bad", "late"), { while: ({ _tag }) => _tag === "ComeBackLater" })
      assert.strictEqual(next, "for you")
      assert.include((yield* failure("bad", "flood")).message, "sent a line of more than 10485760 bytes")
      const all = yield* pidsIn(pids, 2)
      yield* until(() => all.every((pid) => !isAlive(pid)))
    })
  )

  it.live("that ends under many calls counts as one failure, and is started once for all of them", () =>
    Effect.gen(function* () {
      const { attempt, failure, pids, text } = yield* plain
      yield* text("bad", "late")
      const hanging = yield* Effect.forEach(
        Array.from({ length: 5 }, () => attempt("bad", "hang")),
        (call) => Effect.forkChild(Effect.result(call), { startImmediately: true })
      )
      yield* failure("bad", "exit")
      for (const fiber of hanging) assert.strictEqual((yield* Fiber.join(fiber))._tag, "Failure")
      const resting = yield* failure("bad", "late")
      assert.include(resting.message, "has failed 1 times in a row")
      const again = Effect.retry(text("bad", "late"), { while: ({ _tag }) => _tag === "ComeBackLater" })
      yield* Effect.all(
        Array.from({ length: 5 }, () => again),
        { concurrency: "unbounded" }
      )
      assert.strictEqual((yield* pidsIn(pids, 2)).length, 2)
    })
  )

  it.live("that changes its tools is asked for them anew", () =>
    Effect.gen(function* () {
      const { failure, text } = yield* plain
      assert.include((yield* failure("bad", "added")).message, 'has no tool "added"')
      yield* text("bad", "change")
      assert.strictEqual(yield* text("bad", "added"), "I am new")
    })
  )

  it.live("that answers with errors fails as they say: wrong arguments for good, its own troubles for now", () =>
    Effect.gen(function* () {
      const { failure } = yield* plain
      const refused = yield* failure("bad", "refuse")
      assert.deepInclude(refused, { retryable: false })
      assert.include(refused.message, "the argument colour is missing")
      assert.deepInclude(yield* failure("bad", "unwise"), { retryable: true })
    })
  )

  it.live("is told which attempt calls, and sees nothing of the worker's environment but what is named", () =>
    Effect.gen(function* () {
      process.env["NAGATHA_TOKEN"] = "canary"
      const { text } = yield* plain
      const told = JSON.parse(yield* text("bad", "told", { a: 1 }, attemptOf({ attempt: 4 })))
      delete process.env["NAGATHA_TOKEN"]
      assert.deepStrictEqual(told.given, { a: 1 })
      assert.deepInclude(told.meta, {
        NAGATHA_TASK_ID: "task",
        NAGATHA_ATTEMPT: "4",
        NAGATHA_IDEMPOTENCY_KEY: "execution"
      })
      assert.containsAllKeys(told.env, ["PATH", "PIDS"])
      assert.doesNotHaveAnyKeys(told.env, ["NAGATHA_TOKEN", "NODE_OPTIONS"])
    })
  )

  it.live("that answers with a large picture has it left out, and said to be", () =>
    Effect.gen(function* () {
      const { attempt } = yield* plain
      assert.deepStrictEqual(yield* attempt("bad", "picture"), {
        content: [{ type: "image", mimeType: "image/png", data: "", truncated: true, omittedBytes: 150_000 }]
      })
      assert.strictEqual(textOf(yield* attempt("bad", "large")).length, 500_000)
    })
  )

  it.live("ends with its descendants when the pool does, and when its worker is killed", () =>
    Effect.gen(function* () {
      const path = yield* directory
      const pids = join(path, "pids")
      const config = { mcpServers: { bad: hostile("plain", { PIDS: pids }) } }
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { text } = yield* servers(config)
          yield* text("bad", "child")
          assert.isTrue((yield* pidsIn(pids, 2)).every((pid) => isAlive(pid)))
        })
      )
      const stopped = yield* pidsIn(pids, 2)
      yield* until(() => stopped.every((pid) => !isAlive(pid)))

      const here = join(path, "worker")
      mkdirSync(here)
      writeFileSync(join(here, "mcp.json"), JSON.stringify(config))
      const program = fileURLToPath(new URL("../../support/mcpAttempt.ts", import.meta.url))
      const worker = spawn(process.execPath, [program, here, "bad", "child"], { stdio: "ignore" })
      const killed = (yield* pidsIn(pids, 4)).slice(2)
      worker.kill("SIGKILL")
      yield* until(() => killed.every((pid) => !isAlive(pid)))
    })
  )

  it.live("that is changed in mcp.json is another server from the next call on", () =>
    Effect.gen(function* () {
      const { pids, text, write } = yield* plain
      assert.notInclude(yield* text("bad", "told"), "LEVEL")
      write({ mcpServers: { bad: hostile("plain", { PIDS: pids, LEVEL: "3" }) } })
      assert.include(yield* text("bad", "told"), '"LEVEL":"3"')
      assert.strictEqual((yield* pidsIn(pids, 2)).length, 2)
    })
  )
})
