import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, PubSub, Queue, Schema, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import {
  type AttemptFailure,
  ComeBackLater,
  defineTaskType,
  TaskCancelled,
  TaskFailed,
  type AttemptContext
} from "../../src/work/TaskType.ts"
import { type Followed, FOLLOW_MS, LiveFeed, type OutputPiece, type Progress } from "../../src/work/LiveFeed.ts"
import { PROGRESS_MS } from "../../src/work/LiveReports.ts"
import { TaskTypes } from "../../src/work/TaskTypes.ts"
import * as Worker from "../../src/work/Worker.ts"
import { offerId, type WorkItem } from "../../src/work/Work.ts"
import { type Delivery, WorkQueue } from "../../src/work/WorkQueue.ts"
import { workItem } from "../support/attempt.ts"
import { makeTestOwner, type TestOwner } from "../support/owner.ts"

const item = (executionId: string, changes: Partial<WorkItem> = {}): WorkItem => workItem({ executionId, ...changes })

/** What a test may do with a worker: deliver, see what came back, and stop it. */
interface World {
  readonly owner: TestOwner
  deliver(items: ReadonlyArray<WorkItem>): Effect.Effect<void>
  /** `offerId` and word of each answer to a delivery, in order. */
  readonly answers: Array<string>
  readonly nextAnswer: Effect.Effect<string>
  readonly stop: Effect.Effect<void>
  /** What attempts told while they ran. */
  readonly told: ReadonlyArray<Progress | OutputPiece>
  /** Says that somebody follows an execution. */
  follow(executionId: string, begins: boolean): Effect.Effect<void>
}

const world = (
  run: (args: Schema.JsonObject, context: AttemptContext) => Effect.Effect<Schema.Json, AttemptFailure>,
  options: Partial<Worker.WorkerOptions> = {}
): Effect.Effect<World> =>
  Effect.gen(function* () {
    const owner = yield* makeTestOwner()
    const deliveries = yield* Queue.unbounded<Delivery>()
    const answered = yield* Queue.unbounded<string>()
    const answers: Array<string> = []
    const told: Array<Progress | OutputPiece> = []
    const asked = yield* PubSub.unbounded<Followed>()
    const answer = (one: WorkItem, word: string) =>
      Effect.sync(() => {
        answers.push(`${offerId(one)} ${word}`)
        if (word !== "inProgress") Queue.offerUnsafe(answered, `${offerId(one)} ${word}`)
      })
    const line = Layer.succeed(WorkQueue, {
      held: Effect.succeed(new Set<string>()),
      offer: (items) =>
        Effect.asVoid(
          Queue.offerAll(
            deliveries,
            items.map((one) => ({
              item: one,
              ack: answer(one, "ack"),
              inProgress: answer(one, "inProgress"),
              retryAfter: (ms: number) => answer(one, `retryAfter ${ms}`)
            }))
          )
        ),
      take: () => Stream.fromQueue(deliveries)
    })
    const type = defineTaskType({
      name: "test",
      description: "As the test wants.",
      args: Schema.JsonObject,
      result: Schema.Json,
      run
    })
    const scope = yield* Scope.make()
    const context = yield* Layer.buildWithScope(
      Worker.layer({ worker: "w1", queues: ["test"], ...options }).pipe(
        Layer.provideMerge(line),
        Layer.provide([owner.layer, LiveFeed.layerMemory(told, asked), Layer.orDie(TaskTypes.layer([type]))])
      ),
      scope
    )
    const queue = yield* Effect.provideContext(WorkQueue, context)
    return {
      owner,
      deliver: (items) => Effect.orDie(queue.offer(items)),
      answers,
      told,
      follow: (executionId, begins) => Effect.asVoid(PubSub.publish(asked, { executionId, begins })),
      nextAnswer: Queue.take(answered),
      stop: Effect.flatMap(Effect.exit(Effect.void), (exit) => Scope.close(scope, exit))
    }
  })

const outcomeOf = (w: World) => Effect.map(w.owner.nextReport, (report) => report.outcome)

describe("an attempt", () => {
  it.effect("is claimed, run, reported, and acknowledged only then", () =>
    Effect.gen(function* () {
      const seen: Array<AttemptContext> = []
      const w = yield* world((args, context) =>
        Effect.sync(() => {
          seen.push(context)
          return args
        })
      )
      yield* w.deliver([item("e1", { taskArgs: { n: 1 }, attempt: 2 })])
      assert.strictEqual(yield* w.nextAnswer, "e1#2 ack")
      assert.deepStrictEqual(w.owner.claims, [{ taskId: "task", executionId: "e1", attempt: 2, worker: "w1" }])
      assert.deepStrictEqual(w.owner.reports, [
        {
          taskId: "task",
          executionId: "e1",
          attempt: 2,
          worker: "w1",
          startedAt: "1970-01-01T00:00:00.000Z",
          finishedAt: "1970-01-01T00:00:00.000Z",
          outcome: { outcome: "done", result: { n: 1 } }
        }
      ])
      assert.deepStrictEqual(seen[0]?.attemptEnv, {
        NAGATHA_TASK_ID: "task",
        NAGATHA_EXECUTION_ID: "e1",
        NAGATHA_NOMINAL_AT: "2026-03-08T14:30:00.000Z",
        NAGATHA_ATTEMPT: "2",
        NAGATHA_IDEMPOTENCY_KEY: "e1"
      })
      yield* w.stop
    })
  )

  it.effect("that is gone is acknowledged and never runs", () =>
    Effect.gen(function* () {
      const w = yield* world(() => Effect.die("must not run"))
      w.owner.answers.set("e1#1", { answer: "gone" })
      yield* w.deliver([item("e1")])
      assert.strictEqual(yield* w.nextAnswer, "e1#1 ack")
      assert.deepStrictEqual(w.owner.reports, [])
      yield* w.stop
    })
  )

  it.effect("that another worker holds is asked for again later", () =>
    Effect.gen(function* () {
      const w = yield* world(() => Effect.die("must not run"))
      w.owner.answers.set("e1#1", { answer: "held", retryAfterMs: 700 })
      yield* w.deliver([item("e1")])
      assert.strictEqual(yield* w.nextAnswer, "e1#1 retryAfter 700")
      assert.deepStrictEqual(w.owner.reports, [])
      yield* w.stop
    })
  )

  it.effect("that is delivered twice runs once, and the newer delivery is the one acknowledged", () =>
    Effect.gen(function* () {
      const go = yield* Deferred.make<void>()
      const began = yield* Queue.unbounded<void>()
      const w = yield* world(() =>
        Queue.offer(began, undefined).pipe(Effect.andThen(Deferred.await(go)), Effect.as(null))
      )
      yield* w.deliver([item("e1")])
      yield* Queue.take(began)
      yield* w.deliver([item("e1"), item("e2")])
      yield* Queue.take(began)
      yield* Deferred.succeed(go, undefined)
      yield* w.nextAnswer
      yield* w.nextAnswer
      assert.deepStrictEqual([...w.answers].sort(), ["e1#1 ack", "e2#1 ack"])
      assert.strictEqual(w.owner.claims.length, 2)
      yield* w.stop
    })
  )

  it.effect("never runs beside more others than the worker may carry", () =>
    Effect.gen(function* () {
      const go = yield* Queue.unbounded<void>()
      let running = 0
      let most = 0
      const w = yield* world(
        () =>
          Effect.sync(() => (most = Math.max(most, ++running))).pipe(
            Effect.andThen(Queue.take(go)),
            Effect.andThen(Effect.sync(() => running--)),
            Effect.as(null)
          ),
        { concurrency: 2 }
      )
      yield* w.deliver(["a", "b", "c", "d", "e"].map((id) => item(id)))
      for (let index = 0; index < 5; index++) {
        yield* Queue.offer(go, undefined)
        yield* w.nextAnswer
      }
      assert.strictEqual(most, 2)
      yield* w.stop
    })
  )
})

describe("an outcome", () => {
  const error = { code: "broken", message: "it broke" }
  const cases: ReadonlyArray<readonly [string, Effect.Effect<Schema.Json, TaskFailed | ComeBackLater>, object]> = [
    ["a failure to be retried", new TaskFailed({ error, retryable: true }), { outcome: "failed", error }],
    ["a failure for good", new TaskFailed({ error, retryable: false }), { outcome: "failedForGood", error }],
    ["come back later", new ComeBackLater({ delayMs: 5, error }), { outcome: "comeBackLater", delayMs: 5, error }]
  ]
  for (const [name, run, expected] of cases) {
    it.effect(`says ${name}`, () =>
      Effect.gen(function* () {
        const w = yield* world(() => run)
        yield* w.deliver([item("e1")])
        assert.deepStrictEqual(yield* outcomeOf(w), expected)
        yield* w.stop
      })
    )
  }

  it.effect("of a function that throws at once is that of a promise that does", () =>
    Effect.gen(function* () {
      const w = yield* world(() => {
        throw new TypeError("undefined is not a function")
      })
      yield* w.deliver([item("e1")])
      const outcome = yield* outcomeOf(w)
      assert.propertyVal(outcome.outcome === "failed" ? outcome.error : {}, "code", "error")
      yield* w.stop
    })
  )

  it.effect("of a defect tells its message and its stack, and the worker goes on", () =>
    Effect.gen(function* () {
      const w = yield* world((args) => {
        if (args["fine"] === true) return Effect.succeed("fine")
        return Effect.die(new TypeError("undefined is not a function"))
      })
      yield* w.deliver([item("e1")])
      const outcome = yield* outcomeOf(w)
      assert.strictEqual(outcome.outcome, "failed")
      assert.propertyVal(outcome.outcome === "failed" ? outcome.error : {}, "code", "defect")
      assert.include(JSON.stringify(outcome), "undefined is not a function")
      assert.include(JSON.stringify(outcome), "Worker.test.ts")
      yield* w.deliver([item("e2", { taskArgs: { fine: true } })])
      assert.deepStrictEqual(yield* outcomeOf(w), { outcome: "done", result: "fine" })
      yield* w.stop
    })
  )

  it.effect("of a task type that the worker does not know is a failure for good that says what to do", () =>
    Effect.gen(function* () {
      const w = yield* world(() => Effect.succeed(null))
      yield* w.deliver([item("e1", { taskType: "teleport" })])
      const outcome = yield* outcomeOf(w)
      assert.strictEqual(outcome.outcome, "failedForGood")
      assert.include(JSON.stringify(outcome), 'does not know the task type \\"teleport\\" (it knows test)')
      yield* w.stop
    })
  )

  it.effect("too large to keep is cut, keeps its shape, and says so", () =>
    Effect.gen(function* () {
      const w = yield* world((args) =>
        Effect.succeed(
          args["many"] === true ? Array.from({ length: 200_000 }, (_, n) => n) : { text: "x".repeat(1e6), n: 1 }
        )
      )
      yield* w.deliver([item("e1")])
      const text = yield* outcomeOf(w)
      assert.isBelow(JSON.stringify(text).length, 300_000)
      assert.include(JSON.stringify(text), "characters left out")
      assert.deepInclude(text.outcome === "done" ? text.result : null, { n: 1 })
      yield* w.deliver([item("e2", { taskArgs: { many: true } })])
      const list = yield* outcomeOf(w)
      assert.deepInclude(list.outcome === "done" ? list.result : null, { truncated: true })
      yield* w.stop
    })
  )

  it.effect("is measured in bytes, whatever the writing: what is reported together fits into a message", () =>
    Effect.gen(function* () {
      const w = yield* world((args) => Effect.succeed("文".repeat(args["all"] === true ? 250_000 : 80_000)))
      yield* w.deliver([item("e1", { taskArgs: { all: true } })])
      assert.isAtMost(Buffer.byteLength(JSON.stringify(yield* outcomeOf(w))), 300_000)
      yield* w.deliver(Array.from({ length: 6 }, (_, at) => item(`f${at}`)))
      for (let at = 0; at < 6; at++) yield* w.owner.nextReport
      const [, ...calls] = w.owner.calls.filter(({ kind }) => kind === "report")
      assert.isAtMost(Math.max(...calls.map(({ size }) => size * 240_000)), 1_000_000)
      yield* w.stop
    })
  )
})

describe("a limit", () => {
  it.effect("interrupts a run at its soft timeout and reports what it left to be told", () =>
    Effect.gen(function* () {
      const began = yield* Deferred.make<void>()
      const w = yield* world((_, context) =>
        Deferred.succeed(began, undefined).pipe(
          Effect.andThen(Effect.never),
          Effect.onInterrupt(() => Effect.sync(() => context.lastWords({ got: "half way" })))
        )
      )
      yield* w.deliver([item("e1", { timeoutMs: 1000, hardTimeoutMs: 2000 })])
      yield* Deferred.await(began)
      yield* TestClock.adjust(999)
      assert.deepStrictEqual(w.owner.reports, [])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(yield* outcomeOf(w), {
        outcome: "failed",
        error: { code: "timeout", message: "took longer than 1000 ms and was stopped", detail: { got: "half way" } }
      })
      yield* w.stop
    })
  )

  it.effect("tells a run that will not stop when it must end, at the hard timeout", () =>
    Effect.gen(function* () {
      const began = yield* Deferred.make<void>()
      const w = yield* world((_, context) =>
        Deferred.succeed(began, undefined).pipe(
          Effect.andThen(Effect.never),
          Effect.onInterrupt(() =>
            Effect.andThen(
              context.mustEnd,
              Effect.sync(() => context.lastWords("killed"))
            )
          )
        )
      )
      yield* w.deliver([item("e1", { timeoutMs: 1000, hardTimeoutMs: 5000 })])
      yield* Deferred.await(began)
      yield* TestClock.adjust(4999)
      assert.deepStrictEqual(w.owner.reports, [])
      yield* TestClock.adjust(1)
      const outcome = yield* outcomeOf(w)
      assert.deepInclude(outcome.outcome === "failed" ? outcome.error : {}, { code: "timeout", detail: "killed" })
      yield* w.stop
    })
  )

  it.effect("abandons a run that does not end even then, so that the task goes on without it", () =>
    Effect.gen(function* () {
      const began = yield* Deferred.make<void>()
      const w = yield* world(() =>
        Deferred.succeed(began, undefined).pipe(Effect.andThen(Effect.never), Effect.uninterruptible)
      )
      yield* w.deliver([item("e1", { timeoutMs: 1000, hardTimeoutMs: 5000 })])
      yield* Deferred.await(began)
      yield* TestClock.adjust(7000)
      assert.include(JSON.stringify(yield* outcomeOf(w)), "did not end and was abandoned")
      assert.strictEqual(yield* w.nextAnswer, "e1#1 ack")
      yield* w.stop
    })
  )

  const promised = (run: (args: Schema.JsonObject, context: AttemptContext) => Promise<Schema.Json>) =>
    defineTaskType({
      name: "promised",
      description: "A Promise function.",
      args: Schema.JsonObject,
      result: Schema.Json,
      run
    }).attempt

  it.effect("aborts the signal of a Promise function and waits for it to settle", () =>
    Effect.gen(function* () {
      const began = yield* Deferred.make<void>()
      const aborted = yield* Deferred.make<void>()
      const settle = Promise.withResolvers<string>()
      const w = yield* world(
        promised((_, { signal }) => {
          signal.addEventListener("abort", () => Deferred.doneUnsafe(aborted, Effect.void))
          Deferred.doneUnsafe(began, Effect.void)
          return settle.promise
        })
      )
      yield* w.deliver([item("e1", { timeoutMs: 1000, hardTimeoutMs: 60_000 })])
      yield* Deferred.await(began)
      yield* TestClock.adjust(1000)
      yield* Deferred.await(aborted)
      yield* TestClock.adjust(30_000)
      assert.deepStrictEqual(w.owner.reports, [])
      settle.reject(new Error("aborted"))
      const outcome = yield* outcomeOf(w)
      assert.deepInclude(outcome.outcome === "failed" ? outcome.error : {}, { code: "timeout" })
      yield* w.stop
    })
  )

  it.effect("is no matter for a Promise function that ends: what it throws is a failure to be retried", () =>
    Effect.gen(function* () {
      const w = yield* world(
        promised(async (args) => {
          if (args["fails"] === true) throw new RangeError("out of range")
          return "kept"
        })
      )
      yield* w.deliver([item("e1")])
      assert.deepStrictEqual(yield* outcomeOf(w), { outcome: "done", result: "kept" })
      yield* w.deliver([item("e2", { taskArgs: { fails: true } })])
      const outcome = yield* outcomeOf(w)
      assert.deepInclude(outcome.outcome === "failed" ? outcome.error : {}, { code: "error", message: "out of range" })
      yield* w.stop
    })
  )
})

describe("while an attempt runs, the worker", () => {
  it.effect("keeps the delivery and the claim alive every third of the lease", () =>
    Effect.gen(function* () {
      const began = yield* Deferred.make<void>()
      const w = yield* world(() => Effect.andThen(Deferred.succeed(began, undefined), Effect.never))
      yield* w.deliver([item("e1")])
      yield* Deferred.await(began)
      yield* TestClock.adjust(10_000)
      assert.deepStrictEqual(w.answers, ["e1#1 inProgress", "e1#1 inProgress", "e1#1 inProgress"])
      assert.strictEqual(w.owner.heartbeats.length, 3)
      assert.deepStrictEqual(w.owner.heartbeats[0], {
        taskId: "task",
        executionId: "e1",
        attempt: 1,
        worker: "w1",
        startedAt: "1970-01-01T00:00:00.000Z"
      })
      const stopping = yield* Effect.forkChild(w.stop)
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(stopping)
    })
  )

  it.effect("interrupts it when its owner says stop, and reports it as cancelled", () =>
    Effect.gen(function* () {
      const began = yield* Deferred.make<void>()
      const w = yield* world(() => Effect.andThen(Deferred.succeed(began, undefined), Effect.never))
      yield* w.deliver([item("e1")])
      yield* Deferred.await(began)
      w.owner.stop.add("e1")
      yield* TestClock.adjust(5000)
      const outcome = yield* outcomeOf(w)
      assert.deepStrictEqual(outcome, {
        outcome: "cancelled",
        error: { code: "cancelled", message: "was stopped because it is no longer wanted" }
      })
      yield* w.stop
    })
  )
})

describe("while the owner does not answer, the worker", () => {
  it.effect("keeps the delivery alive and asks again until the claim is answered", () =>
    Effect.gen(function* () {
      const w = yield* world(() => Effect.succeed("ran"))
      w.owner.silentCalls = 12
      yield* w.deliver([item("e1")])
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* w.nextAnswer, "e1#1 ack")
      assert.include(w.answers, "e1#1 inProgress")
      assert.strictEqual(w.owner.reports.length, 1)
      yield* w.stop
    })
  )

  it.effect("never loses a report, and acknowledges only after it is recorded", () =>
    Effect.gen(function* () {
      const owners: Array<TestOwner> = []
      const w = yield* world(() =>
        Effect.sync(() => {
          for (const owner of owners) owner.silentCalls = 12
          return "ran"
        })
      )
      owners.push(w.owner)
      yield* w.deliver([item("e1")])
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(
        w.answers.filter((answer) => answer.endsWith("ack")),
        []
      )
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* outcomeOf(w), { outcome: "done", result: "ran" })
      assert.strictEqual(yield* w.nextAnswer, "e1#1 ack")
      yield* w.stop
    })
  )
})

it.effect("claims and reports of one partition that come together travel together", () =>
  Effect.gen(function* () {
    const w = yield* world(() => Effect.succeed(null))
    yield* w.deliver(Array.from({ length: 40 }, (_, n) => item(`e${n}`, { partition: n % 2 })))
    for (let n = 0; n < 40; n++) yield* w.nextAnswer
    assert.deepStrictEqual(w.owner.calls, [
      { kind: "claim", size: 20 },
      { kind: "claim", size: 20 },
      { kind: "report", size: 20 },
      { kind: "report", size: 20 }
    ])
    yield* w.stop
  })
)

describe("a worker that is stopped", () => {
  it.effect("lets running attempts end, reports them, and takes nothing more", () =>
    Effect.gen(function* () {
      const began = yield* Deferred.make<void>()
      const w = yield* world(() =>
        Deferred.succeed(began, undefined).pipe(Effect.andThen(Effect.sleep(4000)), Effect.as("ended"))
      )
      yield* w.deliver([item("e1")])
      yield* Deferred.await(began)
      const stopping = yield* Effect.forkChild(w.stop, { startImmediately: true })
      yield* w.deliver([item("e2")])
      yield* TestClock.adjust(4000)
      yield* Fiber.join(stopping)
      assert.deepStrictEqual(
        w.owner.reports.map(({ executionId, outcome }) => [executionId, outcome]),
        [["e1", { outcome: "done", result: "ended" }]]
      )
      assert.deepStrictEqual(
        w.owner.claims.map(({ executionId }) => executionId),
        ["e1"]
      )
    })
  )

  it.effect("hands over what does not end within the grace, at once", () =>
    Effect.gen(function* () {
      const began = yield* Deferred.make<void>()
      const w = yield* world(() => Effect.andThen(Deferred.succeed(began, undefined), Effect.never), {
        stopGraceMs: 3000
      })
      yield* w.deliver([item("e1")])
      yield* Deferred.await(began)
      const stopping = yield* Effect.forkChild(w.stop, { startImmediately: true })
      yield* TestClock.adjust(3000)
      yield* Fiber.join(stopping)
      assert.deepInclude(w.owner.reports[0]?.outcome, { outcome: "comeBackLater", delayMs: 0 })
      assert.strictEqual(yield* w.nextAnswer, "e1#1 ack")
    })
  )

  it.effect("hands back deliveries that it had no hand free for", () =>
    Effect.gen(function* () {
      const began = yield* Deferred.make<void>()
      const w = yield* world(() => Effect.andThen(Deferred.succeed(began, undefined), Effect.never), {
        stopGraceMs: 0,
        concurrency: 1
      })
      yield* w.deliver([item("e1"), item("e2")])
      yield* Deferred.await(began)
      const stopping = yield* Effect.forkChild(w.stop, { startImmediately: true })
      yield* TestClock.adjust(1)
      yield* Fiber.join(stopping)
      assert.sameMembers(w.answers, ["e2#1 retryAfter 0", "e1#1 ack"])
    })
  )

  it.effect("keeps nothing alive that it has handed back", () =>
    Effect.gen(function* () {
      const began = yield* Deferred.make<void>()
      const w = yield* world(() => Effect.andThen(Deferred.succeed(began, undefined), Effect.never), {
        stopGraceMs: 9000,
        concurrency: 1
      })
      yield* w.deliver([item("e1"), item("e2")])
      yield* Deferred.await(began)
      const stopping = yield* Effect.forkChild(w.stop, { startImmediately: true })
      yield* TestClock.adjust("9 seconds")
      yield* Fiber.join(stopping)
      assert.include(w.answers, "e1#1 inProgress")
      assert.deepStrictEqual(
        w.answers.filter((answer) => answer.startsWith("e2")),
        ["e2#1 retryAfter 0"]
      )
    })
  )

  it.effect("begins nothing more: a claim that is granted meanwhile is handed over", () =>
    Effect.gen(function* () {
      const w = yield* world(() => Effect.die("must not run"))
      w.owner.silentCalls = 3
      yield* w.deliver([item("e1")])
      yield* Effect.yieldNow
      const stopping = yield* Effect.forkChild(w.stop, { startImmediately: true })
      yield* TestClock.adjust(5000)
      yield* Fiber.join(stopping)
      assert.deepInclude(w.owner.reports[0]?.outcome, { outcome: "comeBackLater", delayMs: 0 })
      assert.include(w.answers, "e1#1 ack")
    })
  )

  it.effect("gives up on a silent owner in the end, without acknowledging", () =>
    Effect.gen(function* () {
      const began = yield* Deferred.make<void>()
      const w = yield* world(() => Effect.andThen(Deferred.succeed(began, undefined), Effect.never))
      yield* w.deliver([item("e1")])
      yield* Deferred.await(began)
      w.owner.silentCalls = Number.MAX_SAFE_INTEGER
      const stopping = yield* Effect.forkChild(w.stop, { startImmediately: true })
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(stopping)
      assert.notInclude(w.answers, "e1#1 ack")
    })
  )
})

describe("what an attempt tells while it runs", () => {
  const pieces = (w: World) => w.told.flatMap((one) => ("stream" in one ? [`${one.from}-${one.to} ${one.text}`] : []))
  const fractions = (w: World) => w.told.flatMap((one) => ("fraction" in one ? [one.fraction] : []))

  it.effect("is its newest progress, not more often than there is use for", () =>
    Effect.gen(function* () {
      const w = yield* world((_, context) =>
        Effect.gen(function* () {
          for (let step = 1; step <= 100; step++) context.progress(step / 100, `step ${step}`)
          context.progress(NaN)
          yield* Effect.sleep(PROGRESS_MS)
          context.progress(7, "too far")
          return yield* Effect.never
        })
      )
      yield* w.deliver([item("e1")])
      yield* TestClock.adjust(PROGRESS_MS / 2)
      assert.deepStrictEqual(fractions(w), [0.01])
      yield* TestClock.adjust(PROGRESS_MS * 3)
      assert.deepStrictEqual(fractions(w), [0.01, 1, 1])
      assert.deepInclude(w.told[1], { id: "e1#1.2", type: "scheduler.task.progress", text: "step 100", worker: "w1" })
      assert.deepInclude(w.told[2], { text: "too far" })
    })
  )

  it.effect("is its output, only while somebody follows, from the beginning for each who begins", () =>
    Effect.gen(function* () {
      const say = yield* Queue.unbounded<string>()
      const w = yield* world((_, context) =>
        Effect.forever(Effect.tap(Queue.take(say), (text) => Effect.sync(() => context.log(text))))
      )
      const told = Effect.fnUntraced(function* (text: string) {
        yield* Queue.offer(say, text)
        yield* TestClock.adjust(0)
      })
      yield* w.deliver([item("e1")])
      yield* TestClock.adjust(0)
      yield* told("a")
      assert.deepStrictEqual(pieces(w), [])
      yield* w.follow("other", true)
      yield* w.follow("e1", true)
      yield* TestClock.adjust(0)
      yield* told("b")
      assert.deepStrictEqual(pieces(w), ["0-2 a\n", "2-4 b\n"])
      yield* TestClock.adjust(FOLLOW_MS / 2)
      yield* w.follow("e1", false)
      yield* TestClock.adjust(FOLLOW_MS / 2 + 1)
      yield* told("c")
      yield* w.follow("e1", true)
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(pieces(w).slice(2), ["4-6 c\n", "0-6 a\nb\nc\n"])
      yield* TestClock.adjust(FOLLOW_MS)
      yield* told("nobody hears it")
      assert.strictEqual(pieces(w).length, 4)
    })
  )

  it.effect("is kept with its outcome", () =>
    Effect.gen(function* () {
      const w = yield* world((_, context) =>
        Effect.sync(() => {
          context.log("half")
          context.log("whole")
          return null
        })
      )
      yield* w.deliver([item("e1")])
      assert.deepStrictEqual((yield* w.owner.nextReport).output, { text: "half\nwhole\n", truncated: false })
    })
  )

  it.effect("may be that it is no longer wanted", () =>
    Effect.gen(function* () {
      const w = yield* world(() => Effect.fail(new TaskCancelled({ reason: "the order was withdrawn" })))
      yield* w.deliver([item("e1")])
      assert.deepStrictEqual(yield* outcomeOf(w), {
        outcome: "cancelled",
        error: { code: "cancelled", message: "the order was withdrawn" }
      })
    })
  )
})
