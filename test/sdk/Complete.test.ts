/** That nothing is missing: what the service has, programs have, in both faces, with its types, and the page names it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { CATALOGUE } from "../../src/service/Catalogue.ts"
import {
  defineTaskType,
  Refused,
  Scheduler,
  type SchedulerClient,
  TaskFailed,
  testScheduler,
  type TestScheduler
} from "../../src/index.ts"
import { SHAPES } from "../../src/sdk/Asking.ts"

const ROOT = join(import.meta.dirname, "../..")
const textOf = (path: string): string => readFileSync(join(ROOT, path), "utf8")

const inWorld = async (body: (scheduler: SchedulerClient, world: TestScheduler) => Promise<void>) => {
  const world = await testScheduler({ startAt: "2026-03-01T00:00:00Z" })
  try {
    await body(world.scheduler, world)
  } finally {
    await world.close()
  }
}

const refusal = async (call: () => unknown): Promise<Refused> => {
  try {
    await call()
  } catch (error) {
    if (error instanceof Refused) return error
    throw error
  }
  throw new Error("it was not refused")
}

const doorMembers = Effect.map(Effect.provide(Scheduler, Scheduler.layerMemory(), { local: true }), (door) =>
  Object.keys(door).sort()
)

/** Where a method has another name than what it asks. */
const NAMED: Readonly<Record<string, string>> = {
  "command.subscribe": "makeSubscription",
  "query.log": "storedLog",
  "query.events": "pastEvents"
}

/** What needs a scope is for effects alone: its type is not among those of the promises. */
const SCOPED: ReadonlyArray<string> = ["eventPages"]

const nameOf = (entry: string): string => NAMED[entry] ?? entry.slice(entry.indexOf(".") + 1)

describe("what the service has", () => {
  it.effect("has a method for every command and question of the catalogue", () =>
    Effect.map(doorMembers, (members) => {
      const asked = CATALOGUE.filter(({ closed, kind }) => closed && kind !== "event" && kind !== "model")
      assert.isAbove(asked.length, 40)
      // A task alone is what `info` tells, and more.
      const missing = asked.map(({ name }) => nameOf(name)).filter((name) => name !== "task" && !members.includes(name))
      assert.deepStrictEqual(missing, [])
    })
  )

  it.effect("is there for programs that know promises, each with a function of its own", () =>
    Effect.flatMap(doorMembers, (members) =>
      Effect.promise(() =>
        inWorld(async (scheduler) => {
          const there = Object.entries(scheduler).flatMap(([name, member]) =>
            typeof member === "function" ? [name] : []
          )
          assert.deepStrictEqual(
            members.filter((name) => !there.includes(name)),
            []
          )
        })
      )
    )
  )

  it("is named on the page about programs, all that a client has", () =>
    inWorld(async (scheduler) => {
      const page = textOf("docs/sdk.md")
      const unnamed = Object.keys(scheduler).filter(
        (name) => !SCOPED.includes(name) && !new RegExp(`\`${name}[\`(]`).test(page)
      )
      assert.deepStrictEqual(unnamed, [])
    }))

  it("can be written down: its types come with the package", () => {
    const exported = (path: string) =>
      [...textOf(path).matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, list = ""]) =>
        list.split(",").map((name) => name.trim().replace(/^type /, ""))
      )
    const given = new Set(exported("src/index.ts").map((name) => name.replace(/ as \w+$/, "")))
    // A predicate, and fields that stand in every request.
    const inner = ["", "fits", "CommandOrigin"]
    const missing = exported("src/Scheduler.ts").filter((name) => !inner.includes(name) && !given.has(name))
    assert.deepStrictEqual(missing, [])
  })
})

describe("a wrong first argument", () => {
  it("is told to its sender before anything is sent, with what the method takes", () =>
    inWorld(async (scheduler) => {
      const undo = await refusal(() => scheduler.undo("text" as never))
      assert.strictEqual(undo.code, "invalidRequest")
      assert.strictEqual(undo.message, 'undo takes one object, such as undo({ taskId: "text" }), and was given "text"')
      assert.strictEqual(undo.hint, "undoTask asks the same in fewer words")
      const members = scheduler as unknown as Readonly<Record<string, (given: unknown) => unknown>>
      for (const name of Object.keys(SHAPES)) {
        for (const given of ["text", 7, null, ["text"], () => 1]) {
          const { message } = await refusal(() => members[name]?.(given))
          assert.match(message, new RegExp(`^${name} takes one object, such as ${name}\\(\\{ \\w+: `))
        }
      }
      assert.strictEqual((await scheduler.tasks()).items.length, 0)
    }))

  it("names methods that there are, and fields that they take", () =>
    inWorld(async (scheduler) => {
      const fieldsOf = (name: string): ReadonlyArray<string> => {
        const entry = CATALOGUE.find((one) => one.closed && nameOf(one.name) === name)
        const schema = entry?.schema as { readonly fields?: object } | undefined
        return Object.keys(schema?.fields ?? {})
      }
      for (const [name, { field, instead }] of Object.entries(SHAPES)) {
        if (instead !== undefined) assert.property(scheduler, instead)
        if (name !== "consume") assert.include(fieldsOf(name), field, name)
      }
    }))

  it("may be absent where every field may", () =>
    inWorld(async (scheduler) => {
      assert.deepStrictEqual(await scheduler.queues(), [])
      assert.strictEqual((await scheduler.counts()).total, 0)
      assert.strictEqual((await scheduler.storedLog()).items.length, 0)
      assert.match((await refusal(() => scheduler.info(undefined as never))).message, /id/)
      assert.match((await refusal(() => scheduler.undo(undefined as never))).message, /taskId/)
    }))
})

describe("in fewer words", () => {
  it("takes back a change, and brings back a revision", () =>
    inWorld(async (scheduler) => {
      const { taskId } = await scheduler.scheduleNotification({ message: "hi", schedule: "every day at 9" })
      await scheduler.updateTask(taskId, { taskName: "second" }) // revision 2
      await scheduler.updateTask(taskId, { taskName: "third" }) // revision 3
      await scheduler.undoTask(taskId, { reason: "a slip" })
      assert.strictEqual((await scheduler.task(taskId)).taskName, "second")
      await scheduler.revertTask(taskId, 3)
      assert.strictEqual((await scheduler.task(taskId)).taskName, "third")
      const changes: Array<number> = []
      for await (const { revision } of scheduler.listChanges(taskId, { limit: 2 })) changes.push(revision)
      assert.deepStrictEqual(changes, [5, 4, 3, 2, 1])
    }))

  it("lets a task go on, and explains an instant", () =>
    inWorld(async (scheduler, world) => {
      const { taskId } = await scheduler.scheduleNotification({
        message: "hi",
        schedule: "every day at 9",
        timezone: "UTC"
      })
      await scheduler.cancelTask(taskId, { reason: "holidays" })
      await world.advance("2d")
      assert.strictEqual((await scheduler.restoreTask(taskId)).status, "scheduled")
      const { sentence, verdict } = await scheduler.explain(taskId, "2026-03-02T09:00:00Z")
      assert.strictEqual(verdict, "afterCancelled")
      assert.include(sentence, "(holidays)")
    }))

  it("does again what failed, ends what runs, and drops what waits", async () => {
    let fails = true
    const world = await testScheduler({
      startAt: "2026-03-01T00:00:00Z",
      taskTypes: [
        defineTaskType({
          name: "flaky",
          description: "Fails, or never ends.",
          args: Schema.Struct({}),
          result: Schema.Null,
          run: () =>
            fails
              ? Effect.fail(new TaskFailed({ error: { code: "oops", message: "oops" }, retryable: true }))
              : Effect.never
        })
      ]
    })
    try {
      const { scheduler } = world
      const task = { taskType: "flaky", taskArgs: {}, schedule: "every hour", maxRetries: 0 }
      const { taskId } = await scheduler.scheduleTask({ ...task, overlap: "bufferAll", timeoutMs: 86_400_000 })
      await world.advance("1h")
      const [failed] = (await scheduler.executions({ taskId })).items
      assert.strictEqual(failed?.status, "failed")
      const again = await scheduler.retryTask(taskId)
      await world.advance("1s")
      fails = false
      const once = await scheduler.retryExecution(failed?.executionId ?? "")
      assert.notStrictEqual(once.executionId, again.executionId)
      await world.advance("4h")
      assert.isAbove((await scheduler.dropWaiting(taskId)).executions, 0)
      assert.strictEqual((await scheduler.stopExecution(once.executionId)).execution, "stopping")
      const log: Array<number> = []
      for await (const { sequence } of scheduler.listLog({ limit: 2 })) log.push(sequence)
      assert.deepStrictEqual(
        log,
        log.map((_, index) => index + 1)
      )
    } finally {
      await world.close()
    }
  })
})
