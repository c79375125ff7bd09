import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Result, Schema } from "effect"
import { ShellCommand } from "../../../src/work/shell/ShellCommand.ts"
import { ShellCommandResult } from "../../../src/work/shell/ShellCommandArgs.ts"
import type { AttemptContext } from "../../../src/work/TaskType.ts"
import { attemptOf } from "../../support/attempt.ts"
import { isAlive, pidsIn, until } from "../../support/processes.ts"

const asResult = Schema.decodeUnknownEffect(ShellCommandResult)

const run = (args: Schema.JsonObject, context: AttemptContext = attemptOf()) =>
  ShellCommand.attempt(args, context).pipe(Effect.flatMap(asResult))

/** The failure of a command that was expected to fail. */
const failureOf = (args: Schema.JsonObject, context: AttemptContext = attemptOf()) =>
  Effect.result(ShellCommand.attempt(args, context)).pipe(
    Effect.map((result) => {
      if (Result.isSuccess(result) || result.failure._tag !== "TaskFailed") return assert.fail("did not fail")
      return result.failure
    })
  )

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "nagatha-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

describe("a command", () => {
  it.live("as text is run by the shell, as a list of words without one", () =>
    Effect.gen(function* () {
      const text = yield* run({ command: "echo $((1 + 1)); echo oops >&2" })
      assert.deepStrictEqual(text, { exitCode: 0, signal: null, stdout: "2\n", stderr: "oops\n", truncated: false })
      const nasty = ["$(id)", ";", "a b", "|", "--exec=", "`id`", "*", "ä\n"]
      const words = yield* run({ command: ["printf", "<%s>", ...nasty] })
      assert.strictEqual(words.stdout, nasty.map((word) => `<${word}>`).join(""))
    })
  )

  it.live("reads its standard input, its directory and its variables", () =>
    Effect.gen(function* () {
      const path = yield* directory
      const seen = yield* run({
        command: "cat; pwd; echo $LEVEL",
        stdin: "hello\n",
        workingDir: path,
        env: { LEVEL: "3" }
      })
      assert.strictEqual(seen.stdout, `hello\n${path}\n3\n`)
    })
  )

  it.live("that does not read a large standard input is no failure", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* run({ command: "true", stdin: "x".repeat(1_000_000) })).exitCode, 0)
    })
  )

  it.live("sees of the worker's environment only what is named, and the attempt's own", () =>
    Effect.gen(function* () {
      process.env["NAGATHA_TOKEN"] = "canary"
      const { stdout } = yield* run({ command: ["env"], env: { NAGATHA_ATTEMPT: "forged" } }, attemptOf({ attempt: 4 }))
      delete process.env["NAGATHA_TOKEN"]
      const names = stdout.split("\n").map((line) => line.split("=")[0] ?? "")
      const allowed =
        /^(PATH|HOME|LANG|LC_.*|TZ|TMPDIR|USER|LOGNAME|SHELL|PWD|OLDPWD|SHLVL|_|NAGATHA_(TASK_ID|EXECUTION_ID|NOMINAL_AT|ATTEMPT|IDEMPOTENCY_KEY)|)$/
      assert.deepStrictEqual(
        names.filter((name) => !allowed.test(name)),
        []
      )
      assert.include(stdout, "NAGATHA_ATTEMPT=4\n")
      assert.include(stdout, "NAGATHA_IDEMPOTENCY_KEY=execution\n")
      assert.include(stdout, "NAGATHA_NOMINAL_AT=2026-03-08T14:30:00.000Z\n")
    })
  )
})

describe("a command that fails", () => {
  it.live("keeps its exit code and output", () =>
    Effect.gen(function* () {
      const failure = yield* failureOf({ command: "echo before; echo why >&2; exit 3" })
      assert.isTrue(failure.retryable)
      assert.deepStrictEqual(failure.error, {
        code: "exitCode",
        message: "exited with 3",
        detail: { exitCode: 3, signal: null, stdout: "before\n", stderr: "why\n", truncated: false }
      })
    })
  )

  it.live("by a signal names the signal", () =>
    Effect.gen(function* () {
      const { error } = yield* failureOf({ command: "kill -SEGV $$" })
      assert.strictEqual(error.code, "signal")
      assert.include(error.message, "SIGSEGV")
    })
  )

  it.live("because there is no such program, or it cannot be executed, says so", () =>
    Effect.gen(function* () {
      const missing = yield* failureOf({ command: ["no-such-program", "x"] })
      assert.include(missing.error.message, 'exited with 127: "no-such-program" was not found')
      const plain = yield* failureOf({ command: ["/etc/passwd"] })
      assert.include(plain.error.message, 'exited with 126: "/etc/passwd" could not be executed')
      const inside = yield* failureOf({ command: "no-such-program" })
      assert.include(inside.error.message, "exited with 127")
    })
  )

  it.live("because its directory is missing, or is a file, fails for good", () =>
    Effect.gen(function* () {
      for (const workingDir of ["/no/such/directory", "/etc/passwd"]) {
        const failure = yield* failureOf({ command: "true", workingDir })
        assert.isFalse(failure.retryable)
        assert.strictEqual(failure.error.code, "workingDir")
        assert.include(failure.error.message, workingDir)
      }
    })
  )

  it.live("because it is too long fails for good", () =>
    Effect.gen(function* () {
      const failure = yield* failureOf({ command: ["echo", "x".repeat(4_000_000)] })
      assert.isFalse(failure.retryable)
      assert.include(failure.error.message, "too long")
    })
  )
})

describe("output", () => {
  it.live("of a flood keeps its beginning and its end, and says how much was left out", () =>
    Effect.gen(function* () {
      const { stderr, stdout, truncated } = yield* run(
        { command: "echo first; yes | head -c 5000000; echo last; echo small >&2" },
        attemptOf({}, 4096)
      )
      assert.isTrue(truncated)
      assert.match(stdout, /^first\ny\n/)
      assert.match(stdout, /y\nlast\n$/)
      assert.match(stdout, /\n\[… 49\d{5} bytes left out …\]\n/)
      assert.isBelow(stdout.length, 4200)
      assert.strictEqual(stderr, "small\n")
    })
  )

  it.live("that is not text is shown with replacements and stays bounded", () =>
    Effect.gen(function* () {
      const some = yield* run({ command: "printf 'a\\377\\376b'" })
      assert.strictEqual(some.stdout, "a\uFFFD\uFFFDb")
      const much = yield* run({ command: "head -c 300000 /dev/urandom; head -c 300000 /dev/zero >&2" })
      assert.isTrue(much.truncated)
      assert.isBelow(JSON.stringify(much).length, 256 * 1024)
    })
  )
})

describe("when a command ends", () => {
  it.live("so do the processes that it left behind, even those that hold its output open", () =>
    Effect.gen(function* () {
      const path = yield* directory
      const { exitCode, stdout } = yield* run({
        command: "sleep 1000 & echo $! >> pids; (trap '' TERM HUP; sleep 1001) & echo $! >> pids; echo done",
        workingDir: path
      })
      assert.deepStrictEqual([exitCode, stdout], [0, "done\n"])
      const pids = yield* pidsIn(join(path, "pids"), 2)
      yield* until(() => !pids.some(isAlive))
    })
  )

  it.live("one that escaped its group cannot hold the attempt open", () =>
    Effect.gen(function* () {
      const path = yield* directory
      const killEscaped = Effect.map(pidsIn(join(path, "pids"), 1), (pids) => {
        for (const pid of pids) process.kill(pid, "SIGKILL")
      })
      const { stdout } = yield* run({
        command: "setsid sh -c 'echo $$ >> pids; exec sleep 1000' & while [ ! -s pids ]; do :; done; echo done",
        workingDir: path
      }).pipe(Effect.ensuring(killEscaped))
      assert.strictEqual(stdout, "done\n")
    })
  )

  it.live("a command that waits for all of its children sees only its own", () =>
    Effect.gen(function* () {
      const { stdout } = yield* run({ command: ["/bin/sh", "-c", "true & wait; ps -o pid= --ppid $$ | wc -l"] })
      assert.isAtMost(Number(stdout), 2)
    })
  )
})

describe("a command that is stopped", () => {
  const stopped = (command: string, files: number, endNow: boolean) =>
    Effect.gen(function* () {
      const path = yield* directory
      const context = attemptOf()
      const fiber = yield* Effect.forkChild(run({ command, workingDir: path }, context))
      const pids = yield* pidsIn(join(path, "pids"), files)
      if (endNow) context.endNow()
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(
        pids.filter((pid) => isAlive(pid)),
        []
      )
      return yield* asResult(context.left)
    })

  it.live("gets a TERM that reaches all of its group, may tidy up, and its output is kept", () =>
    Effect.gen(function* () {
      const result = yield* stopped(
        "sh -c 'trap \"echo child tidied; exit\" TERM; echo $$ >> pids; while :; do sleep 0.01; done' &\n" +
          "trap 'wait; echo tidied; exit 7' TERM; echo working; echo $$ >> pids; wait",
        2,
        false
      )
      assert.deepStrictEqual([result.exitCode, result.stdout], [7, "working\nchild tidied\ntidied\n"])
    })
  )

  it.live("is killed with all of its group when it ignores the TERM and its time is over", () =>
    Effect.gen(function* () {
      const result = yield* stopped(
        "trap '' TERM; sleep 1000 & echo $! >> pids; echo stubborn; echo $$ >> pids; while :; do sleep 1; done",
        2,
        true
      )
      assert.deepStrictEqual([result.signal, result.stdout], ["SIGKILL", "stubborn\n"])
    })
  )

  it.live("waits for the TERM to be obeyed until its time is over", () =>
    Effect.gen(function* () {
      const path = yield* directory
      const context = attemptOf()
      const fiber = yield* Effect.forkChild(
        run(
          { command: "trap 'echo term >> pids' TERM; echo $$ >> pids; while :; do sleep 0.01; done", workingDir: path },
          context
        )
      )
      const [pid = 0] = yield* pidsIn(join(path, "pids"), 1)
      const over = yield* Deferred.make<void>()
      yield* Effect.forkChild(Fiber.interrupt(fiber).pipe(Effect.andThen(Deferred.succeed(over, undefined))))
      yield* pidsIn(join(path, "pids"), 2)
      assert.isTrue(isAlive(pid))
      assert.isFalse(Deferred.isDoneUnsafe(over))
      context.endNow()
      yield* Deferred.await(over)
      assert.isFalse(isAlive(pid))
    })
  )
})

describe("when the worker is killed with SIGKILL", () => {
  it.live("the command, its children and theirs die with it", () =>
    Effect.gen(function* () {
      const path = yield* directory
      const pidFile = join(path, "pids")
      const script = join(path, "script")
      writeFileSync(
        script,
        `trap '' TERM HUP\necho $$ >> ${pidFile}\nsh -c 'trap "" HUP; sleep 1000 & echo $! >> ${pidFile}; wait' &\necho $! >> ${pidFile}\nwait\n`
      )
      const program = fileURLToPath(new URL("../../support/shellAttempt.ts", import.meta.url))
      const worker = spawn(process.execPath, [program, `sh ${script}`], { stdio: "ignore" })
      const pids = yield* pidsIn(pidFile, 3)
      assert.isTrue(pids.every(isAlive), readFileSync(pidFile, "utf8"))
      worker.kill("SIGKILL")
      yield* until(() => !pids.some(isAlive))
    })
  )
})
