/** What may be said about priority, keys, catching up and retries, and what an update keeps of it. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Result, Schema } from "effect"
import type { Door } from "../../../src/actors/door/Define.ts"
import * as Intake from "../../../src/actors/door/Intake.ts"
import { none } from "../../../src/actors/task/ExcludedDays.ts"
import type { TaskDefinition } from "../../../src/events/TaskDefinition.ts"
import { defaults } from "../../../src/Settings.ts"
import { declareTaskType } from "../../../src/work/TaskType.ts"
import { TaskTypes } from "../../../src/work/TaskTypes.ts"
import { START } from "../../support/task.ts"

const steady = {
  name: "steady",
  description: "Has retries of its own.",
  args: Schema.Struct({}),
  result: Schema.Null,
  retry: { maxRetries: 7, backoffMs: 20, backoffFactor: 1, jitter: 0, noRetryOn: ["full"] }
}
const taskTypes = Effect.runSync(
  Effect.scoped(
    Effect.map(
      Layer.build(
        TaskTypes.layerDeclared([declareTaskType(steady), declareTaskType({ ...steady, name: "plain", retry: {} })])
      ),
      (made) => Context.get(made, TaskTypes)
    )
  )
)
const door: Door = {
  now: START,
  commandId: "c1",
  actor: "test",
  timezone: "UTC",
  settings: defaults,
  taskTypes,
  calendars: { all: () => [], excluded: none }
}
const scheduled = (fields: object): TaskDefinition | string =>
  Result.match(
    Result.flatMap(Intake.readSchedule({ taskType: "steady", schedule: "every minute", ...fields }), (request) =>
      Intake.schedule(request, door)
    ),
    { onFailure: ({ code, message }) => `${code} ${message}`, onSuccess: ({ command }) => command.definition }
  )
const updated = (before: TaskDefinition | string, fields: object): TaskDefinition | string => {
  if (typeof before === "string") return before
  const command = Intake.request("update", { taskId: "task-1", ...fields }, door)
  if (Result.isFailure(command)) return `${command.failure.code} ${command.failure.message}`
  if (command.success.type !== "change") return "no change"
  return Result.match(command.success.apply(before), {
    onFailure: ({ code, message }) => `${code} ${message}`,
    onSuccess: ({ definition }) => definition
  })
}
const keys = ["priority", "concurrencyKey", "catchUpMax", "catchUpRate"] as const
const retries = ["maxRetries", "backoffMs", "backoffFactor", "maxBackoffMs", "jitter", "noRetryOn"] as const
const picked = (definition: TaskDefinition | string, fields: ReadonlyArray<keyof TaskDefinition>) =>
  typeof definition === "string"
    ? definition
    : Object.fromEntries(
        fields.flatMap((field) => (definition[field] === undefined ? [] : [[field, definition[field]]]))
      )

const asked = {
  priority: 60,
  key: "tenant-1",
  catchUp: "all",
  catchUpMax: 20,
  catchUpRate: { count: 10, perMs: 60_000 }
}

describe("a request to schedule", () => {
  it("says priority and key, and how what was missed is run late; nothing else where it says nothing", () => {
    assert.deepStrictEqual(picked(scheduled(asked), keys), {
      priority: 60,
      concurrencyKey: "tenant-1",
      catchUpMax: 20,
      catchUpRate: { count: 10, perMs: 60_000 }
    })
    assert.deepStrictEqual(picked(scheduled({}), keys), { priority: 0 })
  })
  it("has the retries that it says, else those of its task type, else those of all tasks", () => {
    assert.deepStrictEqual(picked(scheduled({}), retries), {
      maxRetries: 7,
      backoffMs: 20,
      backoffFactor: 1,
      jitter: 0,
      noRetryOn: ["full"]
    })
    assert.deepStrictEqual(
      picked(scheduled({ maxRetries: 1, jitter: 0.5, maxBackoffMs: 5000, noRetryOn: [] }), retries),
      {
        maxRetries: 1,
        backoffMs: 20,
        backoffFactor: 1,
        maxBackoffMs: 5000,
        jitter: 0.5,
        noRetryOn: []
      }
    )
    assert.deepStrictEqual(picked(scheduled({ taskType: "plain" }), retries), { maxRetries: 3, backoffMs: 1000 })
  })
  it("is refused for what lies outside, with the place", () => {
    for (const [fields, told] of [
      [{ priority: 86_401 }, /priority/],
      [{ priority: 1.5 }, /priority/],
      [{ key: "" }, /key.*1 to 128/],
      [{ key: "a b" }, /key/],
      [{ key: "x".repeat(129) }, /key/],
      [{ jitter: 2 }, /jitter/],
      [{ backoffFactor: 0 }, /backoffFactor/],
      [{ catchUp: "all", catchUpRate: { count: 0, perMs: 1 } }, /catchUpRate/],
      [{ catchUpMax: 5 }, /invalidRequest catchUpMax is for catchUp "all", not for "latest"/],
      [{ catchUp: "none", catchUpRate: { count: 1, perMs: 1000 } }, /catchUpRate is for catchUp "all", not for "none"/]
    ] as const) {
      assert.match(String(scheduled(fields)), told, JSON.stringify(fields))
    }
  })
  it("is the same task as before where it says nothing of what is new", () => {
    const fingerprint = (fields: object) => {
      const definition = scheduled({ taskType: "plain", ...fields })
      return typeof definition === "string" ? definition : definition.fingerprint
    }
    assert.strictEqual(fingerprint({ priority: 0 }), fingerprint({}))
    for (const field of [{ priority: 1 }, { key: "a" }, { jitter: 0 }, { noRetryOn: ["x"] }]) {
      assert.notStrictEqual(fingerprint(field), fingerprint({}), JSON.stringify(field))
    }
  })
})

describe("an update", () => {
  const own = { ...asked, backoffFactor: 3, maxBackoffMs: 9000, jitter: 0.3, noRetryOn: ["gone"], maxRetries: 2 }
  it("keeps all that it does not name", () => {
    const before = scheduled(own)
    const after = updated(before, { taskName: "renamed" })
    assert.deepStrictEqual(picked(after, [...keys, ...retries]), picked(before, [...keys, ...retries]))
    assert.deepStrictEqual(picked(after, ["taskName"]), { taskName: "renamed" })
  })
  it("changes what it names, and null takes it away", () => {
    const before = scheduled(own)
    const after = updated(before, { priority: -5, key: null, catchUpMax: null, catchUpRate: null, noRetryOn: [] })
    assert.deepStrictEqual(picked(after, [...keys, "noRetryOn"]), { priority: -5, noRetryOn: [] })
    assert.deepStrictEqual(
      picked(updated(before, { key: "tenant-2", catchUpMax: 3 }), ["concurrencyKey", "catchUpMax"]),
      {
        concurrencyKey: "tenant-2",
        catchUpMax: 3
      }
    )
  })
  it("to another way of catching up leaves behind how many and how fast", () => {
    assert.deepStrictEqual(picked(updated(scheduled(own), { catchUp: "latest" }), keys), {
      priority: 60,
      concurrencyKey: "tenant-1"
    })
  })
})

describe("a task type", () => {
  it("with retries that cannot be is refused when it is defined, not when its tasks are stored", () => {
    assert.throws(() => declareTaskType({ ...steady, retry: { jitter: 2 } }), /task type "steady": retry: "jitter"/)
    assert.throws(() => declareTaskType({ ...steady, retry: { maxRetries: -1 } }), /maxRetries/)
  })
})
