import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { defineTaskType, Refused, testScheduler } from "../../src/index.ts"
import type { TestScheduler, TestSchedulerOptions } from "../../src/index.ts"

const START = "2026-03-01T00:00:00.000Z"

const inWorld = async (options: TestSchedulerOptions, body: (world: TestScheduler) => Promise<void>) => {
  const world = await testScheduler({ startAt: START, ...options })
  try {
    await body(world)
  } finally {
    await world.close()
  }
}

/** Some turns of the event loop: what a promise takes that fibres know nothing of. */
const real = async () => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

const greeting = (run: (name: string) => Promise<string> | Effect.Effect<string>) =>
  defineTaskType({
    name: "greet",
    description: "Greets somebody.",
    args: Schema.Struct({ name: Schema.String }),
    result: Schema.String,
    run: ({ name }) => run(name)
  })

const greet = greeting(async (name) => {
  await real()
  return `hello ${name}`
})

describe("a scheduler for tests", () => {
  it("runs what becomes due while time passes, and gives what ran", () =>
    inWorld({ taskTypes: [greet] }, async (world) => {
      const { taskId } = await world.scheduler.schedule({
        taskType: "greet",
        taskArgs: { name: "Ann" },
        schedule: "every day at 9am"
      })
      assert.deepStrictEqual(await world.advance("8h"), [])
      const runs = await world.advance("2d")
      assert.deepStrictEqual(
        runs.map(({ args, at, attempt, outcome, result, taskId: id }) => ({ args, at, attempt, outcome, result, id })),
        [1, 2].map((day) => ({
          args: { name: "Ann" },
          at: `2026-03-0${day}T09:00:00.000Z`,
          attempt: 1,
          outcome: "success" as const,
          result: "hello Ann",
          id: taskId
        }))
      )
      assert.deepStrictEqual(world.runs, runs)
      assert.strictEqual(world.now, "2026-03-03T08:00:00.000Z")
    }))

  it("waits for promises before it lets time go on", () => {
    const order: Array<string> = []
    const slow = greeting(async (name) => {
      await real()
      order.push(name)
      return name
    })
    return inWorld({ taskTypes: [slow] }, async ({ advance, scheduler }) => {
      await scheduler.schedule({ taskType: "greet", taskArgs: { name: "first" }, schedule: "in 1 minute" })
      await scheduler.schedule({ taskType: "greet", taskArgs: { name: "second" }, schedule: "in 2 minutes" })
      await advance("1h")
      assert.deepStrictEqual(order, ["first", "second"])
    })
  })

  it("tells failures and retries, and why", () => {
    let calls = 0
    const shaky = greeting(async (name) => {
      calls += 1
      if (calls === 1) throw new Error("nobody is there")
      return name
    })
    return inWorld({ taskTypes: [shaky] }, async (world) => {
      await world.scheduler.schedule({ taskType: "greet", taskArgs: { name: "Ann" }, schedule: "in 1 hour" })
      const runs = await world.advance("2h")
      assert.deepStrictEqual(
        runs.map(({ attempt, error, outcome }) => ({ attempt, error, outcome })),
        [
          { attempt: 1, error: "nobody is there", outcome: "failure" },
          { attempt: 2, error: undefined, outcome: "success" }
        ]
      )
      assert.deepStrictEqual(
        world.events.map(({ type }) => type.slice("scheduler.task.".length)),
        ["scheduled", "due", "retry", "success", "completed"]
      )
    })
  })

  it("lets a run that never ends meet its timeout", () => {
    const stuck = greeting(() => new Promise<string>(() => undefined))
    return inWorld({ taskTypes: [stuck], patienceMs: 1 }, async (world) => {
      const request = {
        taskType: "greet",
        taskArgs: { name: "Ann" },
        schedule: "now",
        timeoutMs: 60_000,
        maxRetries: 0
      }
      const { taskId } = await world.scheduler.schedule(request)
      await world.advance("1h")
      const task = await world.scheduler.task(taskId)
      assert.strictEqual(task.status, "failed")
      assert.match(task.lastError ?? "", /timed? ?out|longer than/i)
    })
  })

  it("keeps the outside out: commands, tools and addresses are recorded, and not called", () =>
    inWorld({}, async (world) => {
      const marker = { command: "exit 1" }
      await world.scheduler.scheduleTask({ taskType: "shell_command", taskArgs: marker, schedule: "in 1 minute" })
      await world.scheduler.scheduleMcpTool({ serverName: "time", toolName: "now", schedule: "in 2 minutes" })
      await world.scheduler.schedulePluginCommand({ pluginName: "p", commandName: "c", schedule: "in 3 minutes" })
      const runs = await world.advance("1h")
      assert.deepStrictEqual(
        runs.map(({ args, outcome, taskType }) => ({ args, outcome, taskType })),
        [
          { args: { command: "exit 1" }, outcome: "success", taskType: "shell_command" },
          { args: { serverName: "time", toolName: "now", arguments: {} }, outcome: "success", taskType: "mcp_tool" },
          { args: { pluginName: "p", commandName: "c", arguments: {} }, outcome: "success", taskType: "plugin_command" }
        ]
      )
    }))

  it("lets a test put its own code in the place of a task type", () => {
    const commands: Array<string> = []
    const fake = defineTaskType({
      name: "shell_command",
      description: "Writes down what would be run.",
      args: Schema.Struct({ command: Schema.String }),
      result: Schema.Struct({ stdout: Schema.String }),
      run: ({ command }) => {
        commands.push(command)
        return { stdout: "42" }
      }
    })
    return inWorld({ taskTypes: [fake] }, async (world) => {
      await world.scheduler.scheduleTask({
        taskType: "sequence",
        schedule: "in 1 minute",
        taskArgs: {
          steps: [
            { name: "count", type: "shell_command", args: { command: "wc -l" } },
            { name: "tell", type: "notification", args: { message: "{{ steps.count.result.stdout }} rows" } }
          ]
        }
      })
      await world.advance("1m")
      assert.deepStrictEqual(commands, ["wc -l"])
      assert.deepStrictEqual(
        world.notifications.map(({ message }) => message),
        ["42 rows"]
      )
    })
  })

  it("is the same every time: ids, jitter and all", async () => {
    const story = async () => {
      const seen: Array<unknown> = []
      await inWorld({ taskTypes: [greeting(() => Promise.reject(new Error("no")))] }, async (world) => {
        await world.scheduler.schedule({ taskType: "greet", taskArgs: { name: "x" }, schedule: "H * * * *" })
        await world.advance("3h")
        seen.push(world.runs, world.events)
      })
      return seen
    }
    assert.deepStrictEqual(await story(), await story())
  })

  it("has time only when it is told to: calls of one test are taken one after another", () =>
    inWorld({ taskTypes: [greet] }, async ({ advance, advanceTo, scheduler }) => {
      await scheduler.schedule({ taskType: "greet", taskArgs: { name: "x" }, schedule: "every hour" })
      const [first, second, third] = await Promise.all([
        advance("2h"),
        advance("3h"),
        advanceTo("2026-03-01T06:00:00Z")
      ])
      assert.deepStrictEqual([first.length, second.length, third.length], [2, 3, 1])
    }))

  it("refuses what is no length of time and no instant", () =>
    inWorld({}, async (world) => {
      for (const call of [
        () => world.advance("a while"),
        () => world.advance(-1),
        () => world.advanceTo("soon"),
        () => testScheduler({ startAt: "someday" })
      ]) {
        const error = await call().then(
          () => undefined,
          (cause: unknown) => cause
        )
        assert.isTrue(error instanceof Refused && error.code === "invalidRequest", String(error))
      }
    }))

  it("closes while a run goes on", async () => {
    const stuck = greeting(() => new Promise<string>(() => undefined))
    await inWorld({ taskTypes: [stuck], patienceMs: 1 }, async (world) => {
      await world.scheduler.schedule({ taskType: "greet", taskArgs: { name: "x" }, schedule: "now" })
      await world.advance("1s")
      assert.strictEqual(world.runs[0]?.outcome, "running")
    })
  })
})
