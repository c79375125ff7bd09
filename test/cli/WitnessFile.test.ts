/** How far a node saw its log reach, kept in a file. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as WitnessFile from "../../src/cli/machine/WitnessFile.ts"
import { LogWitness } from "../../src/events/LogWitness.ts"

const seen = (sequence: number) => ({ sequence, hash: `h${sequence}`, at: "2026-03-02T09:00:00.000Z" })

const test = (name: string, body: (file: string) => Effect.Effect<void, unknown, Scope.Scope>) =>
  it.effect(name, () =>
    Effect.gen(function* () {
      const directory = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "nagatha-witness-"))),
        (made) => Effect.sync(() => rmSync(made, { recursive: true }))
      )
      yield* body(join(directory, "node-witness.json"))
    })
  )

/** A node that lives until it is stopped, well or by a kill. */
const node = Effect.fnUntraced(function* (file: string, deployment = "own server") {
  const scope = yield* Effect.acquireRelease(Scope.make(), (one) => Scope.close(one, Exit.void))
  const built = yield* Layer.buildWithScope(Layer.fresh(WitnessFile.layer(file, deployment)), scope)
  const witness = yield* Effect.provideContext(LogWitness, built)
  return { ...witness, stop: Scope.close(scope, Exit.void) }
})

describe("the file of what a node saw", () => {
  test("knows after a good stop what was noted last, of each partition", (file) =>
    Effect.gen(function* () {
      const first = yield* node(file)
      assert.isUndefined(first.seen(0))
      first.note(0, seen(3))
      first.note(0, seen(7))
      first.note(1024, seen(5))
      assert.deepStrictEqual(first.seen(0), seen(7))
      yield* first.stop
      const second = yield* node(file)
      assert.deepStrictEqual([second.seen(0), second.seen(1), second.seen(1024)], [seen(7), undefined, seen(5)])
      assert.strictEqual(statSync(file).mode & 0o777, 0o600)
      assert.isFalse(existsSync(`${file}.new`))
    }))

  test("is written within a second, so that a kill loses no more, and not while nothing has changed", (file) =>
    Effect.gen(function* () {
      const first = yield* node(file)
      first.note(0, seen(3))
      assert.isFalse(existsSync(file))
      yield* TestClock.adjust("1 second")
      // As after a kill: the first is never stopped before the second begins.
      assert.deepStrictEqual((yield* node(file)).seen(0), seen(3))
      rmSync(file)
      yield* TestClock.adjust("1 minute")
      assert.isFalse(existsSync(file))
      first.note(0, seen(4))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual((yield* node(file)).seen(0), seen(4))
    }))

  test("keeps the logs of deployments apart", (file) =>
    Effect.gen(function* () {
      const own = yield* node(file)
      own.note(0, seen(3))
      yield* own.stop
      const other = yield* node(file, "nats://other:4222")
      assert.isUndefined(other.seen(0))
      other.note(0, seen(9))
      yield* other.stop
      assert.deepStrictEqual((yield* node(file)).seen(0), seen(3))
      assert.deepStrictEqual((yield* node(file, "nats://other:4222")).seen(0), seen(9))
    }))

  test("tells nothing where it cannot be read, or holds what it should not", (file) =>
    Effect.gen(function* () {
      for (const text of ["", "{", "null", '{"own server":{"0":{"sequence":"3","hash":"x","at":"y"},"1":null}}']) {
        writeFileSync(file, text)
        const first = yield* node(file)
        assert.isUndefined(first.seen(0), text)
        first.note(1, seen(2))
        yield* first.stop
        assert.deepStrictEqual((yield* node(file)).seen(1), seen(2), text)
      }
    }))

  test("that cannot be written stops nobody, and is tried again with the next note", (file) =>
    Effect.gen(function* () {
      mkdirSync(`${file}.new`)
      const first = yield* node(file)
      first.note(0, seen(3))
      yield* TestClock.adjust("1 second")
      assert.isFalse(existsSync(file))
      assert.deepStrictEqual(first.seen(0), seen(3))
      rmSync(`${file}.new`, { recursive: true })
      first.note(1, seen(4))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(Object.keys(JSON.parse(readFileSync(file, "utf8"))["own server"]), ["0", "1"])
    }))
})
