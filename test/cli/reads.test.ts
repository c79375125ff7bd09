import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Unreachable } from "../../src/Scheduler.ts"
import { ended, runCli, until } from "../support/cli.ts"
import { anExecution, aStatus, aTask, aWorld } from "../support/scheduler.ts"

const NOW = Date.parse("2026-03-08T12:00:00.000Z")

const evil = "\u001b[2J\u202eevil"

describe("nagatha list", () => {
  it.effect("prints whole ids, local times with their offset, and the zone once", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(NOW)
      const world = aWorld({
        tasks: [
          aTask(),
          aTask({
            taskId: "once000000000002",
            taskName: evil,
            status: "completed",
            nextRunAt: null,
            lastStatus: "failed"
          })
        ]
      })
      const ran = yield* runCli(["list"], { world })
      assert.deepStrictEqual(ran, {
        code: 0,
        stdout: [
          "ID                NAME               TYPE          STATUS     NEXT RUN (Europe/Berlin)                 LAST    WHEN",
          "teatime000000001  tea                notification  scheduled  Sun 2026-03-08 16:00:00 +01:00 (in 3 h)  -       every day at 16:00",
          "once000000000002  \\x1b[2J\\u202eevil  notification  completed  -                                        failed  every day at 16:00",
          ""
        ].join("\n"),
        stderr: ""
      })
    })
  )

  it.effect("is cut to the width of a terminal, but never in the ids", () =>
    Effect.gen(function* () {
      const world = aWorld({ tasks: [aTask({ taskName: "a".repeat(60), understoodAs: "b".repeat(60) })] })
      const { stdout } = yield* runCli(["list"], { world, columns: 120 })
      for (const line of stdout.trimEnd().split("\n")) assert.isAtMost(line.length, 120)
      assert.include(stdout, "teatime000000001")
      assert.include(stdout, "…")
    })
  )

  it.effect("fits into a narrow terminal", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(NOW)
      const { stdout } = yield* runCli(["list"], { world: aWorld({ tasks: [aTask()] }), columns: 80 })
      assert.strictEqual(
        stdout,
        [
          "ID                NAME  TYPE          STATUS     NEXT RUN  LAST  WHEN",
          "teatime000000001  tea   notification  scheduled  in 3 h    -     every day at 1…",
          ""
        ].join("\n")
      )
    })
  )

  it.effect("says on standard error that there are none, and how to make one", () =>
    Effect.gen(function* () {
      const ran = yield* runCli(["list"])
      assert.strictEqual(ran.code, 0)
      assert.strictEqual(ran.stdout, "")
      assert.match(ran.stderr, /there are no tasks .*make one:\n {2}nagatha schedule notification/)
      const filtered = yield* runCli(["list", "--type", "report"])
      assert.deepStrictEqual(filtered, { code: 0, stdout: "", stderr: "no task is like that\n" })
    })
  )

  it.effect("prints an array with --json, also an empty one, and a line each with ndjson", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* runCli(["list", "--json"]), { code: 0, stdout: "[]\n", stderr: "" })
      const world = aWorld({ tasks: [aTask({ taskName: evil }), aTask({ taskId: "other00000000002" })] })
      const json = yield* runCli(["list", "--json"], { world, color: true })
      assert.deepStrictEqual(JSON.parse(json.stdout), world.tasks)
      assert.notInclude(json.stdout, "\u001b")
      const lines = yield* runCli(["list", "--format", "ndjson"], { world })
      assert.deepStrictEqual(
        lines.stdout
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line)),
        world.tasks
      )
      const both = yield* runCli(["list", "--format", "table", "--json"], { world })
      assert.strictEqual(both.code, 2)
      assert.strictEqual(both.stdout, "")
    })
  )

  it.effect("reads page after page, and stops at the limit", () =>
    Effect.gen(function* () {
      const tasks = Array.from({ length: 2500 }, (_, index) => aTask({ taskId: `t${index}` }))
      const world = aWorld({ tasks })
      const all = yield* runCli(["ls", "--json"], { world })
      assert.strictEqual(JSON.parse(all.stdout).length, 2500)
      const some = yield* runCli(["ls", "--json", "--limit", "1200"], { world })
      assert.strictEqual(JSON.parse(some.stdout).length, 1200)
    })
  )

  it.effect("uses colour only where it is wanted", () =>
    Effect.gen(function* () {
      const world = aWorld({ tasks: [aTask({ status: "running" })] })
      assert.include((yield* runCli(["list"], { world, color: true })).stdout, "\u001b[36mrunning\u001b[39m")
      assert.notInclude((yield* runCli(["list"], { world })).stdout, "\u001b")
    })
  )

  it.effect("exits with 3 where nothing answers", () =>
    Effect.gen(function* () {
      const world = aWorld({ failing: new Unreachable({ message: "nobody answers", hint: "start one" }) })
      assert.deepStrictEqual(yield* runCli(["list"], { world }), {
        code: 3,
        stdout: "",
        stderr: "error: nobody answers\nhint: start one\n"
      })
    })
  )
})

describe("nagatha info", () => {
  const world = () =>
    aWorld({
      tasks: [aTask({ description: `about ${evil}` }), aTask({ taskId: "teapot0000000003" })],
      executions: [
        anExecution({
          status: "failed",
          errorMessage: "exited with 3",
          output: `${Array.from({ length: 30 }, (_, line) => `line ${line}`).join("\n")}\n${evil}`
        })
      ]
    })

  it.effect("shows the task, its runs and the end of its output, from the beginning of an id", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(NOW)
      const ran = yield* runCli(["info", "teati"], { world: world() })
      assert.strictEqual(ran.code, 0, ran.stderr)
      assert.strictEqual(ran.stderr, "")
      for (const shown of [
        "teatime000000001  tea",
        "about       about \\x1b[2J\\u202eevil",
        "zone        Europe/Berlin",
        "next run    Sun 2026-03-08 16:00:00 +01:00 (in 3 h)",
        '"message": "Tea is ready"',
        "run0000000000001  Sat 2026-03-07 16:00:00 +01:00  failed",
        "error       exited with 3",
        "took        1.2 s",
        "nagatha logs run0000000000001 shows all",
        "line 29",
        "\\x1b[2J\\u202eevil"
      ]) {
        assert.include(ran.stdout, shown)
      }
      assert.notInclude(ran.stdout, "line 3\n")
      assert.notInclude(ran.stdout, "\u001b")
    })
  )

  it.effect("shows the beginning of long arguments, and where the rest is", () =>
    Effect.gen(function* () {
      const world = aWorld({ tasks: [aTask({ taskArgs: { message: "x".repeat(100_000) } })] })
      const { stdout } = yield* runCli(["info", "teat"], { world })
      assert.isBelow(stdout.length, 5000)
      assert.match(stdout, /x…\n +\(1000\d\d characters; nagatha info teatime000000001 --json shows all\)/)
      assert.include((yield* runCli(["info", "teat", "--json"], { world })).stdout, "x".repeat(100_000))
    })
  )

  it.effect("prints the task, its runs and its executions as JSON", () =>
    Effect.gen(function* () {
      const { stdout } = yield* runCli(["info", "teatime000000001", "--json"], { world: world() })
      assert.deepStrictEqual(Object.keys(JSON.parse(stdout)).sort(), ["executions", "nextRuns", "notes", "task"])
    })
  )

  it.effect("exits with 4 for an unknown id, and with 5 for one that could be several", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* runCli(["info", "nothing"], { world: world() })).code, 4)
      const several = yield* runCli(["info", "teat"], {
        world: aWorld({ tasks: [aTask(), aTask({ taskId: "teatray" })] })
      })
      assert.strictEqual(several.code, 5)
      assert.match(several.stderr, /more than one task id/)
    })
  )
})

describe("nagatha history", () => {
  it.effect("lists executions with how late and how long, and filters by task, status and time", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(NOW)
      const world = aWorld({
        tasks: [aTask()],
        executions: [
          anExecution(),
          anExecution({
            executionId: "run2",
            status: "failed",
            errorMessage: `no\n${evil}`,
            dueAt: "2026-03-08T11:00:00.000Z"
          })
        ]
      })
      const all = yield* runCli(["history"], { world })
      assert.match(all.stdout, /^EXECUTION +NAME +DUE \(Europe\/Berlin\) +STATUS +TRIES +TOOK +LATE +ERROR\n/)
      assert.match(
        all.stdout,
        /run0000000000001 +tea +Sat 2026-03-07 16:00:00 \+01:00 +completed +1 +1\.2 s +3 ms +-\n/
      )
      assert.include(all.stdout, "no\\n\\x1b[2J")
      const failed = yield* runCli(["history", "teat", "--status", "failed", "--since", "2h", "--json"], { world })
      assert.deepStrictEqual(
        JSON.parse(failed.stdout).map(({ executionId }: { executionId: string }) => executionId),
        ["run2"]
      )
      for (const since of ["2h", "2 hours ago", "yesterday at 23:00", "today", "2026-03-08", "today at 11"]) {
        const recent = yield* runCli(["history", "--since", since, "--json"], { world })
        assert.strictEqual(JSON.parse(recent.stdout).length, 1, since)
      }
      for (const since of ["yesterday", "2026-03-07", "3 days ago", "yesterday at 15:59"]) {
        const both = yield* runCli(["history", "--since", since, "--json"], { world })
        assert.strictEqual(JSON.parse(both.stdout).length, 2, since)
      }
      const future = yield* runCli(["history", "--since", "tomorrow"], { world })
      assert.deepStrictEqual([future.code, future.stdout], [2, ""])
      assert.include(future.stderr, '--since "tomorrow" lies in the future')
      const wrong = yield* runCli(["history", "--since", "lately"], { world })
      assert.match(wrong.stderr, /cannot read "lately"[^]*examples: "2h", "30 minutes ago"/)
      const none = yield* runCli(["history", "--since", "30m"], { world })
      assert.deepStrictEqual(none, { code: 0, stdout: "", stderr: "nothing like that has run\n" })
    })
  )
})

describe("nagatha logs", () => {
  it.effect("prints output as it was written, but not to a terminal", () =>
    Effect.gen(function* () {
      const world = aWorld({ executions: [anExecution({ output: `${evil}\n`, outputTruncated: true })] })
      const piped = yield* runCli(["logs", "run0"], { world })
      assert.strictEqual(piped.stdout, `${evil}\n`)
      assert.match(piped.stderr, /left out/)
      const shown = yield* runCli(["logs", "run0"], { world, columns: 80 })
      assert.strictEqual(shown.stdout, "\\x1b[2J\\u202eevil\n")
    })
  )

  it.effect("says so where there is no output", () =>
    Effect.gen(function* () {
      const world = aWorld({ executions: [anExecution({ output: null, taskType: "notification" })] })
      const ran = yield* runCli(["logs", "run0"], { world })
      assert.strictEqual(ran.stdout, "")
      assert.match(ran.stderr, /\(notification, completed\) has no output/)
    })
  )

  it.effect("follows an execution to its end and prints what is new", () =>
    Effect.gen(function* () {
      const tried = (attempt: number, finishedAt: string | null) => ({
        attempt,
        worker: "w1",
        startedAt: "2026-03-07T15:00:00.003Z",
        finishedAt,
        errorCode: null,
        errorMessage: null
      })
      const over = "2026-03-07T15:00:01.203Z"
      const said = (stdout: string) => ({ exitCode: 0, signal: null, stdout, stderr: "", truncated: false })
      const stages = [
        { status: "running", output: null, attempts: [tried(1, null)] },
        { status: "retrying", output: "first\n", errorDetail: said("first\n"), attempts: [tried(1, over)] },
        { status: "running", output: "first\n", attempts: [tried(1, over), tried(2, null)] },
        { output: "one\ntwo", result: said("one\ntwo"), attempts: [tried(1, over), tried(2, over)] }
      ] as const
      let reads = 0
      const piece = { executionId: "run0000000000001", attempt: 2, stream: "stdout" } as const
      const world = aWorld({
        executions: [anExecution()],
        // The first attempt was not heard; the second's beginning twice; its end not at all.
        output: [
          { ...piece, from: 0, to: 2, text: "on" },
          { ...piece, from: 0, to: 2, text: "on" },
          { ...piece, from: 2, to: 5, text: "e\nt" }
        ],
        onRead: (at) => {
          at.executions.splice(0, 1, anExecution(stages[Math.min(reads, stages.length - 1)]))
          reads++
        }
      })
      const fiber = yield* Effect.forkChild(runCli(["logs", "run0", "--follow"], { world }))
      assert.deepStrictEqual(yield* ended(fiber), { code: 0, stdout: "one\nfirst\ntwo\n", stderr: "" })
    })
  )

  it.effect("prints what it knows as JSON", () =>
    Effect.gen(function* () {
      const world = aWorld({ executions: [anExecution()] })
      assert.deepStrictEqual(JSON.parse((yield* runCli(["logs", "run0", "--json"], { world })).stdout), {
        executionId: "run0000000000001",
        status: "completed",
        output: "hello\n",
        outputTruncated: false
      })
    })
  )
})

describe("nagatha events", () => {
  const events = [
    { id: "1.0", type: "scheduler.task.scheduled", time: "2026-03-08T12:00:00.000Z", taskId: "t1", taskName: evil },
    {
      id: "2.0",
      type: "scheduler.task.failure",
      time: "2026-03-08T12:00:01.000Z",
      taskId: "t2",
      taskName: "two",
      stepName: "second",
      durationMs: 12,
      error: { code: "exitCode", message: "exited with 3" }
    }
  ]

  it.effect("prints a line each, with local time and what happened", () =>
    Effect.gen(function* () {
      const ran = yield* runCli(["events"], { world: aWorld({ events }) })
      assert.strictEqual(
        ran.stdout,
        [
          "Sun 2026-03-08 13:00:00 +01:00  scheduled    t1  \\x1b[2J\\u202eevil",
          "Sun 2026-03-08 13:00:01 +01:00  failure      t2  two › second  12 ms  exited with 3",
          ""
        ].join("\n")
      )
      assert.match(ran.stderr, /live; Ctrl-C ends/)
    })
  )

  it.effect("prints the instants in an event in the zone, and what is none as it is", () =>
    Effect.gen(function* () {
      const nextAt = "2026-03-08T12:00:10.000Z"
      const due = { id: "1.0", type: "scheduler.task.due", time: "2026-03-08T12:00:00.000Z", taskId: "t1", nextAt }
      const odd = { id: "2.0", type: "scheduler.task.due", time: "noon", taskId: "t1", nextAt: "later" }
      const ran = yield* runCli(["events"], { world: aWorld({ events: [due, odd] }) })
      assert.strictEqual(
        ran.stdout,
        "Sun 2026-03-08 13:00:00 +01:00  due          t1  next Sun 2026-03-08 13:00:10 +01:00\n" +
          "noon  due          t1  next later\n"
      )
    })
  )

  it.effect("prints one JSON value a line and nothing else, of one kind and one task", () =>
    Effect.gen(function* () {
      const world = aWorld({ events, tasks: [aTask({ taskId: "t2000" })] })
      const failures = yield* runCli(["events", "failure", "--json"], { world })
      assert.deepStrictEqual(failures, { code: 0, stdout: `${JSON.stringify(events[1])}\n`, stderr: "" })
      const other = yield* runCli(["events", "--task", "t2000", "--json"], { world })
      assert.strictEqual(other.stdout, "")
    })
  )

  it.effect("refuses an event that there is not, which would be waited for in vain", () =>
    Effect.gen(function* () {
      for (const pattern of ["falure", "scheduler.task.falure"]) {
        const ran = yield* runCli(["events", pattern])
        assert.strictEqual(ran.code, 2, pattern)
        assert.match(ran.stderr, /there is no event "falure"; did you mean "failure"\?\nhint: .* progress\n$/)
      }
    })
  )

  it.effect("refuses what is not a subject pattern", () =>
    Effect.gen(function* () {
      for (const pattern of ["a b", "scheduler.>.x", "scheduler..x", ""]) {
        const ran = yield* runCli(["events", pattern])
        assert.strictEqual(ran.code, 2, pattern)
        assert.match(ran.stderr, /is not a subject pattern/)
      }
    })
  )
})

describe("nagatha status", () => {
  it.effect("shows server, nodes, partitions, queues and the read models", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(NOW)
      const ran = yield* runCli(["status"])
      assert.strictEqual(
        ran.stdout,
        [
          "  server       nagatha 2.15.1 at nats://127.0.0.1:4222",
          "  partitions   2 owned, 3 tasks, 1 open execution",
          "  tasks        3 scheduled",
          "  executions   5 completed",
          "  read models  up to date",
          "",
          "NODE  HOST  PID  ROLES                   PARTITIONS  UP SINCE (Europe/Berlin)                  VERSION",
          "n1    box     7  scheduler, worker, api           2  Sat 2026-03-07 13:00:00 +01:00 (1 d ago)  0.1.0",
          "",
          "QUEUE          WAITING  IN PROGRESS  REDELIVERED",
          "shell_command        3            1            0",
          ""
        ].join("\n")
      )
      assert.deepStrictEqual(JSON.parse((yield* runCli(["status", "--json"])).stdout), aStatus)
    })
  )

  it.effect("counts a partition that two nodes hold once, and says that they do", () =>
    Effect.gen(function* () {
      const partitions = [...aStatus.partitions, ...aStatus.partitions.map((one) => ({ ...one, owner: "n2" }))]
      const { stdout } = yield* runCli(["status"], { world: aWorld({ status: { ...aStatus, partitions } }) })
      assert.include(stdout, "2 owned, 3 tasks, 1 open execution (2 held twice: ")
    })
  )
})

describe("a task that is asked for by its name", () => {
  it.effect("is not found, and its id is told", () =>
    Effect.gen(function* () {
      const world = aWorld({ tasks: [aTask()] })
      for (const words of [
        ["info", "tea"],
        ["history", "tea"],
        ["events", "--task", "tea"],
        ["cancel", "tea", "--yes"]
      ]) {
        const ran = yield* runCli(words, { world })
        assert.deepStrictEqual([ran.code, ran.stdout], [4, ""], words.join(" "))
        assert.match(ran.stderr, /no task has the id "tea".*\nhint: tea is the name of teatime000000001: give the id\n/)
      }
      assert.match((yield* runCli(["info", "coffee"], { world })).stderr, /hint: nagatha list --all shows the ids/)
    })
  )
})

describe("an interrupted read", () => {
  it.effect("stops at once", () =>
    Effect.gen(function* () {
      let reads = 0
      const world = aWorld({ executions: [anExecution({ status: "running" })], onRead: () => void reads++ })
      const fiber = yield* Effect.forkChild(runCli(["logs", "run0", "--follow"], { world }))
      yield* until(() => reads > 1)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(fiber.pollUnsafe()?._tag, "Failure")
    })
  )
})
