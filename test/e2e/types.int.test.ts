/** What tasks can do, on real processes: every type, configured by files as users write them. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { createHmac } from "node:crypto"
import { createServer, type IncomingHttpHeaders, type Server } from "node:http"
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { eventually, isAlive, Nagatha } from "../support/nagatha.ts"
import { hostile, reference } from "../support/mcp.ts"

const ROOT = resolve(import.meta.dirname, "../..")
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

interface Execution {
  readonly executionId: string
  readonly stepName: string | null
  readonly status: string
  readonly result: Readonly<Record<string, unknown>> | null
  readonly output: string | null
  readonly errorMessage: string | null
  readonly progress?: { readonly fraction: number; readonly text: string }
}
interface Scheduled {
  readonly taskId: string
  readonly understoodAs: string
  readonly nextRuns: ReadonlyArray<{ readonly at: string; readonly local: string }>
  readonly task: { readonly taskType: string; readonly scheduleType: string; readonly queue: string }
  readonly execution: Execution
}

interface Heard {
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

const config = mkdtempSync(join(tmpdir(), "nagatha-config-"))
const pids = join(config, "pids")
const nagatha = new Nagatha({ NAGATHA_CONFIG_DIR: config, HOOK_SECRET: SECRET })
const heard: Array<Heard> = []
let server: Server
let url = ""

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      heard.push({ url: request.url ?? "", headers: request.headers, body: Buffer.concat(chunks).toString() })
      response.writeHead(200, { "content-type": "application/json" }).end('{"stock": 42}')
    })
  })
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  mkdirSync(join(config, "plugins"))
  for (const file of ["my-plugin.ts", "word-count.ts"]) {
    copyFileSync(join(ROOT, "examples/plugins", file), join(config, "plugins", file))
  }
  writeFileSync(join(config, "plugins/broken.ts"), "export default {")
  writeFileSync(
    join(config, "nagatha.config.json"),
    JSON.stringify({
      http: { allow: ["127.0.0.1"] },
      notifications: { webhook: { url: `${url}/hook`, secret: "${HOOK_SECRET}" }, routes: { error: ["webhook"] } }
    })
  )
  const mcpServers = {
    time: { command: "node", args: [join(ROOT, "examples/time-server/server.mjs")] },
    all: reference("everything"),
    bad: hostile("plain", { PIDS: pids }),
    _off: { command: "false" }
  }
  writeFileSync(join(config, "mcp.json"), JSON.stringify({ mcpServers }))
  await nagatha.up()
}, 120_000)

afterAll(async () => {
  await nagatha.end()
  server.closeAllConnections()
  server.close()
  rmSync(config, { recursive: true, force: true })
}, 120_000)

const schedule = (...args: ReadonlyArray<string>) => nagatha.json<Scheduled>("schedule", ...args)
/** Schedules a task that runs now, and waits for its end. */
const run = async (type: string, ...args: ReadonlyArray<string>) =>
  (await schedule(type, "now", ...args, "--wait")).execution
const plain = (text: string) => nagatha.run(text.split(" ").map((word) => word.replaceAll("_", " ")))

describe("what the predecessor's documents show", () => {
  it("works word for word: a tool tomorrow at 2pm", async () => {
    const words = ["mcp_tool", "tomorrow at 2pm", "--server-name", "time", "--tool-name", "get_current_time"]
    const ran = await nagatha.run(["scheduler", "schedule", ...words])
    assert.strictEqual(ran.code, 0, ran.stderr)
    const { nextRuns, task } = await nagatha.json<Scheduled>("scheduler", "schedule", ...words)
    assert.deepInclude(task, { taskType: "mcp_tool", scheduleType: "one_time" })
    assert.match(nextRuns[0]?.local ?? "", /T14:00:00\.000\+00:00$/)
  })

  it("works word for word: a reminder every morning, and a list, an info and a cancel from other processes", async () => {
    const { nextRuns, task, taskId } = await nagatha.json<Scheduled>(
      "scheduler",
      "schedule",
      "notification",
      "0 9 * * *",
      "--message",
      "Daily standup reminder",
      "--name",
      "Daily Reminder"
    )
    assert.deepInclude(task, { taskType: "notification", scheduleType: "recurring" })
    assert.match(nextRuns[0]?.at ?? "", /T09:00:00\.000Z$/)
    const list = await nagatha.run(["scheduler", "list", "--status", "scheduled"])
    assert.include(list.stdout, "Daily Reminder")
    assert.strictEqual((await nagatha.run(["scheduler", "info", taskId])).code, 0)
    assert.strictEqual((await nagatha.run(["scheduler", "cancel", taskId, "--confirm"])).code, 0)
  })

  it("works in our terms: the backup sequence at 2 AM, of three types", async () => {
    const taskDefinitions = [
      { type: "notification", args: { message: "Starting backup" } },
      { type: "shell_command", args: { command: "echo backed up" } },
      { type: "notification", args: { message: "Backup complete" } }
    ]
    const { nextRuns, task } = await schedule("sequence", "0 2 * * *", "--args", JSON.stringify({ taskDefinitions }))
    assert.deepInclude(task, { taskType: "sequence", scheduleType: "recurring" })
    assert.match(nextRuns[0]?.at ?? "", /T02:00:00\.000Z$/)
    const { result, status } = await run("sequence", "--args", JSON.stringify({ taskDefinitions }))
    assert.strictEqual(status, "completed")
    assert.deepInclude(result, { completedSteps: 3, totalSteps: 3, failedStep: null })
  })

  it("works in our terms: a plugin that schedules its own command when it is set up", async () => {
    const { task } = await nagatha.json<{ readonly task: Readonly<Record<string, unknown>> }>(
      "info",
      "my_plugin-daily_cleanup"
    )
    assert.deepInclude(task, {
      taskName: "Daily Cleanup",
      taskType: "plugin_command",
      scheduleSpec: "0 2 * * *",
      status: "scheduled"
    })
  })
})

describe("a tool", () => {
  it("is called, and what it answers is kept and shown", async () => {
    const execution = await run(
      "mcp_tool",
      "--server-name",
      "time",
      "--tool-name",
      "get_current_time",
      "--args",
      '{"timezone":"Asia/Tokyo"}'
    )
    assert.nestedInclude(execution.result, { "structuredContent.timezone": "Asia/Tokyo" })
    const shown = await nagatha.run(["info", execution.executionId.split("@")[0] ?? ""])
    assert.include(shown.stdout, '"timezone":"Asia/Tokyo"')
  })

  it("shows how far it is while it runs, and says it in its output", async () => {
    const { taskId } = await schedule(
      "mcp_tool",
      "now",
      "--server-name",
      "all",
      "--tool-name",
      "trigger-long-running-operation",
      "--args",
      '{"duration": 3, "steps": 6}'
    )
    const info = () => nagatha.json<{ readonly executions: ReadonlyArray<Execution> }>("info", taskId)
    await eventually("its progress is seen", info, ({ executions }) => (executions[0]?.progress?.fraction ?? 0) > 0)
    const { executions } = await eventually("it ends", info, (now) => now.executions[0]?.status === "completed")
    assert.include(executions[0]?.output ?? "", "progress 2 of 6")
  }, 60_000)

  it("that is not there fails with what there is, once", async () => {
    const ran = await nagatha.run(["schedule", "mcp_tool", "now", "--server-name", "tim", "--tool-name", "x", "--wait"])
    assert.strictEqual(ran.code, 6)
    assert.include(ran.stderr, 'there is no MCP server "tim" in ')
    assert.include(ran.stderr, 'did you mean "time"?')
  })
})

describe("nagatha mcp-servers", () => {
  it("lists, checks and calls what mcp.json names, with exit codes that tell", async () => {
    const { servers } = await nagatha.json<{
      readonly servers: ReadonlyArray<{ readonly name: string; readonly state: string }>
    }>("mcp-servers", "list")
    assert.deepStrictEqual(
      servers.map(({ name, state }) => `${name} ${state}`),
      ["time on", "all on", "bad on", "_off off"]
    )
    const tools = await plain("mcp-servers tools time")
    assert.match(tools.stdout, /get_current_time +timezone\?: string +The time now/)
    const check = await plain("mcp-servers check time bad")
    assert.strictEqual(check.code, 0)
    assert.include(check.stdout, "ok       time: time-server 1.0.0, MCP ")
    const called = await nagatha.run(["mcp-servers", "call", "all", "echo", "--args", '{"message": "hi"}'])
    assert.strictEqual(called.stdout, "Echo: hi\n")
    assert.strictEqual((await plain("mcp-servers check nobody")).code, 1)
    const unknown = await nagatha.run(["mcp-servers", "call", "time", "get_time"])
    assert.strictEqual(unknown.code, 4)
    assert.include(unknown.stderr, "there is get_current_time")
    const late = await nagatha.run(["mcp-servers", "call", "bad", "hang", "--timeout", "300ms"])
    assert.strictEqual(late.code, 124)
    assert.include(late.stderr, "did not answer within 300 ms")
  }, 60_000)
})

describe("nagatha doctor", () => {
  it("tells what a worker finds: MCP servers, plugins, and what is broken", async () => {
    const ran = await nagatha.run(["doctor"])
    assert.strictEqual(ran.code, 1)
    assert.include(ran.stdout, "time, all, bad")
    assert.include(ran.stdout, "my_plugin, word_count")
    assert.include(ran.stdout, "plugins/broken.ts")
  }, 60_000)
})

describe("plugins", () => {
  it("are listed, and a broken one is named while the others work", async () => {
    const ran = await nagatha.run(["plugins", "list", "--json"])
    assert.strictEqual(ran.code, 1)
    const { broken, loaded } = JSON.parse(ran.stdout) as {
      readonly loaded: ReadonlyArray<{ readonly name: string }>
      readonly broken: ReadonlyArray<{ readonly file: string }>
    }
    assert.deepStrictEqual(loaded.map(({ name }) => name).sort(), ["my_plugin", "word_count"])
    assert.deepStrictEqual(
      broken.map(({ file }) => file),
      [join(config, "plugins/broken.ts")]
    )
  })

  it("have commands that run, and are checked when they are scheduled", async () => {
    const old = join(config, "old")
    mkdirSync(old)
    writeFileSync(join(old, "a.log"), "")
    utimesSync(join(old, "a.log"), 0, 0)
    writeFileSync(join(old, "b.log"), "")
    const command = ["--plugin-name", "my_plugin", "--command-name", "daily_cleanup"]
    const execution = await run("plugin_command", ...command, "--args", JSON.stringify({ directory: old }))
    assert.deepStrictEqual(execution.result, { deleted: ["a.log"] })
    assert.include(execution.output ?? "", "deleted ")
    assert.isFalse(existsSync(join(old, "a.log")))
    const wrong = await nagatha.run(["schedule", "plugin_command", "now", ...command, "--args", '{"directry": "/x"}'])
    assert.strictEqual(wrong.code, 2)
    assert.include(wrong.stderr, 'argument "directry" is not known; did you mean "directory"?')
    const unknown = await nagatha.run([
      "schedule",
      "plugin_command",
      "now",
      "--plugin-name",
      "my_plugn",
      "--command-name",
      "x"
    ])
    assert.strictEqual(unknown.code, 2)
    assert.include(unknown.stderr, 'did you mean "my_plugin"?')
  })

  it("bring task types with a queue, a schema and outcomes of their own", async () => {
    const { execution, task } = await schedule(
      "word_count",
      "now",
      "--args",
      '{"text": "to be or not to be"}',
      "--wait"
    )
    assert.strictEqual(task.queue, "word_count")
    assert.deepStrictEqual(execution.result, { words: 6, different: 4 })
    const short = await nagatha.run([
      "schedule",
      "word_count",
      "now",
      "--args",
      '{"text": "to be", "atLeast": 5}',
      "--wait"
    ])
    assert.strictEqual(short.code, 6)
    assert.include(short.stderr, "2 words; at least 5 are expected")
    const wrong = await nagatha.run(["schedule", "word_count", "now", "--args", '{"txt": "to be"}'])
    assert.strictEqual(wrong.code, 2)
    assert.include(wrong.stderr, 'did you mean "text"?')
  })
})

describe("HTTP and notifications", () => {
  it("a request is sent where the configuration allows it, with the execution as its key", async () => {
    const execution = await run(
      "http_request",
      "--args",
      JSON.stringify({ url: `${url}/stock`, method: "POST", body: { sku: 1 } })
    )
    assert.deepInclude(execution.result, { status: 200, body: { stock: 42 } })
    const request = heard.find((one) => one.url === "/stock")
    assert.strictEqual(request?.headers["idempotency-key"], execution.executionId)
    assert.strictEqual(request?.body, '{"sku":1}')
    const refused = await nagatha.run([
      "schedule",
      "http_request",
      "now",
      "--args",
      '{"url": "http://169.254.169.254/latest/meta-data"}',
      "--wait"
    ])
    assert.strictEqual(refused.code, 6)
    assert.include(refused.stderr, "is not a public address (linkLocal)")
  })

  it("a notification goes where its type is routed, signed with a secret of the environment", async () => {
    const { executionId, result } = await run(
      "notification",
      "--message",
      "disk is full",
      "--notification-type",
      "error"
    )
    assert.deepStrictEqual(result, { deliveredTo: ["nats", "webhook"] })
    const { body, headers } = heard.find((one) => one.url === "/hook") ?? {
      body: "",
      headers: {} as IncomingHttpHeaders
    }
    const key = Buffer.from(SECRET.slice("whsec_".length), "base64")
    const signed = `${executionId}.${String(headers["webhook-timestamp"])}.${body}`
    assert.strictEqual(headers["webhook-signature"], `v1,${createHmac("sha256", key).update(signed).digest("base64")}`)
    assert.include(body, "disk is full")
  })
})

describe("a sequence", () => {
  it("has steps of any type, and hands on what each gave", async () => {
    const steps = [
      {
        name: "time",
        type: "mcp_tool",
        args: { serverName: "time", toolName: "get_current_time", arguments: { timezone: "Asia/Tokyo" } }
      },
      { name: "stock", type: "http_request", args: { url: `${url}/stock` } },
      {
        name: "count",
        type: "word_count",
        args: { text: "{{ steps.time.result.structuredContent.timezone }} has {{ steps.stock.result.body.stock }}" }
      },
      { name: "say", type: "shell_command", args: { command: ["echo", "{{ steps.count.result.words }}"] } }
    ]
    const { result, status } = await run("sequence", "--args", JSON.stringify({ steps }))
    assert.strictEqual(status, "completed")
    const last = (result as { readonly steps: ReadonlyArray<Execution> }).steps.at(-1)
    assert.deepInclude(last?.result, { stdout: "3\n" })
  })
})

describe("what people ask about a task", () => {
  it("is answered by its id: logs of its newest execution, and of a sequence where to look", async () => {
    await nagatha.run([
      "schedule",
      "shell_command",
      "every day at 3:00",
      "--id",
      "asked",
      "--command",
      "echo $NAGATHA_EXECUTION_ID"
    ])
    const none = await nagatha.run(["logs", "asked"])
    assert.strictEqual(none.code, 4)
    assert.include(none.stderr, "has not run yet")
    for (const _ of [1, 2]) await nagatha.run(["run", "asked", "--wait"])
    const { executions } = await nagatha.json<{ readonly executions: ReadonlyArray<Execution> }>("info", "asked")
    assert.strictEqual((await nagatha.run(["logs", "asked"])).stdout, `${executions[0]?.executionId}\n`)
    const nobody = await nagatha.run(["logs", "nobody-here"])
    assert.strictEqual(nobody.code, 4)
    assert.include(nobody.stderr, "nagatha history lists the executions")
    const steps = [
      { name: "slow", type: "shell_command", args: { command: "sleep 1.5" } },
      { name: "say", type: "shell_command", args: { command: "echo hi" } }
    ]
    const waited = await nagatha.run([
      "schedule",
      "sequence",
      "now",
      "--id",
      "steps",
      "--args",
      JSON.stringify({ steps }),
      "--wait"
    ])
    assert.include(waited.stderr, "0 steps have ended; running: slow")
    assert.include(waited.stdout, "2 of 2 steps completed")
    assert.include((await nagatha.run(["logs", "steps"])).stderr, "nagatha info steps lists them")
  }, 60_000)
})

describe("no process of a task outlives", () => {
  const numbers = () => (existsSync(pids) ? readFileSync(pids, "utf8").trim().split("\n").map(Number) : [])

  it("its attempt, nor its worker when that is killed", async () => {
    const already = numbers().length
    const worker = await nagatha.start(["node", "start", "--roles", "worker", "--queues", "doomed"], /is ready/)
    const shell = await schedule(
      "shell_command",
      "now",
      "--queue",
      "doomed",
      "--command",
      `(sleep 1000 & echo $! >> ${pids}; wait) & wait`
    )
    await schedule("mcp_tool", "now", "--queue", "doomed", "--server-name", "bad", "--tool-name", "child")
    // The sleep, the server, and its child.
    await eventually("all have begun", numbers, (found) => found.length >= already + 3)
    const before = numbers().slice(already)
    assert.isTrue(before.every(isAlive))
    worker.kill("SIGKILL")
    await eventually(
      "all are gone",
      () => before.filter(isAlive),
      (left) => left.length === 0,
      10_000
    )
    await nagatha.run(["cancel", shell.taskId, "--yes"])
  }, 60_000)
})
