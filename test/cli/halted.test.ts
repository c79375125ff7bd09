/** What a person is told of a partition whose log cannot be gone on with, and how its log is accepted as it stands. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { haltedParts } from "../../src/cli/machine/Doctor.ts"
import { remedyOf, UPGRADE } from "../../src/events/History.ts"
import type { ServiceStatus } from "../../src/Scheduler.ts"
import { runCli } from "../support/cli.ts"
import { aStatus, aWorld, memoryScheduler } from "../support/scheduler.ts"

const damaged = (found: string) => ({ kind: "edited" as const, logSequence: 3, found, remedy: remedyOf(1) })
const newer = { kind: "newer" as const, logSequence: 5, found: 'the event "moved" is not known', remedy: UPGRADE }

const halted = (troubles: NonNullable<ServiceStatus["partitions"][number]["troubles"]>): ServiceStatus => ({
  ...aStatus,
  partitions: aStatus.partitions.map((one) => (one.partition === 1 ? { ...one, troubles } : one))
})
const parked: ServiceStatus = {
  ...aStatus,
  projection: {
    ...aStatus.projection,
    parked: {
      count: 3,
      first: { place: "events[0]", type: "moved", version: 2, why: "its kind is not known", logSequence: 5 }
    }
  }
}
const EDITED = "the commit at log sequence 3 was edited"
const accept = ["admin", "accept-log", "1", "--reason", "restored from a copy"]

describe("nagatha admin accept-log", () => {
  it.effect("shows what is wrong and asks, and accepts nothing where the answer is not yes", () =>
    Effect.gen(function* () {
      const world = aWorld({ status: halted([damaged(EDITED), damaged("it was \u001b[2Jshortened")]) })
      for (const typed of ["", "n", "yesterday"]) {
        const refused = yield* runCli(accept, { world, typed })
        assert.strictEqual(refused.code, 1)
        assert.strictEqual(refused.stdout, "")
        assert.match(refused.stderr, /log sequence 3 was edited\n.*shortened\nAccept these 2 findings\? \[y\/N\]\n/)
        assert.notInclude(refused.stderr, "\u001b")
        assert.match(refused.stderr, /nothing has been accepted: partition 1 stays halted/)
      }
      assert.deepStrictEqual(world.accepted, [])
      const done = yield* runCli(accept, { world, typed: "y" })
      assert.strictEqual(done.code, 0)
      assert.strictEqual(done.stdout, "the log of partition 1 is gone on with from log sequence 12\n")
      assert.match(done.stderr, /accepted: the commit at log sequence 3 was edited/)
      assert.notInclude(done.stderr, "\u001b")
      assert.deepStrictEqual(world.accepted, [{ partition: 1, reason: "restored from a copy" }])
    })
  )

  it.effect("does not ask with --yes, which it needs where nobody can be asked", () =>
    Effect.gen(function* () {
      const world = aWorld({ status: halted([damaged(EDITED)]) })
      const silent = yield* runCli(accept, { world })
      assert.strictEqual(silent.code, 2)
      assert.match(silent.stderr, /--yes/)
      assert.deepStrictEqual(world.accepted, [])
      const done = yield* runCli([...accept, "--yes", "--command-id", "c-1", "--json"], { world })
      assert.strictEqual(done.stderr, "")
      assert.deepStrictEqual(JSON.parse(done.stdout), { partition: 1, logSequence: 12, found: [EDITED] })
      assert.deepStrictEqual(world.accepted, [{ partition: 1, reason: "restored from a copy", commandId: "c-1" }])
    })
  )

  it.effect("refuses what is not halted, and asks nothing about it", () =>
    Effect.gen(function* () {
      const world = aWorld()
      const refused = yield* runCli(accept, { world, typed: "y" })
      assert.strictEqual(refused.code, 5)
      assert.match(refused.stderr, /partition 1 is not halted/)
      assert.notInclude(refused.stderr, "[y/N]")
      const json = yield* runCli([...accept, "--yes", "--json"], { world })
      assert.strictEqual(JSON.parse(json.stderr).error.code, "notHalted")
    })
  )

  it.effect("needs a reason, and a number", () =>
    Effect.gen(function* () {
      const world = aWorld({ status: halted([damaged(EDITED)]) })
      const silent = yield* runCli(["admin", "accept-log", "1", "--yes"], { world })
      assert.strictEqual(silent.code, 2)
      assert.match(silent.stderr, /--reason/)
      assert.strictEqual((yield* runCli(["admin", "accept-log", "one", "--reason", "x", "--yes"], { world })).code, 2)
      assert.deepStrictEqual(world.accepted, [])
    })
  )
})

describe("nagatha status", () => {
  it.effect("counts halted partitions, and tells what is wrong and what to do, once for the same remedy", () =>
    Effect.gen(function* () {
      const { stdout } = yield* runCli(["status"], {
        world: aWorld({ status: halted([damaged(EDITED), damaged("another was"), newer]) })
      })
      assert.match(stdout, /partitions +2 owned, 1 halted, 3 tasks/)
      assert.match(stdout, /\npartition 1 is halted on n1: nothing is decided in it\n/)
      assert.match(
        stdout,
        /log sequence 3 was edited\n +another was\n +do: [^\n]*admin accept-log 1[^]*"moved" is not known\n +do: upgrade/
      )
      assert.notInclude(stdout, "partition 0 is halted")
    })
  )

  it.effect("tells the first five of many, and how many there are more", () =>
    Effect.gen(function* () {
      const many = Array.from({ length: 8 }, (_, index) => damaged(`thing ${index}`))
      const { stdout } = yield* runCli(["status"], { world: aWorld({ status: halted(many) }) })
      assert.match(stdout, /thing 4\n +do: [^]*and 3 more: --json/)
      assert.notInclude(stdout, "thing 5")
    })
  )

  it.effect("says what the read models leave out, and nothing of it where all is well", () =>
    Effect.gen(function* () {
      const left = yield* runCli(["status"], { world: aWorld({ status: parked }) })
      assert.match(
        left.stdout,
        /left out +3 events of the log not understood, and left out; the first at log sequence 5 \(moved version 2: its kind is not known\)/
      )
      const well = (yield* runCli(["status"], { world: aWorld() })).stdout
      assert.notMatch(well, /halted|left out/)
    })
  )
})

describe("nagatha doctor", () => {
  it.effect("names each halted partition and what the read models leave out, with the remedy", () =>
    Effect.gen(function* () {
      const checks = (status: ServiceStatus) => haltedParts(memoryScheduler(aWorld({ status })))
      assert.deepStrictEqual(yield* checks(aStatus), [])
      assert.deepStrictEqual(yield* checks(halted([damaged(EDITED), newer])), [
        { name: "partition 1", state: "problem", found: `halted: ${EDITED}`, remedy: remedyOf(1) },
        { name: "partition 1", state: "problem", found: `halted: ${newer.found}`, remedy: UPGRADE }
      ])
      const [left, ...more] = yield* checks(parked)
      assert.deepStrictEqual(more, [])
      assert.deepInclude(left, { name: "read models", state: "problem", remedy: UPGRADE })
      assert.match(left?.found ?? "", /^3 events of the log not understood/)
    })
  )
})
