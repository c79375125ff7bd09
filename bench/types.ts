/** What the machinery costs: an MCP call beside a bare client, a command beside a bare spawn, steps beside plain tasks. */
import { Client } from "@modelcontextprotocol/client"
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio"
import { Context, Effect, Layer } from "effect"
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import type { ScheduleRequest } from "../src/Scheduler.ts"
import { McpServers } from "../src/work/mcp/McpServers.ts"
import { McpTool } from "../src/work/mcp/McpTool.ts"
import { ShellCommand } from "../src/work/shell/ShellCommand.ts"
import { attemptOf } from "../test/support/attempt.ts"
import { machine, print, rate, row, withWorld, type World } from "./support/world.ts"

const CALLS = 2000
const COMMANDS = 1000
const LANES = 16
const SEQUENCES = 200
const STEPS = 10
const ROUNDS = 3

const median = (values: ReadonlyArray<number>): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0

/** Medians of rounds in which the measurements take turns. */
const inTurns = async (measures: ReadonlyArray<() => Promise<number>>): Promise<ReadonlyArray<number>> => {
  const all: Array<Array<number>> = measures.map(() => [])
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, measure] of measures.entries()) all[index]?.push(await measure())
  }
  return all.map(median)
}

const server = {
  command: process.execPath,
  args: [resolve(import.meta.dirname, "../node_modules/@modelcontextprotocol/server-everything/dist/index.js")]
}

const mcp = async (): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), "nagatha-bench-"))
  writeFileSync(join(directory, "mcp.json"), JSON.stringify({ mcpServers: { all: server } }))
  const client = new Client({ name: "bench", version: "1" })
  await client.connect(new StdioClientTransport({ ...server, stderr: "ignore" }))
  const given = { message: "hello" }
  const measured = Effect.gen(function* () {
    const services = yield* Layer.build(McpServers.layer({ directories: [directory], variables: {} }))
    const ours = McpTool.attempt({ serverName: "all", toolName: "echo", arguments: given }, attemptOf()).pipe(
      Effect.provideService(McpServers, Context.get(services, McpServers))
    )
    const bare = () => client.callTool({ name: "echo", arguments: given })
    yield* Effect.promise(async () => {
      await rate(200, 1, bare)
      await rate(200, 1, () => Effect.runPromise(ours))
      const [plain = 0, attempt = 0] = await inTurns([
        () => rate(CALLS, 1, bare),
        () => rate(CALLS, 1, () => Effect.runPromise(ours))
      ])
      row("an MCP call", "calls/s", "µs a call", "ratio")
      row("---", "---:", "---:", "---:")
      row("a bare client", plain, 1e6 / plain, "")
      row("`mcp_tool`", attempt, 1e6 / attempt, (attempt / plain).toFixed(2))
    })
  })
  await Effect.runPromise(Effect.scoped(measured))
  await client.close()
  rmSync(directory, { recursive: true })
}

/** Tasks from the call that schedules them to the last that is completed, a second; one that fails spoils the figure. */
const endToEnd = async ({ core, scheduler }: World, requests: ReadonlyArray<ScheduleRequest>): Promise<number> => {
  let successes = 0
  let done = () => {}
  let spoil: (reason: Error) => void = () => {}
  const all = new Promise<void>((resolved, rejected) => {
    done = resolved
    spoil = rejected
  })
  const failures = core.connection.subscribe("scheduler.task.failure", {
    callback: () => spoil(new Error("a task has failed"))
  })
  const completed = core.connection.subscribe("scheduler.task.completed", {
    callback: () => {
      successes += 1
      if (successes === requests.length) done()
    }
  })
  const began = performance.now()
  await Effect.runPromise(scheduler.scheduleMany(requests))
  await all
  completed.unsubscribe()
  failures.unsubscribe()
  return (requests.length / (performance.now() - began)) * 1000
}

const many = (count: number, request: ScheduleRequest): ReadonlyArray<ScheduleRequest> =>
  Array.from({ length: count }, () => request)

const bareSpawn = (): Promise<void> =>
  new Promise((resolved) => {
    const child = spawn("true", { stdio: ["pipe", "pipe", "pipe"] })
    child.on("close", () => resolved())
    child.stdout.resume()
    child.stderr.resume()
  })

const commands = async (world: World): Promise<void> => {
  const attempt = ShellCommand.attempt({ command: ["true"] }, attemptOf())
  await rate(100, LANES, bareSpawn)
  await rate(100, LANES, () => Effect.runPromise(attempt))
  await endToEnd(world, many(100, { taskType: "shell_command", schedule: "now", taskArgs: { command: ["true"] } }))
  const [bare = 0, attempts = 0, tasks = 0] = await inTurns([
    () => rate(COMMANDS, LANES, bareSpawn),
    () => rate(COMMANDS, LANES, () => Effect.runPromise(attempt)),
    () =>
      endToEnd(world, many(COMMANDS, { taskType: "shell_command", schedule: "now", taskArgs: { command: ["true"] } }))
  ])
  print("")
  row(`\`true\`, ${LANES} at a time`, "commands/s", "ratio")
  row("---", "---:", "---:")
  row("a bare spawn", bare, "")
  row("an attempt of `shell_command` (guarded group)", attempts, (attempts / bare).toFixed(2))
  row("tasks, from `schedule` to `completed`", tasks, (tasks / bare).toFixed(2))
}

const sequences = async (world: World): Promise<void> => {
  const noop: ScheduleRequest = { taskType: "noop", schedule: "now" }
  const steps = Array.from({ length: STEPS }, () => ({ type: "noop", args: {} }))
  const sequence: ScheduleRequest = { taskType: "sequence", schedule: "now", taskArgs: { steps } }
  await endToEnd(world, many(200, noop))
  await endToEnd(world, many(20, sequence))
  const [plain = 0, whole = 0] = await inTurns([
    () => endToEnd(world, many(SEQUENCES * STEPS, noop)),
    () => endToEnd(world, many(SEQUENCES, sequence))
  ])
  print("")
  row("no-ops, from `schedule` to `completed`", "a second", "ratio")
  row("---", "---:", "---:")
  row(`${SEQUENCES * STEPS} tasks`, plain, "")
  row(`steps of ${SEQUENCES} sequences of ${STEPS}, in order`, whole * STEPS, ((whole * STEPS) / plain).toFixed(2))
}

print(`types: ${machine()}`)
print("")
await mcp()
await withWorld(async (world) => {
  print("")
  print(`nats-server ${world.core.connection.info?.version ?? ""}, sync_interval always`)
  await world.node(["scheduler"])
  const limited = await world.node(["worker"], LANES)
  await commands(world)
  limited.kill("SIGTERM")
  await new Promise((resolved) => limited.once("exit", resolved))
  await world.node(["worker"])
  await sequences(world)
})
