/** What is measured, as Prometheus reads it: names by its rules, bounded labels, nothing counted twice. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Meter, MOST_NAMES, OTHER } from "../../src/telemetry/Meter.ts"
import * as Metrics from "../../src/telemetry/Metrics.ts"
import { samples } from "../support/prometheus.ts"

const read = (meter: Meter) => Effect.map(meter.metricsText, samples)

describe("the names of metrics", () => {
  it("keep to Prometheus' rules: a prefix, base units, total where they count, and words about each", () => {
    for (const { boundaries, help, kind, name } of Metrics.METRICS) {
      assert.match(name, /^(nagatha|process)_[a-z]+(_[a-z]+)*$/)
      assert.strictEqual(kind === "counter", name.endsWith("_total"), name)
      assert.notMatch(name, /milli|micro|minutes|_ms\b|_(count|sum|bucket)$/)
      assert.match(help, /^[A-Z].*\.$/, name)
      assert.deepStrictEqual(
        boundaries,
        boundaries.toSorted((a, b) => a - b),
        name
      )
      assert.strictEqual(kind === "histogram", boundaries.length > 0, name)
    }
  })

  it("are each there once, and all are in the list", () => {
    const names = Metrics.METRICS.map(({ name }) => name)
    assert.strictEqual(new Set(names).size, names.length)
    const defined = Object.values(Metrics).filter(
      (one): one is Metrics.MetricOf => typeof one === "object" && one !== null && "help" in one
    )
    assert.deepStrictEqual(new Set(defined), new Set(Metrics.METRICS))
  })

  it("have no ids in their labels", () => {
    const labels = new Set(Metrics.METRICS.flatMap(({ labels }) => Object.keys(labels)))
    assert.deepStrictEqual([...labels].sort(), [
      "answer",
      "event",
      "node_version",
      "outcome",
      "partition",
      "queue",
      "reason",
      "roles",
      "task_type",
      "version"
    ])
  })
})

describe("a meter", () => {
  it.effect("shows what a part of the node knows from its beginning on, also while it is nothing", () =>
    Effect.gen(function* () {
      const meter = new Meter()
      assert.strictEqual((yield* read(meter)).size, 0)
      meter.begin("scheduler")
      meter.begin("scheduler")
      const told = yield* read(meter)
      assert.strictEqual(told.get('nagatha_log_appends_total{outcome="unknown"}'), 0)
      assert.strictEqual(told.get("nagatha_firing_lateness_seconds_count"), 0)
      assert.strictEqual(told.get("nagatha_worker_running"), undefined)
    })
  )

  it.effect("tells so many names apart and no more, and loses nothing of the others", () =>
    Effect.gen(function* () {
      const meter = new Meter()
      for (let round = 0; round < 2; round++) {
        for (let index = 0; index < MOST_NAMES + 100; index++) {
          meter.update(Metrics.executions, 1, { task_type: `type${index}`, outcome: "success" })
        }
      }
      const told = yield* read(meter)
      assert.strictEqual(told.size, MOST_NAMES + 1)
      assert.strictEqual(told.get('nagatha_executions_total{task_type="type0",outcome="success"}'), 2)
      assert.strictEqual(told.get(`nagatha_executions_total{task_type="${OTHER}",outcome="success"}`), 200)
    })
  )

  it.effect("writes any name so that the format stays whole", () =>
    Effect.gen(function* () {
      const meter = new Meter()
      meter.update(Metrics.queueWaiting, 3, { queue: 'a"} 1\nnagatha_tasks 9\\' })
      const told = yield* read(meter)
      assert.deepStrictEqual([...told], [['nagatha_queue_waiting{queue="a\\"} 1\\nnagatha_tasks 9\\\\"}', 3]])
    })
  )

  it.effect("keeps to itself: another in the same process counts apart", () =>
    Effect.gen(function* () {
      const [one, other] = [new Meter(), new Meter()]
      one.update(Metrics.attemptsLost, 1)
      assert.strictEqual((yield* read(one)).size, 1)
      assert.strictEqual((yield* read(other)).size, 0)
    })
  )

  it.effect("asks at each reading, while somebody answers, and goes on where one does not", () =>
    Effect.gen(function* () {
      const meter = new Meter()
      let asked = 0
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* meter.collect(Effect.sync(() => meter.update(Metrics.tasks, (asked += 1), { partition: "0" })))
          yield* meter.collect(Effect.die(new Error("not today")))
          assert.strictEqual((yield* read(meter)).get('nagatha_tasks{partition="0"}'), 1)
          assert.strictEqual((yield* read(meter)).get('nagatha_tasks{partition="0"}'), 2)
        })
      )
      assert.strictEqual((yield* read(meter)).get('nagatha_tasks{partition="0"}'), 2)
      assert.strictEqual(asked, 2)
    })
  )

  it.effect("holds a counter that is told as a whole at the most that it was told", () =>
    Effect.gen(function* () {
      const meter = new Meter()
      for (const seconds of [1.5, 4, 3]) meter.reached(Metrics.cpu, seconds)
      assert.strictEqual((yield* read(meter)).get("process_cpu_seconds_total"), 4)
    })
  )
})
