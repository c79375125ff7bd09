import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { OutcomeUnknown, Refused, Unreachable } from "../../src/Scheduler.ts"
import { ended, runCli, until } from "../support/cli.ts"
import { anExecution, aWorld, type World } from "../support/scheduler.ts"

const NOW = Date.parse("2026-03-08T12:00:00.000Z")

const refused = (args: ReadonlyArray<string>, world: World = aWorld()) =>
  Effect.map(runCli(["schedule", ...args], { world }), ({ code, stderr, stdout }) => {
    assert.strictEqual(code, 2, stderr)
    assert.strictEqual(stdout, "")
    assert.deepStrictEqual(world.scheduled, [])
    return stderr
  })

const inDirectory = <A, E, R>(use: (directory: string) => Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "nagatha-cli-"))),
    use,
    (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
  )

describe("nagatha schedule", () => {
  it.effect("says that an instant that has passed runs at once", () =>
    Effect.gen(function* () {
      const words = ["schedule", "notification", "2020-01-01T09:00", "--message", "x", "--allow-past"]
      assert.include((yield* runCli(words)).stdout, "  next run    at once, as that instant has passed\n")
    })
  )

  it.effect("says the id, what was understood, the zone, the next runs and what to type next", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(NOW)
      const world = aWorld()
      const ran = yield* runCli(["schedule", "notification", "every day at 16:00", "--message", "Tea"], { world })
      assert.strictEqual(ran.code, 0, ran.stderr)
      assert.strictEqual(
        ran.stdout,
        [
          "scheduled task000000000000",
          "  name        notification",
          "  type        notification",
          "  understood  every day at 16:00",
          "  zone        Europe/Berlin",
          "  note        16:00 is in the afternoon",
          "next runs",
          "  Sun 2026-03-08 16:00:00 +01:00  in 3 h",
          "  Sun 2026-03-29 16:00:00 +02:00  in 21 d 2 h  the clocks change",
          ""
        ].join("\n")
      )
      assert.strictEqual(
        ran.stderr,
        "see it: nagatha info task000000000000   stop it: nagatha cancel task000000000000\n"
      )
      assert.deepStrictEqual(world.scheduled, [
        {
          taskType: "notification",
          schedule: "every day at 16:00",
          timezone: "Europe/Berlin",
          taskArgs: { message: "Tea" }
        }
      ])
    })
  )

  it.effect("prints only JSON with --json: the answer and the stored task", () =>
    Effect.gen(function* () {
      const ran = yield* runCli(["schedule", "notification", "now", "--message", "Tea", "--json"])
      assert.strictEqual(ran.code, 0, ran.stderr)
      assert.strictEqual(ran.stderr, "")
      const printed = JSON.parse(ran.stdout)
      assert.deepStrictEqual(Object.keys(printed).sort(), [
        "created",
        "logSequence",
        "nextRuns",
        "notes",
        "task",
        "taskId",
        "timezone",
        "understoodAs"
      ])
      assert.strictEqual(printed.task.taskId, printed.taskId)
      assert.isTrue(printed.created)
    })
  )

  it.effect("hands every flag on", () =>
    Effect.gen(function* () {
      const world = aWorld()
      const ran = yield* runCli(
        [
          ["schedule", "shell_command", "0 2 * * *", "--name", "backup", "--description", "nightly"],
          ["--timezone", "america/new_york", "--command", "tar -czf x", "--working-dir", "/srv"],
          ["--env", "LEVEL=3", "--env", "QUERY=a=b", "--queue", "heavy", "--tag", "ops", "--tag", "night"],
          ["--retries", "0", "--backoff", "500ms", "--timeout", "1h30m", "--hard-timeout", "2h"],
          ["--overlap", "allowAll", "--catch-up", "none", "--catch-up-window", "1d", "--dst-gap", "skip"],
          ["--start-at", "2026-04-01", "--end-at", "2026-04-30", "--max-runs", "7", "--spread", "10m"],
          ["--exclude", "holidays", "--exclude", "closed"],
          [
            "--priority",
            "-30",
            "--key",
            "customer:7",
            "--backoff-factor",
            "1.5",
            "--max-backoff",
            "1h",
            "--jitter",
            "0"
          ],
          ["--no-retry-on", "invalidLogin", "--no-retry-on", "gone"],
          ["--dst-overlap", "both", "--id", "backup-1", "--command-id", "c1", "--allow-past"],
          ["--args", '{"stdin": "x", "command": "replaced", "env": {"A": "1", "LEVEL": "0"}}']
        ].flat(),
        { world }
      )
      assert.strictEqual(ran.code, 0, ran.stderr)
      assert.deepStrictEqual(world.scheduled, [
        {
          taskType: "shell_command",
          schedule: "0 2 * * *",
          timezone: "America/New_York",
          taskArgs: {
            stdin: "x",
            command: "tar -czf x",
            workingDir: "/srv",
            env: { A: "1", LEVEL: "3", QUERY: "a=b" }
          },
          commandId: "c1",
          taskId: "backup-1",
          taskName: "backup",
          description: "nightly",
          queue: "heavy",
          priority: -30,
          key: "customer:7",
          maxRetries: 0,
          backoffMs: 500,
          backoffFactor: 1.5,
          maxBackoffMs: 3_600_000,
          jitter: 0,
          timeoutMs: 5_400_000,
          hardTimeoutMs: 7_200_000,
          overlap: "allowAll",
          catchUp: "none",
          catchUpWindowMs: 86_400_000,
          maxRuns: 7,
          spreadMs: 600_000,
          dstGap: "skip",
          dstOverlap: "both",
          startAt: "2026-04-01T04:00:00.000Z",
          endAt: "2026-05-01T03:59:59.999Z",
          exclude: ["holidays", "closed"],
          noRetryOn: ["invalidLogin", "gone"],
          tags: ["ops", "night"],
          allowPast: true
        }
      ])
    })
  )

  it.effect("takes any registered type with its arguments, also as nagatha scheduler schedule", () =>
    Effect.gen(function* () {
      const world = aWorld()
      const ran = yield* runCli(["scheduler", "schedule", "report", "hourly", "--args", '{"size": 3}'], { world })
      assert.strictEqual(ran.code, 0, ran.stderr)
      assert.deepStrictEqual(world.scheduled[0]?.taskArgs, { size: 3 })
    })
  )

  it.effect("says what a dry run would do", () =>
    Effect.gen(function* () {
      const world = aWorld()
      const ran = yield* runCli(["schedule", "notification", "now", "--message", "Tea", "--dry-run"], { world })
      assert.strictEqual(ran.code, 0)
      assert.match(ran.stdout, /^would be scheduled; nothing has been stored\n/)
      assert.strictEqual(ran.stderr, "")
      assert.deepStrictEqual(world.tasks, [])
      const json = yield* runCli(["schedule", "notification", "now", "--message", "Tea", "--dry-run", "--json"], {
        world
      })
      assert.isNull(JSON.parse(json.stdout).task)
    })
  )

  it.effect("refuses what is wrong in the words of its flags", () =>
    Effect.gen(function* () {
      assert.match(yield* refused(["notification", "now"]), /notification needs --message\nhint: such as --message/)
      assert.match(yield* refused(["shell_command", "now"]), /shell_command needs --command/)
      assert.match(yield* refused(["notification"]), /the argument WHEN is missing/)
      assert.match(
        yield* refused(["notification", "in", "5", "minutes", "--message", "x"]),
        /no place for "5" "minutes" \(text with spaces is put in quotes\)/
      )
      assert.match(
        yield* refused(["notification", "now", "--message", "x", "--timeout", "20m", "--hard-timeout", "10m"]),
        /--hard-timeout is shorter than --timeout/
      )
      for (const wrong of ["many", "-1", "1.5", "1e1", "101", ""]) {
        assert.match(
          yield* refused(["notification", "now", "--message", "x", `--retries=${wrong}`]),
          /--retries.*: a whole number from 0 to 100/
        )
      }
      assert.match(
        yield* refused(["notification", "now", "--message", "x", "--overlap", "never"]),
        /--overlap: "never" is not right; expected: skip, bufferOne, bufferAll, cancelOther, terminateOther or allowAll/
      )
      assert.match(yield* refused([]), /the argument TYPE is missing/)
      assert.match(
        yield* refused(["shell_command", "now", "--command", "ls", "--message", "x"]),
        /--message is for notification, not for shell_command\nhint: the flags of shell_command are --command, --working-dir, --env/
      )
      assert.match(
        yield* refused(["report", "now", "--command", "ls"]),
        /hint: did you mean the task type shell_command\? arguments of other types are given with --args/
      )
      assert.match(
        yield* refused(["notifcation", "now", "--message", "x"]),
        /hint: did you mean the task type notification\?/
      )
      assert.match(
        yield* refused(["shell_command", "now", "--command", "ls", "--timeout", "5 minutes"]),
        /--timeout: "5 minutes" is not right; expected: a duration/
      )
      assert.match(
        yield* refused(["shell_command", "now", "--command", "ls", "--timeout", "0s"]),
        /--timeout: "0s" is not right/
      )
      assert.match(
        yield* refused(["shell_command", "now", "--command", "ls", "--env", "LEVEL"]),
        /--env "LEVEL" is not of the form K=V/
      )
      assert.match(yield* refused(["report", "now", "--args", "{"]), /--args is not JSON: /)
      assert.match(yield* refused(["report", "now", "--args", "[1]"]), /--args must be a JSON object, not an array/)
      assert.match(yield* refused(["report", "now", "--args", "null"]), /--args must be a JSON object, not null/)
      assert.match(yield* refused(["report", "now", "--id", "a b"]), /--id "a b": must be 1 to 64 letters/)
      assert.match(yield* refused(["report", "now", "--retries", "-1"]), /--retries: "-1" is not right; .* 0 to 100/)
      assert.match(yield* refused(["report", "now", "--overlap", "never"]), /--overlap: "never" is not right/)
      assert.match(yield* refused(["report", "now", "--wait", "--dry-run"]), /--wait and --dry-run contradict/)
      assert.match(
        yield* refused(["report", "now", "--timezone", "Europe/Berln"]),
        /--timezone: "Europe\/Berln" is not an IANA time zone\nhint: did you mean "Europe\/Berlin"\?/
      )
      assert.match(
        yield* refused(["notification", "now", "--messag", "x"]),
        /the flag --messag is not known; did you mean "--message"\?/
      )
      assert.match(
        yield* refused(["notification", "now", "--message", "-5 degrees"]),
        /--message has no value; .* given as --message=VALUE/
      )
    })
  )

  it.effect("names the variable where the zone of the environment is wrong", () =>
    Effect.gen(function* () {
      const ran = yield* runCli(["schedule", "report", "now"], { zone: "Mars/Olympus" })
      assert.strictEqual(ran.code, 2)
      assert.match(ran.stderr, /NAGATHA_TIMEZONE: "Mars\/Olympus" is not an IANA time zone/)
    })
  )

  it.effect("reads a task from a file, which flags override", () =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        const world = aWorld()
        const yaml = join(directory, "task.yaml")
        writeFileSync(
          yaml,
          "taskType: shell_command\nschedule: 0 2 * * *\ntimezone: Asia/Tokyo\ntaskArgs:\n  command: ls\n  env: { A: '1' }\nmaxRetries: 5\n"
        )
        const ran = yield* runCli(["schedule", "--file", yaml, "--retries", "1", "--env", "B=2"], { world })
        assert.strictEqual(ran.code, 0, ran.stderr)
        assert.deepStrictEqual(world.scheduled, [
          {
            taskType: "shell_command",
            schedule: "0 2 * * *",
            timezone: "Asia/Tokyo",
            taskArgs: { command: "ls", env: { A: "1", B: "2" } },
            maxRetries: 1
          }
        ])
        const json = join(directory, "task.json")
        writeFileSync(json, '{"taskType": "report", "schedule": "hourly", "timout": 3}')
        assert.match(
          yield* refused(["--file", json]),
          /task\.json: the field "timout" is not known\nhint: did you mean/
        )
        writeFileSync(json, '{"taskType": "report", "schedule": "hourly", "timeoutMs": "3"}')
        assert.match(yield* refused(["--file", json]), /task\.json: "timeoutMs" /)
        writeFileSync(json, "[]")
        assert.match(yield* refused(["--file", json]), /a task is one object/)
        writeFileSync(json, '{"a": ')
        assert.match(yield* refused(["--file", json]), /cannot be read: /)
        assert.match(
          yield* refused(["--file", join(directory, "none.yaml")]),
          /none\.yaml" cannot be read: no such file or directory\n$/
        )
      })
    )
  )
})

describe("the exit code of nagatha schedule", () => {
  const codes: ReadonlyArray<readonly [code: string, exit: number]> = [
    ["invalidRequest", 2],
    ["invalidSchedule", 2],
    ["unknownTaskType", 2],
    ["invalidArgs", 2],
    ["tooLarge", 2],
    ["notFound", 4],
    ["ambiguousId", 5],
    ["idInUse", 5],
    ["alreadyCancelled", 5],
    ["ended", 5],
    ["behind", 1]
  ]
  for (const [code, exit] of codes) {
    it.effect(`is ${exit} for ${code}, and the error is told once`, () =>
      Effect.gen(function* () {
        const world = aWorld({ failing: new Refused({ code, message: "no such luck", hint: "try again" }) })
        const ran = yield* runCli(["schedule", "report", "now"], { world })
        assert.deepStrictEqual(ran, { code: exit, stdout: "", stderr: "error: no such luck\nhint: try again\n" })
      })
    )
  }

  it.effect("is 3 where the service is out of reach, as JSON on standard error with --json", () =>
    Effect.gen(function* () {
      const world = aWorld({ failing: new Unreachable({ message: "nobody answers" }) })
      const ran = yield* runCli(["schedule", "report", "now", "--json"], { world })
      assert.strictEqual(ran.code, 3)
      assert.strictEqual(ran.stdout, "")
      assert.deepStrictEqual(JSON.parse(ran.stderr), {
        error: {
          code: "unreachable",
          message: "nobody answers",
          hint: 'start it with "nagatha up", or say where it is with NATS_URL'
        }
      })
    })
  )

  it.effect("is 124 where the outcome is unknown, with the command id to ask again", () =>
    Effect.gen(function* () {
      const world = aWorld({ failing: new OutcomeUnknown({ commandId: "c-77", message: "no answer in 5 s" }) })
      const ran = yield* runCli(["schedule", "report", "now"], { world })
      assert.strictEqual(ran.code, 124)
      assert.match(ran.stderr, /--command-id c-77/)
    })
  )

  it.effect("is 2 for wrong words, told as JSON with --json", () =>
    Effect.gen(function* () {
      const ran = yield* runCli(["schedule", "report", "now", "--jsn", "--json"])
      assert.strictEqual(ran.code, 2)
      assert.strictEqual(ran.stdout, "")
      assert.strictEqual(JSON.parse(ran.stderr).error.code, "usage")
    })
  )

  it.effect("is told line by line where the message has several, without a prefix that would shift them", () =>
    Effect.gen(function* () {
      const message = 'cannot read "every mnday"\n        ~~~~~~^^^^^  unknown word'
      const world = aWorld({ failing: new Refused({ code: "invalidSchedule", message }) })
      const ran = yield* runCli(["schedule", "report", "every mnday"], { world })
      assert.strictEqual(ran.stderr, `${message}\n`)
    })
  )
})

describe("nagatha schedule --wait", () => {
  const words = ["schedule", "shell_command", "now", "--command", "ls", "--wait"]

  it.effect("follows the first execution to its end and prints its output", () =>
    Effect.gen(function* () {
      let reads = 0
      const world = aWorld({
        onRead: (at) => {
          reads++
          const taskId = at.tasks[0]?.taskId ?? ""
          if (reads === 2) at.executions.push(anExecution({ taskId, status: "running" }))
          if (reads === 3) {
            const [attempt] = anExecution().attempts
            const attempts = attempt === undefined ? [] : [{ ...attempt, errorMessage: "exited with 3" }]
            at.executions.splice(0, 1, anExecution({ taskId, status: "retrying", attempt: 2, attempts }))
          }
          if (reads === 4) at.executions.splice(0, 1, anExecution({ taskId }))
        }
      })
      const fiber = yield* Effect.forkChild(runCli(words, { world }))
      const ran = yield* ended(fiber)
      assert.strictEqual(ran.code, 0, ran.stderr)
      assert.match(ran.stdout, /\nhello\n$/)
      assert.match(
        ran.stderr,
        /running, attempt 1 on w1\nattempt 1 failed: exited with 3; it will be tried again\ncompleted in 1\.2 s, execution run0000000000001\n$/
      )
    })
  )

  it.effect("exits with 6 where the execution failed", () =>
    Effect.gen(function* () {
      const world = aWorld({
        onScheduled: ({ taskId }, at) =>
          at.executions.push(
            anExecution({ taskId, status: "failed", errorCode: "exitCode", errorMessage: "exited with 3" })
          )
      })
      const ran = yield* runCli([...words, "--json"], { world })
      assert.strictEqual(ran.code, 6)
      assert.strictEqual(JSON.parse(ran.stdout).execution.status, "failed")
      assert.strictEqual(JSON.parse(ran.stderr).error.code, "executionFailed")
    })
  )

  it.effect("exits with 6 where the task is over and nothing ran", () =>
    Effect.gen(function* () {
      const world = aWorld({
        onScheduled: (task, at) => at.tasks.splice(0, 1, { ...task, status: "cancelled" })
      })
      const ran = yield* runCli(words, { world })
      assert.strictEqual(ran.code, 6)
      assert.match(ran.stderr, /is over \(cancelled\) and no execution of it ran/)
    })
  )

  it.effect("waits for a service that is away for a while, and gives up after a minute", () =>
    Effect.gen(function* () {
      const world = aWorld({
        onScheduled: (_, at) => {
          at.failing = new Unreachable({ message: "gone" })
        }
      })
      const fiber = yield* Effect.forkChild(runCli(words, { world }))
      const ran = yield* ended(fiber)
      assert.strictEqual(ran.code, 3)
      assert.strictEqual(ran.stderr.match(/the service is out of reach; waiting for it/g)?.length, 1)
    })
  )

  it.effect("says that the task goes on when the waiting is interrupted", () =>
    Effect.gen(function* () {
      let reads = 0
      const world = aWorld({ onRead: () => void reads++ })
      const said: Array<string> = []
      const fiber = yield* Effect.forkChild(runCli(words, { world, said }))
      yield* until(() => reads > 1)
      yield* Fiber.interrupt(fiber)
      assert.match(said.join("\n"), /stopped waiting; the task goes on\nhint: see it: nagatha info task000000000000/)
    })
  )

  it.effect("takes the file that docs/task-types.md shows", () =>
    Effect.gen(function* () {
      const page = readFileSync(new URL("../../docs/task-types.md", import.meta.url), "utf8")
      const [yaml = ""] = [...page.matchAll(/```yaml\n([^]*?)```/g)]
        .map(([, text = ""]) => text)
        .filter((text) => text.includes("taskType:"))
      const directory = mkdtempSync(join(tmpdir(), "nagatha-file-"))
      writeFileSync(join(directory, "task.yaml"), yaml)
      const world = aWorld()
      const ran = yield* runCli(["schedule", "--file", join(directory, "task.yaml")], { world })
      rmSync(directory, { recursive: true })
      assert.strictEqual(ran.code, 0, ran.stderr)
      assert.deepInclude(world.scheduled[0], {
        taskId: "nightly-backup",
        schedule: "every day at 02:00",
        maxRetries: 5,
        tags: ["backup"]
      })
    })
  )

  it.effect("takes the flags of each type: those of a request, of a tool, of a plugin's command", () =>
    Effect.gen(function* () {
      const world = aWorld()
      const inner = ["--args", '{"a": 1}']
      yield* runCli(["schedule", "http_request", "now", "--url", "https://x", "--method", "post", ...inner], { world })
      yield* runCli(["schedule", "mcp_tool", "now", "--server-name", "s", "--tool-name", "t", ...inner], { world })
      yield* runCli(["schedule", "plugin_command", "now", "--plugin-name", "p", "--command-name", "c", ...inner], {
        world
      })
      assert.deepStrictEqual(
        world.scheduled.map(({ taskArgs }) => taskArgs),
        [
          { url: "https://x", method: "POST", a: 1 },
          { serverName: "s", toolName: "t", arguments: { a: 1 } },
          { pluginName: "p", commandName: "c", arguments: { a: 1 } }
        ]
      )
      for (const [type, flag] of [
        ["http_request", "--url"],
        ["mcp_tool", "--server-name"],
        ["plugin_command", "--plugin-name"]
      ] as const) {
        const ran = yield* runCli(["schedule", type, "now"], { world })
        assert.strictEqual(ran.code, 2)
        assert.include(ran.stderr, `${type} needs ${flag}`)
      }
    })
  )
})
