/** Ports, measured: they do what they did, and what passes is counted once. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Announcements, Said } from "../../src/actors/Announcements.ts"
import { EventLog } from "../../src/events/EventLog.ts"
import type { TaskEvent } from "../../src/events/TaskEvent.ts"
import { fromMillis } from "../../src/recurrence/Instant.ts"
import { Meter } from "../../src/telemetry/Meter.ts"
import * as MeteredAnnouncements from "../../src/telemetry/MeteredAnnouncements.ts"
import * as MeteredLog from "../../src/telemetry/MeteredLog.ts"
import * as MeteredWork from "../../src/telemetry/MeteredWork.ts"
import { OwnerUnavailable, TaskOwner } from "../../src/work/TaskOwner.ts"
import type { Delivery } from "../../src/work/WorkQueue.ts"
import { WorkQueue } from "../../src/work/WorkQueue.ts"
import { workItem } from "../support/dispatch.ts"
import { firstExecution, retried, scheduled } from "../support/events.ts"
import { samples } from "../support/prometheus.ts"
import { START } from "../support/task.ts"

const read = (meter: Meter) => Effect.map(meter.metricsText, samples)

/** Announces these, each as a commit of its own, at an instant. */
const announcing = (meter: Meter, from: number) => {
  const layer = MeteredAnnouncements.layer(meter).pipe(Layer.provideMerge(Announcements.layerMemory))
  const scenario = (body: Effect.Effect<void, unknown, Announcements | Said>) =>
    Effect.andThen(TestClock.setTime(from), Effect.provide(body, layer, { local: true }))
  return scenario
}
const recorded = (events: ReadonlyArray<TaskEvent>, first = 1) =>
  events.map((event, index) => ({ partition: 0, sequence: first + index, index: 0, queue: "q", event }))

describe("announcements", () => {
  it.effect("tell what became of a task: how late it was due, its attempts, its end", () => {
    const meter = new Meter()
    const { log } = retried("t1")
    return announcing(
      meter,
      START
    )(
      Effect.gen(function* () {
        const { announce } = yield* Announcements
        for (const one of recorded(log)) {
          const lateMs = one.event.type === "due" ? 40 : 0
          yield* TestClock.setTime(Date.parse(one.event.time) + lateMs)
          yield* announce([one])
        }
        const told = yield* read(meter)
        assert.strictEqual(told.get('nagatha_events_total{event="due"}'), 1)
        assert.strictEqual(told.get("nagatha_firing_lateness_seconds_count"), 1)
        assert.strictEqual(told.get("nagatha_firing_lateness_seconds_sum"), 0.04)
        const type = log[0]?.taskType ?? ""
        for (const outcome of ["retry", "success"]) {
          const labels = `{task_type="${type}",outcome="${outcome}"}`
          assert.strictEqual(told.get(`nagatha_attempt_duration_seconds_count${labels}`), 1, outcome)
        }
        assert.strictEqual(told.get(`nagatha_start_delay_seconds_count{task_type="${type}"}`), 1)
        assert.strictEqual(told.get(`nagatha_executions_total{task_type="${type}",outcome="success"}`), 1)
        assert.strictEqual(told.get(`nagatha_executions_total{task_type="${type}",outcome="failure"}`), undefined)
      })
    )
  })

  it.effect("count an event once, however often it is said, and none that is older than the node", () => {
    const meter = new Meter()
    const told = recorded([...scheduled("t1"), ...scheduled("t2")])
    const before = recorded(scheduled("t0").map((event) => ({ ...event, time: fromMillis(START - 1) })))
    return announcing(
      meter,
      START
    )(
      Effect.gen(function* () {
        const { announce } = yield* Announcements
        yield* announce(before)
        yield* announce(told.slice(0, 1))
        yield* announce(told)
        yield* announce(told)
        assert.strictEqual((yield* read(meter)).get('nagatha_events_total{event="scheduled"}'), 2)
        assert.strictEqual((yield* Said.use((said) => said)).length, 6)
      })
    )
  })

  it.effect("count lost attempts, what was cancelled before it began, and what was skipped", () => {
    const meter = new Meter()
    const history = retried("t1")
    const retry = history.log.find((event) => event.type === "retry")
    const [made] = scheduled("t2")
    assert.isDefined(retry)
    assert.isDefined(made)
    if (retry === undefined || made === undefined) return Effect.void
    const { taskType, taskId, taskName, scheduleType, revision, causedBy, version, time } = made
    const head = { taskType, taskId, taskName, scheduleType, revision, causedBy, version, time }
    const events: ReadonlyArray<TaskEvent> = [
      { ...retry, error: { code: "lost", message: "its worker is gone" } },
      { ...head, type: "cancelled", executions: [firstExecution("t2"), "t2@2"] },
      { ...head, type: "skipped", reason: "overlap", nominalAt: time, throughAt: time, count: 7, nextAt: null }
    ]
    return announcing(
      meter,
      START
    )(
      Effect.gen(function* () {
        yield* Announcements.use(({ announce }) => announce(recorded(events)))
        const told = yield* read(meter)
        assert.strictEqual(told.get("nagatha_attempts_lost_total"), 1)
        const labels = `{task_type="${taskType}",outcome="cancelled"}`
        assert.strictEqual(told.get(`nagatha_executions_total${labels}`), 2)
        assert.strictEqual(told.get('nagatha_occurrences_skipped_total{reason="overlap"}'), 7)
      })
    )
  })
})

describe("the log", () => {
  it.effect("is measured at each append: stored with its events, or in conflict with another writer", () => {
    const meter = new Meter()
    const head = { partition: 0, time: fromMillis(START), previousHash: "" }
    const json = scheduled("t1").map((event) => JSON.stringify(event))
    return Effect.gen(function* () {
      const log = yield* EventLog
      const stored = yield* log.append({ ...head, commitId: "1", previousSequence: 0 }, [...json, ...json])
      assert.strictEqual(stored._tag, "stored")
      const conflict = yield* log.append({ ...head, commitId: "2", previousSequence: 0 }, json)
      assert.strictEqual(conflict._tag, "conflict")
      assert.strictEqual((yield* Stream.runCollect(log.read(0, 0))).length, 1)
      const told = yield* read(meter)
      assert.strictEqual(told.get('nagatha_log_appends_total{outcome="stored"}'), 1)
      assert.strictEqual(told.get('nagatha_log_appends_total{outcome="conflict"}'), 1)
      assert.strictEqual(told.get("nagatha_log_append_duration_seconds_count"), 2)
      assert.strictEqual(told.get("nagatha_log_commit_events_sum"), 2)
    }).pipe(Effect.provide(MeteredLog.layer(meter).pipe(Layer.provide(EventLog.layerMemory)), { local: true }))
  })
})

describe("a worker's ports", () => {
  const claim = { taskId: "t", executionId: "e", attempt: 1, worker: "w" }
  const at = fromMillis(START)
  const report = { ...claim, startedAt: at, finishedAt: at, outcome: { outcome: "done", result: null } } as const

  it.effect("tell what is in hand, from the claim that was granted to the report that was answered", () => {
    const meter = new Meter()
    const inner = Layer.succeed(TaskOwner, {
      claim: (_, claims) =>
        Effect.succeed(
          claims.map(({ executionId }) =>
            executionId === "e" ? { answer: "granted", leaseMs: 1 } : { answer: "gone" }
          )
        ),
      heartbeat: (partition) => Effect.fail(new OwnerUnavailable({ partition, reason: "away" })),
      report: (_, said) => Effect.succeed(said.map(() => "recorded" as const))
    })
    return Effect.gen(function* () {
      const owner = yield* TaskOwner
      yield* owner.claim(0, [claim, { ...claim, executionId: "other" }])
      yield* owner.claim(0, [claim])
      assert.strictEqual((yield* read(meter)).get("nagatha_worker_running"), 1)
      yield* Effect.ignore(owner.heartbeat(0, [{ ...claim, startedAt: at }]))
      yield* owner.report(0, [report])
      const told = yield* read(meter)
      assert.strictEqual(told.get("nagatha_worker_running"), 0)
      assert.strictEqual(told.get('nagatha_worker_claims_total{answer="granted"}'), 2)
      assert.strictEqual(told.get('nagatha_worker_claims_total{answer="gone"}'), 1)
      assert.strictEqual(told.get('nagatha_worker_reports_total{answer="recorded"}'), 1)
      assert.strictEqual(told.get("nagatha_worker_owner_unavailable_total"), 1)
    }).pipe(Effect.provide(MeteredWork.layerOwner(meter).pipe(Layer.provide(inner)), { local: true }))
  })

  it.effect("tell what came, and what came again", () => {
    const meter = new Meter()
    const delivery = (redelivered: boolean): Delivery => ({
      item: workItem("e", "q"),
      redelivered,
      ack: Effect.void,
      inProgress: Effect.void,
      retryAfter: () => Effect.void
    })
    const inner = Layer.effect(
      WorkQueue,
      Effect.map(WorkQueue, (queue) =>
        WorkQueue.of({ ...queue, take: () => Stream.fromIterable([delivery(false), delivery(true), delivery(false)]) })
      )
    ).pipe(Layer.provide(WorkQueue.layerMemory))
    return Effect.gen(function* () {
      const queue = yield* WorkQueue
      assert.strictEqual((yield* Stream.runCollect(queue.take(["q"], 1))).length, 3)
      const told = yield* read(meter)
      assert.strictEqual(told.get("nagatha_worker_deliveries_total"), 3)
      assert.strictEqual(told.get("nagatha_worker_redeliveries_total"), 1)
    }).pipe(Effect.provide(MeteredWork.layerQueue(meter).pipe(Layer.provide(inner)), { local: true }))
  })
})
