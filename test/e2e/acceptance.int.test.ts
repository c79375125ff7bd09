/**
 * What users of the predecessor were promised (P) and what its own tests checked (T), in our terms, in the order of that
 * list: on real processes, through the doors that programs and people use.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { connect, type AnnouncedEvent, Refused, type SchedulerClient } from "../../src/index.ts"
import { eventually, isAlive, Nagatha } from "../support/nagatha.ts"

const ROOT = resolve(import.meta.dirname, "../..")
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const config = mkdtempSync(join(tmpdir(), "nagatha-acceptance-"))
const nagatha = new Nagatha({ NAGATHA_CONFIG_DIR: config })
let scheduler: SchedulerClient

beforeAll(async () => {
  mkdirSync(join(config, "plugins"))
  for (const name of ["my-plugin.ts", "word-count.ts"]) {
    copyFileSync(join(ROOT, "examples/plugins", name), join(config, "plugins", name))
  }
  const time = { command: "node", args: [join(ROOT, "examples/time-server/server.mjs")] }
  writeFileSync(join(config, "mcp.json"), JSON.stringify({ mcpServers: { time } }))
  await nagatha.up()
  scheduler = await connect({ dataDir: nagatha.dataDir })
}, 120_000)

afterAll(async () => {
  await scheduler.close()
  await nagatha.end()
  rmSync(config, { recursive: true, force: true })
}, 120_000)

/** When words mean to run first, in milliseconds from now. */
const fromNow = async (when: string): Promise<number> => {
  const asked = Date.now()
  const { runs } = await scheduler.next({ when })
  return Date.parse(runs[0]?.at ?? "") - asked
}

const refusal = (promise: Promise<unknown>): Promise<Refused> =>
  promise.then(
    (value) => assert.fail(`was not refused: ${JSON.stringify(value)}`),
    (error: unknown) => (error instanceof Refused ? error : assert.fail(String(error)))
  )

const ids = async (status?: "scheduled" | "completed" | "cancelled") => {
  const found: Array<string> = []
  for await (const { taskId } of scheduler.listTasks(status === undefined ? { all: true } : { status, all: true }))
    found.push(taskId)
  return found
}

describe("what the predecessor's own tests checked", () => {
  it("T1: a new scheduler has no tasks but those of its plugins", async () => {
    assert.deepStrictEqual(await ids(), ["my_plugin-daily_cleanup"])
  })

  it("T2: in 30 minutes lies between now and 35 minutes", async () => {
    const ms = await fromNow("in 30 minutes")
    assert.isTrue(ms > 0 && ms < 35 * MINUTE, String(ms))
  })

  it("T3: in 2 hours lies between an hour and a half and two and a half", async () => {
    const ms = await fromNow("in 2 hours")
    assert.isTrue(ms > 1.5 * HOUR && ms < 2.5 * HOUR, String(ms))
  })

  it("T4: tomorrow is the same time of day, 20 to 28 hours away", async () => {
    const ms = await fromNow("tomorrow")
    assert.isTrue(ms > 20 * HOUR && ms < 28 * HOUR, String(ms))
  })

  it("T5: an invalid time is told, with where it is wrong, and breaks nothing", async () => {
    const { code, message } = await refusal(scheduler.next({ when: "invalid time" }))
    assert.strictEqual(code, "invalidSchedule")
    assert.include(message, 'cannot read "invalid time"')
  })

  it("T6: an instant of a program comes back as the same instant", async () => {
    const at = new Date(Date.now() + HOUR)
    const { runs } = await scheduler.next({ when: at.toISOString() })
    assert.deepStrictEqual(
      runs.map((run) => run.at),
      [at.toISOString()]
    )
  })

  it("T7: an ISO text with an offset and microseconds, an hour ahead, is an instant", async () => {
    const text = new Date(Date.now() + HOUR).toISOString().replace(/\.\d{3}Z$/, ".123456+00:00")
    const { kind, runs } = await scheduler.next({ when: text })
    assert.strictEqual(kind, "once")
    assert.strictEqual(runs[0]?.at, `${text.slice(0, 19)}.123Z`)
  })

  it("T8: 0 9 * * 1 is a cron schedule, every Monday at nine", async () => {
    const { kind, runs } = await scheduler.next({ when: "0 9 * * 1", timezone: "UTC", count: 3 })
    assert.strictEqual(kind, "cron")
    for (const { at } of runs) {
      assert.strictEqual(new Date(at).getUTCDay(), 1)
      assert.match(at, /T09:00:00\.000Z$/)
    }
  })

  it("T9: an invalid schedule is refused, and nothing is stored", async () => {
    const before = await ids()
    const asked = scheduler.scheduleNotification({ message: "x", schedule: "invalid schedule" })
    assert.strictEqual((await refusal(asked)).code, "invalidSchedule")
    assert.deepStrictEqual(await ids(), before)
  })

  it("T10, T11, T12: the arguments of a tool, a plugin's command and a notification reach the task", async () => {
    const tool = await scheduler.scheduleMcpTool({
      serverName: "time",
      toolName: "get_current_time",
      arguments: { timezone: "UTC" },
      schedule: "in 1 hour",
      taskId: "t10"
    })
    const command = await scheduler.schedulePluginCommand({
      pluginName: "my_plugin",
      commandName: "daily_cleanup",
      arguments: { directory: "/tmp/nothing" },
      schedule: "in 1 hour",
      taskId: "t11"
    })
    const told = await scheduler.scheduleNotification({ message: "tea", schedule: "in 1 hour", taskId: "t12" })
    const args = async ({ taskId }: { readonly taskId: string }) => (await scheduler.task(taskId)).taskArgs
    assert.deepInclude(await args(tool), {
      serverName: "time",
      toolName: "get_current_time",
      arguments: { timezone: "UTC" }
    })
    assert.deepInclude(await args(command), {
      pluginName: "my_plugin",
      commandName: "daily_cleanup",
      arguments: { directory: "/tmp/nothing" }
    })
    assert.deepInclude(await args(told), { message: "tea" })
  })

  it("T13: a list can be narrowed by status", async () => {
    const { taskId } = await scheduler.scheduleNotification({ message: "now", schedule: "now", taskId: "t13" })
    assert.strictEqual((await scheduler.waitForTask(taskId)).status, "completed")
    const [all, scheduled, completed] = [await ids(), await ids("scheduled"), await ids("completed")]
    assert.includeMembers(scheduled, ["t10", "t11", "t12"])
    assert.deepStrictEqual(completed, ["t13"])
    assert.sameMembers(all, [...scheduled, ...completed])
  })

  it("T14: a task is found by its id; an unknown id is told apart", async () => {
    assert.strictEqual((await scheduler.task("t12")).taskType, "notification")
    assert.strictEqual((await refusal(scheduler.task("nowhere"))).code, "notFound")
  })

  it("T15, T16: a plugin has a name and a scheduler, with which it schedules; the answer has the id", async () => {
    const task = await scheduler.task("my_plugin-daily_cleanup")
    assert.deepInclude(task, { createdBy: "plugin", taskName: "Daily Cleanup", status: "scheduled" })
    assert.strictEqual(
      (await scheduler.scheduleNotification({ message: "test", schedule: "in 1 hour", taskId: "t16" })).taskId,
      "t16"
    )
  })

  it("T17: a cancel says what it has cancelled", async () => {
    const ran = await nagatha.run(["cancel", "t16", "--yes"])
    assert.strictEqual(ran.stdout, "cancelled t16\n", ran.stderr)
  })

  it("T18: a list shows every task with its id", async () => {
    const { stdout } = await nagatha.run(["list"])
    for (const id of ["t10", "t11", "t12"]) assert.include(stdout, id)
  })

  it("T19: two connections see the same scheduler", async () => {
    const other = await connect({ dataDir: nagatha.dataDir })
    try {
      await other.scheduleNotification({ message: "shared", schedule: "in 1 hour", taskId: "t19" })
      assert.strictEqual((await scheduler.task("t19")).taskArgs["message"], "shared")
    } finally {
      await other.close()
    }
  })

  it("T20: a tool in an hour is a one-time task with its server and tool", async () => {
    const task = await scheduler.task("t10")
    assert.deepInclude(task, { taskType: "mcp_tool", scheduleType: "one_time", status: "scheduled" })
  })

  it("T21: a plugin's command by cron is a recurring task", async () => {
    const { taskId } = await scheduler.schedulePluginCommand({
      pluginName: "my_plugin",
      commandName: "daily_cleanup",
      arguments: { directory: "/tmp/nothing" },
      schedule: "0 9 * * *"
    })
    assert.deepInclude(await scheduler.task(taskId), { taskType: "plugin_command", scheduleType: "recurring" })
  })

  it("T22: a notification tomorrow keeps its message and its kind", async () => {
    const { taskId } = await scheduler.scheduleNotification({
      message: "Test reminder",
      notificationType: "info",
      schedule: "tomorrow"
    })
    const { taskArgs, taskType } = await scheduler.task(taskId)
    assert.strictEqual(taskType, "notification")
    assert.deepInclude(taskArgs, { message: "Test reminder", notificationType: "info" })
  })

  it("T23: after a cancel the status is cancelled, and when is known", async () => {
    const { status } = await scheduler.cancelTask("t12")
    assert.strictEqual(status, "cancelled")
    assert.isNotNull((await scheduler.task("t12")).cancelledAt)
  })

  it("T24: a client is made with the address of the server, and speaks JSON", async () => {
    const up = JSON.parse(readFileSync(join(nagatha.dataDir, "up.json"), "utf8")) as {
      readonly nats: { readonly url: string; readonly user: string; readonly password: string }
    }
    const { password, url, user } = up.nats
    const other = await connect({ servers: url, user, password })
    try {
      assert.strictEqual((await other.status()).nodes.length, 1)
    } finally {
      await other.close()
    }
  })

  it("T25: a signal ends it in good order, with all that it has started", async () => {
    const alone = new Nagatha({ NAGATHA_CONFIG_DIR: join(config, "none") })
    try {
      const up = await alone.up()
      const server = alone.serverPid()
      assert.isNotNull(server)
      const ended = new Promise<number | null>((done) => up.once("exit", (code) => done(code)))
      process.kill(alone.upPid() ?? 0, "SIGTERM")
      assert.strictEqual(await ended, 143)
      await eventually(
        "its server has ended",
        () => isAlive(server ?? 0),
        (alive) => !alive
      )
    } finally {
      await alone.end()
    }
  }, 60_000)
})

describe("what the predecessor's documents promised", () => {
  it("P1: the commands of its quick start; tomorrow at 2pm is at 14:00", async () => {
    const tool = ["mcp_tool", "tomorrow at 2pm", "--server-name", "time", "--tool-name", "get_current_time"]
    const commands = [
      ["scheduler", "schedule", "notification", "in 30 minutes", "--message", "Meeting reminder"],
      ["scheduler", "schedule", ...tool],
      ["scheduler", "schedule", "shell_command", "0 2 * * *", "--command", "true", "--name", "Nightly"]
    ]
    for (const command of commands) {
      const ran = await nagatha.run(command)
      assert.strictEqual(ran.code, 0, ran.stderr)
    }
    const { runs } = await scheduler.next({ when: "tomorrow at 2pm", timezone: "UTC" })
    assert.match(runs[0]?.at ?? "", /T14:00:00\.000Z$/)
  })

  it("P2: list, info and cancel from other processes than the one that scheduled", async () => {
    const [found] = (await scheduler.tasks({ name: "Nightly" })).items
    const id = found?.taskId ?? ""
    assert.include((await nagatha.run(["scheduler", "list"])).stdout, "Nightly")
    assert.include((await nagatha.run(["scheduler", "info", id])).stdout, "Nightly")
    assert.strictEqual((await nagatha.run(["scheduler", "cancel", id, "--confirm"])).code, 0)
    assert.strictEqual((await scheduler.task(id)).status, "cancelled")
  })

  it("P3: the basic use of its programs' interface", async () => {
    const { taskId } = await scheduler.scheduleNotification({
      message: "Meeting reminder",
      schedule: "in 30 minutes",
      notificationType: "info"
    })
    const listed: Array<string> = []
    for await (const task of scheduler.listTasks({ status: "scheduled" })) listed.push(task.taskId)
    assert.include(listed, taskId)
    assert.strictEqual((await scheduler.cancelTask(taskId)).status, "cancelled")
  })

  it("P4: its plugin example, with a name for the task", async () => {
    const { taskId } = await scheduler.schedulePluginCommand({
      pluginName: "my_plugin",
      commandName: "daily_cleanup",
      arguments: { directory: "/tmp/nothing" },
      schedule: "0 2 * * *",
      taskName: "Daily Cleanup"
    })
    assert.deepInclude(await scheduler.task(taskId), { taskName: "Daily Cleanup", taskType: "plugin_command" })
  })

  it("P5: its five examples in words, and five of cron", async () => {
    const words: Readonly<Record<string, (ms: number) => boolean>> = {
      "in 30 minutes": (ms) => Math.abs(ms - 30 * MINUTE) < MINUTE,
      "in 2 hours": (ms) => Math.abs(ms - 2 * HOUR) < MINUTE,
      tomorrow: (ms) => Math.abs(ms - DAY) <= HOUR + MINUTE,
      "next week": (ms) => Math.abs(ms - 7 * DAY) <= HOUR + MINUTE,
      "at 14:30": (ms) => ms > 0 && ms <= DAY
    }
    for (const [text, holds] of Object.entries(words)) assert.isTrue(holds(await fromNow(text)), text)
    const crons: Readonly<Record<string, RegExp>> = {
      "0 9 * * *": /T09:00:00/,
      "*/5 * * * *": /:[0-5][05]:00\.000Z$/,
      "0 0 * * 0": /T00:00:00/,
      "0 12 1 * *": /-01T12:00:00/,
      "30 8 * * 1-5": /T08:30:00/
    }
    for (const [text, at] of Object.entries(crons)) {
      const { kind, runs } = await scheduler.next({ when: text, timezone: "UTC", count: 2 })
      assert.strictEqual(kind, "cron")
      for (const run of runs) assert.match(run.at, at, text)
    }
  })

  it("P6: events reach every subscriber, each with its task, under one pattern", async () => {
    const heard: Array<AnnouncedEvent> = []
    const stop = await scheduler.subscribe("scheduler.task.*", (event) => void heard.push(event))
    const shell = (taskId: string, command: string) =>
      scheduler.scheduleTask({
        taskId,
        taskType: "shell_command",
        taskArgs: { command },
        schedule: "now",
        maxRetries: 1,
        backoffMs: 50
      })
    await shell("p6-good", "sleep 0.3")
    await shell("p6-bad", "exit 3")
    await scheduler.scheduleNotification({ message: "never", schedule: "in 1 hour", taskId: "p6-cancelled" })
    await scheduler.cancelTask("p6-cancelled")
    const of = (taskId: string) =>
      heard.flatMap((event) => (event.taskId === taskId ? [event.type.replace("scheduler.task.", "")] : []))
    await eventually(
      "all are heard",
      () => [of("p6-good"), of("p6-bad"), of("p6-cancelled")],
      ([good, bad, cancelled]) =>
        good?.includes("completed") === true && bad?.includes("completed") === true && cancelled?.length === 2
    )
    await stop()
    assert.deepStrictEqual(
      of("p6-good").filter((type) => type !== "progress"),
      ["scheduled", "due", "started", "success", "completed"]
    )
    assert.includeMembers(of("p6-bad"), ["scheduled", "due", "retry", "failure"])
    assert.deepStrictEqual(of("p6-cancelled"), ["scheduled", "cancelled"])
  }, 60_000)

  it("P7: of each task and each run there is a record, filled in", async () => {
    const task = await scheduler.task("p6-good")
    assert.deepInclude(task, { taskType: "shell_command", status: "completed", lastStatus: "completed", runCount: 1 })
    const { items } = await scheduler.executions({ taskId: "p6-good" })
    const [execution] = items
    assert.deepInclude(execution, { taskId: "p6-good", status: "completed", attempt: 1 })
    for (const field of ["startedAt", "completedAt", "durationMs", "worker", "result"] as const)
      assert.isNotNull(execution?.[field], field)
  })

  it("P8: failed tasks can be listed, and say why", async () => {
    const { stdout } = await nagatha.run(["list", "--status", "failed", "--json"])
    const failed = JSON.parse(stdout) as ReadonlyArray<{ readonly taskId: string; readonly lastError: string }>
    assert.deepStrictEqual(
      failed.map(({ taskId }) => taskId),
      ["p6-bad"]
    )
    assert.include(failed[0]?.lastError, "3")
  })

  it("P9: what a monitor shows can be asked: nodes, partitions, queues with what waits, tasks and executions by status", async () => {
    const { nodes, partitions, projection, queues } = await scheduler.status()
    assert.deepStrictEqual(nodes[0]?.roles, ["scheduler", "worker", "api"])
    assert.strictEqual(partitions.length, 16)
    assert.includeMembers(
      queues.map(({ queue }) => queue),
      ["shell_command", "notification"]
    )
    assert.isAtLeast(projection.executions["completed"] ?? 0, 2)
    assert.strictEqual(projection.executions["failed"], 1)
  })

  it("P10: an attempt is asked to stop after 5 minutes and killed after 10, or when the task says", async () => {
    assert.deepInclude(await scheduler.task("p6-good"), { timeoutMs: 300_000, hardTimeoutMs: 600_000 })
    const slow = (taskId: string, command: string) =>
      scheduler.scheduleTask({
        taskId,
        taskType: "shell_command",
        taskArgs: { command },
        schedule: "now",
        timeoutMs: 300,
        hardTimeoutMs: 900,
        maxRetries: 0
      })
    await slow("p10-soft", "trap 'echo asked; exit 4' TERM; sleep 30 & wait")
    const soft = await scheduler.waitForTask("p10-soft")
    assert.strictEqual(soft.status, "failed")
    assert.include(soft.output, "asked")
    await slow("p10-hard", "trap '' TERM; while :; do sleep 0.1; done")
    const hard = await scheduler.waitForTask("p10-hard")
    assert.strictEqual(hard.status, "failed")
    assert.match(hard.errorCode ?? "", /timeout/i)
  }, 60_000)

  it("P11: a failure is tried again three times, each after twice as long", async () => {
    const retries: Array<{ readonly attempt: number; readonly delayMs: number }> = []
    const stop = await scheduler.subscribe("scheduler.task.retry", (event) => {
      if (event.taskId !== "p11") return
      const delayMs = Date.parse(String(event["nextAttemptAt"])) - Date.parse(event.time)
      retries.push({ attempt: Number(event["attempt"]), delayMs })
    })
    await scheduler.scheduleTask({
      taskId: "p11",
      taskType: "shell_command",
      taskArgs: { command: "exit 1" },
      schedule: "now",
      backoffMs: 200
    })
    const { attempts, status } = await scheduler.waitForTask("p11")
    await eventually(
      "all retries are heard",
      () => retries.length,
      (count) => count === 3
    )
    await stop()
    assert.strictEqual(status, "failed")
    assert.strictEqual(attempts.length, 4)
    for (const [index, { attempt, delayMs }] of retries.entries()) {
      assert.strictEqual(attempt, index + 1)
      const expected = 200 * 2 ** index
      assert.isTrue(delayMs >= 0.9 * expected - 1 && delayMs <= 1.1 * expected + 1, `${delayMs} of ${expected}`)
    }
  }, 60_000)

  it("P12: its sequence of three steps, every night at two, and now", async () => {
    const steps = [
      { type: "notification", args: { message: "Starting backup" } },
      { type: "shell_command", args: { command: "echo backed up" } },
      { type: "notification", args: { message: "Backup complete" } }
    ]
    const { nextRuns, taskId } = await scheduler.scheduleTask({
      taskType: "sequence",
      taskArgs: { steps },
      schedule: "0 2 * * *",
      timezone: "UTC"
    })
    assert.match(nextRuns[0]?.at ?? "", /T02:00:00\.000Z$/)
    const { executionId } = await scheduler.runTask(taskId)
    const { result, status } = await scheduler.waitForExecution(executionId)
    assert.strictEqual(status, "completed")
    assert.deepInclude(result, { completedSteps: 3, totalSteps: 3 })
  }, 60_000)

  it("P13: a task type of one's own is scheduled by its name", async () => {
    const { taskId } = await scheduler.scheduleTask({
      taskType: "word_count",
      taskArgs: { text: "to be or not to be" },
      schedule: "now"
    })
    const { result } = await scheduler.waitForTask(taskId)
    assert.deepStrictEqual(result, { words: 6, different: 4 })
  }, 60_000)

  it("P14: a task gets another time", async () => {
    const { nextRuns, revision } = await scheduler.rescheduleTask("t19", "tomorrow at 9", { timezone: "UTC" })
    assert.strictEqual(revision, 2)
    assert.match(nextRuns[0]?.at ?? "", /T09:00:00\.000Z$/)
    assert.strictEqual((await scheduler.task("t19")).nextRunAt, nextRuns[0]?.at)
  })

  it("P15: the environment says where the server is, and in which zone words are read", async () => {
    const zoned = await nagatha.run(["next", "every day at 9:00", "--json"], {
      env: { NAGATHA_TIMEZONE: "Asia/Tokyo" }
    })
    assert.strictEqual((JSON.parse(zoned.stdout) as { readonly timezone: string }).timezone, "Asia/Tokyo")
    const elsewhere = await nagatha.run(["list"], { env: { NATS_URL: "nats://127.0.0.1:9" } })
    assert.strictEqual(elsewhere.code, 3)
    assert.include(elsewhere.stderr, "127.0.0.1:9")
  })

  it("P16: the basic demo needs no server", async () => {
    const ran = await nagatha.run(["demo", "--basic"], { env: { NAGATHA_DATA_DIR: join(config, "nothing-here") } })
    assert.strictEqual(ran.code, 0, ran.stderr)
    assert.include(ran.stdout, "tomorrow at 2pm")
  }, 60_000)

  it("P17: tasks, their history and their schedules are there after everything was killed", async () => {
    await scheduler.scheduleTask({
      taskId: "p17",
      taskType: "shell_command",
      taskArgs: { command: "true" },
      schedule: "every 1 second"
    })
    await scheduler.waitForTask("p17")
    await nagatha.killAll()
    await nagatha.up()
    const again = await connect({ dataDir: nagatha.dataDir })
    try {
      assert.strictEqual((await again.task("p6-bad")).status, "failed")
      const before = (await again.executions({ taskId: "p17", status: "completed" })).items.length
      await eventually(
        "it runs on",
        async () => (await again.executions({ taskId: "p17", status: "completed" })).items.length,
        (count) => count > before
      )
      await again.cancelTask("p17")
    } finally {
      await again.close()
    }
  }, 120_000)
})
