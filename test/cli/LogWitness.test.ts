/** Whether the log is still the one that was looked at before, as `nagatha doctor` tells it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { logCheck } from "../../src/cli/machine/LogWitness.ts"
import { Scheduler, type StoredLogPage } from "../../src/Scheduler.ts"

const NOW = Date.parse("2026-03-02T09:00:00.000Z")

type Change = (page: StoredLogPage) => StoredLogPage

/** A log of five commits, which somebody may have laid hands on. */
const scenario = (
  name: string,
  body: (
    check: (
      change?: Change,
      deployment?: string
    ) => Effect.Effect<{ readonly name: string; readonly state: string; readonly found: string }, unknown>,
    directory: string
  ) => Effect.Effect<void, unknown>
) =>
  it.effect(name, () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(NOW)
      const directory = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "nagatha-witness-"))),
        (made) => Effect.sync(() => rmSync(made, { recursive: true }))
      )
      yield* Effect.gen(function* () {
        const scheduler = yield* Scheduler
        for (const taskId of ["a", "b", "c", "d", "e"]) {
          yield* scheduler.schedule({
            taskId,
            taskType: "notification",
            taskArgs: { message: "x" },
            schedule: "in 1 hour"
          })
        }
        yield* body(
          (change = (page) => page, deployment = "own server") =>
            logCheck(
              { ...scheduler, storedLog: (query) => Effect.map(scheduler.storedLog(query), change) },
              directory,
              deployment,
              NOW
            ),
          directory
        )
      }).pipe(Effect.provide(Scheduler.layerMemory(), { local: true }))
    })
  )

/** Without what stands behind a log sequence. */
const cutAfter =
  (end: number): Change =>
  (page) => ({
    items: page.items.filter(({ sequence }) => sequence <= end),
    nextCursor: page.nextCursor !== null && Number(page.nextCursor) < end ? page.nextCursor : null,
    logSequence: end
  })

const edited =
  (wanted: number): Change =>
  (page) => ({
    ...page,
    items: page.items.map((item) =>
      item.sequence === wanted ? { ...item, text: item.text.replaceAll('"message":"x"', '"message":"y"') } : item
    )
  })

describe("the log, looked at again", () => {
  scenario("is well when it holds what it held", (check) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* check(), { name: "log", state: "ok", found: "5 commits, whole" })
      assert.strictEqual((yield* check()).state, "ok")
    })
  )

  scenario("is known to be shorter than it was", (check) =>
    Effect.gen(function* () {
      yield* check()
      const found = yield* check(cutAfter(3))
      assert.strictEqual(found.state, "problem")
      assert.strictEqual(
        found.found,
        "it ends at log sequence 3, and reached 5 on 2026-03-02T09:00:00.000Z: it was shortened, or replaced by another"
      )
      // The note stands until somebody removes it.
      assert.strictEqual((yield* check(cutAfter(3))).state, "problem")
      assert.strictEqual((yield* check()).state, "ok")
    })
  )

  scenario("is known to be edited, at its end as well, which no chain can show", (check) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* check(edited(5))).state, "ok")
      const back = yield* check()
      assert.match(back.found, /the commit at log sequence 5 is not the one that was there on 2026-03-02/)
    })
  )

  scenario("is known to be edited in the middle, without any note", (check) =>
    Effect.gen(function* () {
      const found = yield* check(edited(2))
      assert.strictEqual(found.state, "problem")
      assert.match(found.found, /the commit at log sequence 2 of partition 0 is not the one that 3 was decided on/)
    })
  )

  scenario("is another one for another deployment", (check) =>
    Effect.gen(function* () {
      yield* check()
      assert.strictEqual((yield* check(cutAfter(3), "nats://other:4222")).state, "ok")
    })
  )

  scenario("is well where the note says nothing that can be understood", (check, directory) =>
    Effect.gen(function* () {
      for (const text of ["null", "[]", "{"]) {
        writeFileSync(join(directory, "log-witness.json"), text)
        assert.strictEqual((yield* check()).state, "ok")
      }
      // And it is written anew.
      assert.strictEqual((yield* check(cutAfter(3))).state, "problem")
    })
  )
})
