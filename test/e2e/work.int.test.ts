/** What must hold for running work, on real processes. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { connect, type NatsConnection } from "@nats-io/transport-node"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { eventually, isAlive, Nagatha } from "../support/nagatha.ts"

interface Execution {
  readonly executionId: string
  readonly status: string
  readonly attempt: number
  readonly attempts: ReadonlyArray<{
    readonly startedAt: string | null
    readonly finishedAt: string | null
    readonly errorCode: string | null
  }>
  readonly output: string | null
  readonly result: { readonly stdout?: string; readonly stdoutBase64?: string } | null
  readonly errorCode: string | null
  readonly errorMessage: string | null
  readonly errorDetail: { readonly exitCode?: number } | null
}
interface Info {
  readonly task: { readonly status: string; readonly lastStatus: string | null }
  readonly executions: ReadonlyArray<Execution>
}

const nagatha = new Nagatha()
beforeAll(() => nagatha.up(), 120_000)
afterAll(() => nagatha.end(), 120_000)

const schedule = (...args: ReadonlyArray<string>) => nagatha.json<{ readonly taskId: string }>("schedule", ...args)
const whenOver = (taskId: string, withinMs?: number) =>
  eventually(
    `task ${taskId} is over`,
    () => nagatha.json<Info>("info", taskId),
    ({ task }) => task.status === "completed" || task.status === "failed",
    withinMs
  )

describe("work", () => {
  it("of a failing command is tried again three times with growing delays, then fails with its output and exit code", async () => {
    const { taskId } = await schedule(
      "shell_command",
      "now",
      "--command",
      "echo said; echo wrong >&2; exit 3",
      "--backoff",
      "300ms"
    )
    const { executions, task } = await whenOver(taskId)
    assert.strictEqual(task.status, "failed")
    const [execution] = executions
    assert.strictEqual(execution?.status, "failed")
    assert.strictEqual(execution?.attempts.length, 4)
    assert.strictEqual(execution?.errorCode, "exitCode")
    assert.strictEqual(execution?.errorDetail?.exitCode, 3)
    assert.include(execution?.output ?? "", "said")
    assert.include(execution?.output ?? "", "wrong")
    const starts = (execution?.attempts ?? []).map(({ startedAt }) => Date.parse(startedAt ?? ""))
    const delays = starts.slice(1).map((at, index) => at - (starts[index] ?? 0))
    assert.isTrue(
      (delays[0] ?? 0) >= 270 && (delays[1] ?? 0) > (delays[0] ?? 0) && (delays[2] ?? 0) > (delays[1] ?? 0),
      String(delays)
    )
    const shown = await nagatha.run(["info", taskId])
    assert.include(shown.stdout, "wrong")
  }, 60_000)

  it("that overruns is stopped with its whole process group, grandchildren too", async () => {
    const pids = join(nagatha.dataDir, "pids")
    const { taskId } = await schedule(
      "shell_command",
      "now",
      "--timeout",
      "1s",
      "--hard-timeout",
      "2s",
      "--retries",
      "0",

      "--command",
      `trap '' TERM; sh -c "trap '' TERM; echo \\$\\$ >> ${pids}; sleep 600" & echo $$ >> ${pids}; echo begun; wait; sleep 600`
    )
    const { executions, task } = await whenOver(taskId)
    assert.strictEqual(task.status, "failed")
    assert.strictEqual(executions[0]?.errorCode, "timeout")
    assert.include(executions[0]?.output ?? "", "begun")
    const started = readFileSync(pids, "utf8").trim().split("\n").map(Number)
    assert.strictEqual(started.length, 2)
    await eventually(
      "the group is gone",
      () => started.filter(isAlive),
      (left) => left.length === 0,
      5000
    )
  }, 60_000)

  it("announces its events to a plain NATS client, with the CloudEvents headers", async () => {
    const up = JSON.parse(readFileSync(join(nagatha.dataDir, "up.json"), "utf8")) as {
      readonly nats: { readonly url: string; readonly user: string; readonly password: string }
    }
    const client: NatsConnection = await connect({
      servers: up.nats.url,
      user: up.nats.user,
      pass: up.nats.password,
      inboxPrefix: "_INBOX_client"
    })
    try {
      const seen: Array<{ readonly subject: string; readonly type: string; readonly ce: string }> = []
      let wanted = ""
      client.subscribe("scheduler.task.*", {
        callback: (_error, message) => {
          const event = message.json<{ readonly type: string; readonly taskId: string }>()
          if (event.taskId === wanted)
            seen.push({ subject: message.subject, type: event.type, ce: message.headers?.get("ce-type") ?? "" })
        }
      })
      const notified: Array<string> = []
      client.subscribe("scheduler.notification.*", {
        callback: (_error, message) =>
          void notified.push(`${message.subject} ${message.json<{ readonly message: string }>().message}`)
      })
      await client.flush()
      wanted = "told-by-nats"
      await schedule("notification", "now", "--message", "hello", "--id", wanted, "--notification-type", "warning")
      await eventually(
        "all four events",
        () => seen.map(({ type }) => type),
        (types) => types.includes("scheduler.task.completed")
      )
      assert.deepStrictEqual(
        seen.map(({ type }) => type),
        ["scheduler.task.scheduled", "scheduler.task.due", "scheduler.task.success", "scheduler.task.completed"]
      )
      assert.isTrue(seen.every(({ ce, subject, type }) => subject === type && ce === type))
      assert.deepStrictEqual(notified, ["scheduler.notification.warning hello"])
    } finally {
      await client.close()
    }
  }, 60_000)

  it("is refused with the right exit code, and nothing of it is stored", async () => {
    const before = await nagatha.json<ReadonlyArray<unknown>>("list", "--all")
    const cases: ReadonlyArray<readonly [ReadonlyArray<string>, number, RegExp]> = [
      [["schedule", "shel_command", "now", "--command", "true"], 2, /shell_command/],
      [["schedule", "notification", "now"], 2, /message/],
      [["schedule", "shell_command", "now"], 2, /command/],
      [["schedule", "shell_command", "now", "--command", "true", "--args", "{oops"], 2, /JSON/],
      [["schedule", "shell_command", "now", "--command", "true", "--args", "[1]"], 2, /object/],
      [["schedule", "shell_command", "every mnday at 9", "--command", "true"], 2, /monday/],
      [["schedule", "shell_command", "2020-01-01T00:00:00Z", "--command", "true"], 2, /2020/],
      [["schedule", "shell_command", "0 0 30 2 *", "--command", "true"], 2, /never/],
      [
        ["schedule", "shell_command", "tomorrow at 2pm", "--command", "true", "--timezone", "Europe/Berlni"],
        2,
        /Europe\/Berlin/
      ],
      [["info", "nosuchtask"], 4, /nosuchtask/],
      [["cancel", "nosuchtask", "--yes"], 4, /nosuchtask/],
      [["frobnicate"], 2, /frobnicate/],
      [["schedule", "shell_command", "now", "--comand", "true"], 2, /--command/]
    ]
    for (const [args, code, words] of cases) {
      const ran = await nagatha.run(args)
      assert.strictEqual(ran.code, code, `${args.join(" ")}: ${ran.stderr}`)
      assert.match(ran.stderr, words, args.join(" "))
      assert.strictEqual(ran.stdout, "", args.join(" "))
      const asJson = await nagatha.run([...args, "--json"])
      assert.strictEqual(asJson.code, code)
      const { error } = JSON.parse(asJson.stderr) as {
        readonly error: { readonly code: string; readonly message: string }
      }
      assert.isAbove(error.code.length * error.message.length, 0)
    }
    const huge = await nagatha.run(["schedule", "--file", "-"], {
      stdin: JSON.stringify({
        taskType: "shell_command",
        schedule: "now",
        taskArgs: { command: "x".repeat(2_000_000) }
      })
    })
    assert.strictEqual(huge.code, 2, huge.stderr)
    assert.deepStrictEqual(await nagatha.json<ReadonlyArray<unknown>>("list", "--all"), before)
  }, 120_000)

  it("is told from its prefix only when that names one task, and cancelled only once", async () => {
    for (const id of ["prefix-one", "prefix-two"])
      await schedule("notification", "in 1 hour", "--message", "x", "--id", id)
    const ambiguous = await nagatha.run(["info", "prefix"])
    assert.strictEqual(ambiguous.code, 5)
    assert.match(ambiguous.stderr, /prefix-one.*prefix-two/)
    assert.strictEqual((await nagatha.run(["cancel", "prefix-o", "--yes"])).code, 0)
    assert.strictEqual((await nagatha.run(["cancel", "prefix-one", "--yes"])).code, 5)
    const again = await nagatha.json<{ readonly created: boolean }>(
      "schedule",
      "notification",
      "in 1 hour",
      "--message",
      "x",
      "--id",
      "prefix-two"
    )
    assert.strictEqual(again.created, false)
    assert.strictEqual(
      (await nagatha.run(["schedule", "notification", "in 1 hour", "--message", "y", "--id", "prefix-two"])).code,
      5
    )
  }, 60_000)
})

describe("without a service", () => {
  it("says that nothing runs, with exit code 3", async () => {
    const other = new Nagatha()
    try {
      for (const args of [["list"], ["status"], ["schedule", "notification", "now", "--message", "x"]]) {
        const ran = await other.run(args)
        assert.strictEqual(ran.code, 3, ran.stderr)
        assert.match(ran.stderr, /nagatha up/)
      }
    } finally {
      await other.end()
    }
  }, 60_000)

  it("refuses a second up on one data directory, with the pid of the first", async () => {
    const ran = await nagatha.run(["up"])
    assert.strictEqual(ran.code, 1)
    assert.include(ran.stderr, String(nagatha.upPid()))
  }, 60_000)
})

describe("the output of a command that runs", () => {
  it("is shown as it comes, from its beginning, to each who follows it, and its end when it has ended", async () => {
    const gate = join(nagatha.dataDir, "gate")
    const command = `echo early; while [ ! -e "${gate}" ]; do sleep 0.05; done; echo late >&2; printf unended`
    const { taskId } = await schedule("shell_command", "now", "--command", command)
    const { executions } = await eventually(
      "it runs",
      () => nagatha.json<Info>("info", taskId),
      (seen) => seen.executions[0]?.status === "running"
    )
    const id = executions[0]?.executionId ?? ""
    // Both see a line that was written before they came, while the command waits for the gate.
    const followers = await Promise.all([1, 2].map(() => nagatha.follow(id, /early/)))
    writeFileSync(gate, "")
    for (const follower of followers) assert.strictEqual(await follower.told, "early\nlate\nunended\n")
  })

  it("is kept byte by byte where it is no text", async () => {
    const { taskId } = await schedule("shell_command", "now", "--command", "printf '\\377\\000a'")
    const { executions } = await whenOver(taskId)
    const result = executions[0]?.result
    assert.strictEqual(result?.stdout, "\ufffd\u0000a")
    assert.strictEqual(result?.stdoutBase64, Buffer.from([0xff, 0, 0x61]).toString("base64"))
  })
})
