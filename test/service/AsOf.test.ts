/** What is told of a moment of the past is what was told then, to the byte. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, type Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Calendars } from "../../src/actors/Calendars.ts"
import type { Refused } from "../../src/actors/door/TaskRequest.ts"
import { EventLog } from "../../src/events/EventLog.ts"
import type { TaskEvent } from "../../src/events/TaskEvent.ts"
import * as PastRows from "../../src/projections/PastRows.ts"
import type { Queries } from "../../src/projections/Queries.ts"
import * as ReadModels from "../../src/projections/ReadModels.ts"
import { fromMillis } from "../../src/recurrence/Instant.ts"
import * as Answers from "../../src/service/Answers.ts"
import * as AsOf from "../../src/service/AsOf.ts"
import * as RunningProgress from "../../src/service/RunningProgress.ts"
import { scheduled } from "../support/events.ts"
import { timedEvents } from "../support/randomLog.ts"
import { randomOf } from "../support/random.ts"
import { START } from "../support/task.ts"

const World = Layer.mergeAll(ReadModels.layer({ file: ":memory:" }), Calendars.layer("test")).pipe(
  Layer.provideMerge(EventLog.layerMemory)
)

const test = (
  name: string,
  body: Effect.Effect<void, unknown, EventLog | Queries | Calendars | Scope.Scope>,
  timeout?: number
) => it.effect(name, () => body.pipe(Effect.provide(World, { local: true })), timeout)

/** Appends events that were decided at a time. */
const append = Effect.fnUntraced(function* (at: number, events: ReadonlyArray<TaskEvent>, partition = 0) {
  const log = yield* EventLog
  const before = yield* Stream.runCollect(log.read(partition, 0))
  const outcome = yield* log.append(
    {
      commitId: `t.${at}.${partition}`,
      partition,
      time: fromMillis(at),
      previousSequence: before.at(-1)?.sequence ?? 0,
      previousHash: ""
    },
    events.map((event) => JSON.stringify(event))
  )
  return outcome._tag === "stored" ? outcome.sequence : yield* Effect.die(new Error("not stored"))
})

const asking = Effect.gen(function* () {
  const questions = yield* Answers.make({ timezone: "UTC", progress: RunningProgress.make() })
  return (name: string, body: object): Effect.Effect<unknown, Refused> =>
    questions.find((one) => one.name === name)?.answer(body) ?? Effect.die(new Error(`no question ${name}`))
})

const ASKED: ReadonlyArray<readonly [name: string, body: object]> = [
  ["tasks", { limit: 1000, count: true }],
  ["tasks", { limit: 1000, all: true, sort: "updated", reverse: true }],
  ["tasks", { lastStatus: "failed", limit: 3 }],
  ["counts", { by: ["status", "type", "queue", "tag"] }],
  ["executions", { limit: 1000 }],
  ["executions", { limit: 7, sort: "lateness", count: true }],
  ["executionCounts", {}],
  ["task", { id: "task0000" }],
  ["info", { id: "task0000" }],
  ["info", { id: "task0037", executions: 3 }],
  ["info", { id: "task0111" }]
]

describe("a moment of the past", () => {
  for (const seed of [11, 12]) {
    test(
      `is told as it was told then, by its instant and by its log sequence (seed ${seed})`,
      Effect.gen(function* () {
        const ask = yield* asking
        const calendars = yield* Calendars
        const random = randomOf(seed)
        const told: Array<{ readonly at: number; readonly sequence: number; readonly answers: ReadonlyArray<string> }> =
          []
        const answers = (more: object) =>
          Effect.forEach(ASKED, ([name, body]) =>
            ask(name, { ...body, ...more }).pipe(
              Effect.map((answer) => JSON.stringify(answer)),
              Effect.catch(({ code }) => Effect.succeed(code))
            )
          )
        const life = timedEvents(seed, 30, ["holidays"])
        for (const [index, { at, events }] of life.entries()) {
          yield* TestClock.setTime(at)
          let sequence = yield* append(at, events)
          if (random() < 0.08) {
            const day = fromMillis(START + Math.floor(random() * 3) * 86_400_000).slice(0, 10)
            const causedBy = { commandId: `calendar-${index}`, actor: "test" }
            const change =
              random() < 0.8
                ? ({ type: "set", calendar: "holidays", days: [{ from: day, to: day }], causedBy } as const)
                : ({ type: "remove", calendar: "holidays", causedBy } as const)
            const answer = yield* Effect.result(calendars.change(change))
            if (answer._tag === "Success") sequence = answer.success.logSequence
          }
          if (random() < 0.15 || index === 0) {
            yield* ask("tasks", { after: sequence })
            told.push({ at, sequence, answers: yield* answers({}) })
          }
        }
        assert.isAbove(told.length, 10)
        assert.isAbove(new Set(told.map((one) => one.answers[8])).size, 2)
        yield* TestClock.setTime((life.at(-1)?.at ?? START) + 86_400_000)
        for (const { answers: then, at, sequence } of told) {
          assert.deepStrictEqual(yield* answers({ asOf: fromMillis(at) }), then)
          assert.deepStrictEqual(yield* answers({ asOf: `#${sequence}` }), then)
        }
      }),
      60_000
    )
  }

  test(
    "knows the executions of then one by one, and none that came later",
    Effect.gen(function* () {
      const ask = yield* asking
      for (const { at, events } of timedEvents(3, 5, [])) yield* append(at, events)
      yield* TestClock.setTime(START + 3_600_000)
      const { items } = (yield* ask("executions", { asOf: fromMillis(START + 3_600_000), reverse: true })) as {
        readonly items: ReadonlyArray<{ readonly executionId: string; readonly queuedAt: string }>
      }
      const last = items.at(-1)
      const id = last?.executionId ?? ""
      assert.deepStrictEqual(yield* ask("execution", { id, asOf: last?.queuedAt }).pipe(Effect.map(idOf)), id)
      const before = fromMillis(Date.parse(last?.queuedAt ?? "") - 1)
      const refused = yield* Effect.flip(ask("execution", { id, asOf: before }))
      assert.strictEqual(refused.code, "notFound")
      assert.include(refused.message, `as of ${before}`)
    })
  )

  test(
    "includes what was decided by then, in whatever order partitions wrote it down",
    Effect.gen(function* () {
      const ask = yield* asking
      yield* TestClock.setTime(START + 60_000)
      yield* append(START + 100, scheduled("later"), 0)
      yield* append(START + 90, scheduled("sooner"), 1)
      const ids = (asOf: string) =>
        Effect.map(ask("tasks", { asOf, sort: "created" }), (page) =>
          (page as { readonly items: ReadonlyArray<{ readonly taskId: string }> }).items.map(({ taskId }) => taskId)
        )
      assert.deepStrictEqual(yield* ids(fromMillis(START + 95)), ["sooner"])
      assert.deepStrictEqual(yield* ids(fromMillis(START + 100)), ["later", "sooner"])
      assert.deepStrictEqual(yield* ids("#1"), ["later"])
    })
  )

  test(
    "before the log is empty, and says when the log begins",
    Effect.gen(function* () {
      const ask = yield* asking
      yield* TestClock.setTime(START)
      const empty = { asOf: fromMillis(START - 1) }
      assert.deepInclude(yield* ask("tasks", empty), { items: [], logBegins: null })
      yield* append(START, scheduled("task-1"))
      yield* TestClock.setTime(START + 1)
      const early = { asOf: fromMillis(START - 2) }
      assert.deepInclude(yield* ask("tasks", early), { items: [], logBegins: fromMillis(START) })
      assert.deepInclude(yield* ask("counts", early), { total: 0, logBegins: fromMillis(START) })
      const refused = yield* Effect.flip(ask("info", { id: "task-1", ...early }))
      assert.strictEqual(refused.code, "notFound")
      assert.include(refused.hint ?? "", fromMillis(START))
    })
  )

  test(
    "in the future is refused, as is a log sequence that is still to come, or what is neither",
    Effect.gen(function* () {
      const ask = yield* asking
      yield* TestClock.setTime(START)
      yield* append(START, scheduled("task-1"))
      const future = yield* Effect.flip(ask("tasks", { asOf: fromMillis(START + 1) }))
      assert.deepInclude(future, { code: "invalidRequest", message: `${fromMillis(START + 1)} lies in the future` })
      assert.isDefined(future.hint)
      const sequence = yield* Effect.flip(ask("task", { id: "task-1", asOf: "#2" }))
      assert.include(sequence.message, "the log ends at #1")
      for (const wrong of ["#0", "1234", "yesterday"]) assert.throws(() => ask("tasks", { asOf: wrong }))
    })
  )

  test(
    "with too much before it is refused; as many are built at once as may be, and others are told to ask again",
    Effect.gen(function* () {
      yield* TestClock.setTime(START)
      for (let index = 0; index < 5; index++) yield* append(START + index, scheduled(`task-${index}`))
      yield* TestClock.setTime(START + 60_000)
      const short = yield* AsOf.make({ mostEvents: 3 })
      assert.strictEqual(yield* short.ask("#3", () => Effect.succeed("fine")), "fine")
      const long = yield* Effect.flip(short.ask("#4", () => Effect.void))
      assert.strictEqual(long.code, "tooLarge")

      const log = yield* EventLog
      const stuck = EventLog.of({ ...log, follow: () => Stream.never })
      const slow = yield* Effect.provideService(PastRows.make({ mostAtOnce: 1, patienceMs: 0 }), EventLog, stuck)
      const at = (sequence: number) =>
        Effect.flip(slow.ask({ _tag: "sequence", sequence }, () => Effect.void)).pipe(Effect.map(({ _tag }) => _tag))
      assert.strictEqual(yield* at(2), "Rebuilding")
      assert.strictEqual(yield* at(2), "Rebuilding")
      assert.strictEqual(yield* at(3), "TooMany")
    })
  )

  test(
    "is kept while questions are answered from it, however many others are asked for",
    Effect.gen(function* () {
      for (let index = 0; index < 12; index++) yield* append(START + index, scheduled(`task-${index}`))
      yield* TestClock.setTime(START + 60_000)
      const past = yield* AsOf.make()
      const count = (asOf: string) =>
        past.ask(asOf, ({ queries }) => Effect.map(queries.countTasks({ all: true }), ({ total }) => total))
      const inner = past.ask("#1", ({ queries }) =>
        Effect.gen(function* () {
          for (let sequence = 2; sequence <= 12; sequence++) {
            assert.strictEqual(yield* Effect.orDie(count(`#${sequence}`)), sequence)
          }
          return yield* queries.countTasks({ all: true })
        })
      )
      assert.strictEqual((yield* inner).total, 1)
      for (const sequence of [12, 3, 1, 7]) assert.strictEqual(yield* count(`#${sequence}`), sequence)
    })
  )
})

const idOf = (execution: unknown): string => (execution as { readonly executionId: string }).executionId
