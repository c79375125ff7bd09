import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { runCli } from "../support/cli.ts"
import { aTask, aWorld } from "../support/scheduler.ts"

const two = () =>
  aWorld({ tasks: [aTask(), aTask({ taskId: "backup0000000002", taskName: "backup\u001b[2J", status: "paused" })] })

describe("nagatha cancel", () => {
  it.effect("needs --yes where there is nobody to ask, and with --json", () =>
    Effect.gen(function* () {
      const world = two()
      const ran = yield* runCli(["cancel", "teat"], { world })
      assert.deepStrictEqual(ran, {
        code: 2,
        stdout: "",
        stderr: "error: cancel asks first, and there is nobody to ask here\nhint: give --yes\n"
      })
      assert.strictEqual((yield* runCli(["cancel", "teat", "--json"], { world, typed: "y" })).code, 2)
      assert.deepStrictEqual(world.cancelled, [])
    })
  )

  it.effect("takes --yes, --confirm and -y, and hands the reason on", () =>
    Effect.gen(function* () {
      for (const flag of ["--yes", "--confirm", "-y"]) {
        const world = two()
        const ran = yield* runCli(["scheduler", "cancel", "teat", flag, "--reason", "moved"], { world })
        assert.deepStrictEqual(ran, { code: 0, stdout: "cancelled teatime000000001\n", stderr: "" })
        assert.deepStrictEqual(world.cancelled, [{ taskId: "teat", reason: "moved" }])
      }
    })
  )

  it.effect("shows what it is about and asks on a terminal", () =>
    Effect.gen(function* () {
      const world = two()
      const no = yield* runCli(["cancel", "teat", "back"], { world, typed: "" })
      assert.deepStrictEqual(no, {
        code: 0,
        stdout: "",
        stderr: [
          "teatime000000001  tea  scheduled  every day at 16:00",
          "backup0000000002  backup\\x1b[2J  paused  every day at 16:00",
          "Cancel these 2 tasks? [y/N]",
          "nothing has been cancelled",
          ""
        ].join("\n")
      })
      assert.deepStrictEqual(world.cancelled, [])
      const yes = yield* runCli(["rm", "teat"], { world, typed: "yes" })
      assert.strictEqual(yes.stdout, "cancelled teatime000000001\n")
    })
  )

  it.effect("cancels nothing where one of those to be asked about is unknown", () =>
    Effect.gen(function* () {
      const world = two()
      const ran = yield* runCli(["cancel", "teat", "nothing"], { world, typed: "y" })
      assert.strictEqual(ran.code, 4)
      assert.deepStrictEqual(world.cancelled, [])
    })
  )

  it.effect("does not ask about what is cancelled already, and says that it is", () =>
    Effect.gen(function* () {
      const world = aWorld({ tasks: [aTask({ status: "cancelled" })] })
      const ran = yield* runCli(["cancel", "teat"], { world, typed: "n" })
      assert.deepStrictEqual(ran, {
        code: 5,
        stdout: "",
        stderr: "error: task teatime000000001 has been cancelled already\n"
      })
    })
  )

  it.effect("prints one object for one task and an array for several", () =>
    Effect.gen(function* () {
      const one = yield* runCli(["cancel", "teat", "--yes", "--json"], { world: two() })
      assert.deepStrictEqual(JSON.parse(one.stdout), {
        taskId: "teatime000000001",
        status: "cancelled",
        revision: 2,
        logSequence: 8
      })
      const several = yield* runCli(["cancel", "teat", "back", "--yes", "--json"], { world: two() })
      assert.strictEqual(JSON.parse(several.stdout).length, 2)
    })
  )

  it.effect("goes on after a refusal, tells each, and exits with the last one's code", () =>
    Effect.gen(function* () {
      const world = aWorld({ tasks: [aTask({ status: "cancelled" }), aTask({ taskId: "backup0000000002" })] })
      const ran = yield* runCli(["cancel", "nothing", "back", "teat", "--yes"], { world })
      assert.strictEqual(ran.code, 5)
      assert.strictEqual(ran.stdout, "cancelled backup0000000002\n")
      assert.match(
        ran.stderr,
        /no task has the id "nothing"\nhint: nagatha list --all .*\n.*has been cancelled already/
      )
      const json = yield* runCli(["cancel", "nothing", "teat", "--yes", "--json"], { world })
      assert.strictEqual(json.stdout, "[]\n")
      for (const line of json.stderr.trimEnd().split("\n")) assert.property(JSON.parse(line), "error")
    })
  )

  it.effect("takes a command id for one task only", () =>
    Effect.gen(function* () {
      const world = two()
      assert.strictEqual((yield* runCli(["cancel", "teat", "back", "--yes", "--command-id", "c1"], { world })).code, 2)
      yield* runCli(["cancel", "teat", "--yes", "--command-id", "c1"], { world })
      assert.deepStrictEqual(world.cancelled, [{ taskId: "teat", commandId: "c1" }])
    })
  )
})
