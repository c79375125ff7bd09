/** The front door over a carrier: what is asked after a command includes what the command did. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { make } from "../../src/service/Client.ts"

const recording = () => {
  const asked: Array<Readonly<Record<string, unknown>>> = []
  const page = JSON.stringify({ items: [], nextCursor: null, logSequence: 0 })
  const door = make(
    {
      command: (verb) =>
        Effect.succeed(
          verb === "scheduleMany"
            ? JSON.stringify([
                { answer: scheduled(31) },
                { error: { code: "invalidSchedule", message: "no" } },
                { answer: scheduled(30) }
              ])
            : JSON.stringify({ taskId: "t", status: "paused", revision: 2, logSequence: 17 })
        ),
      query: (_name, payload) =>
        Effect.sync(() => {
          asked.push(JSON.parse(payload) as Readonly<Record<string, unknown>>)
          return page
        }),
      subscribe: () => Effect.succeed(Stream.never),
      output: () => Effect.succeed(Stream.never)
    },
    { actor: "test", newId: () => "c1" }
  )
  return { asked, door }
}

const scheduled = (logSequence: number) => ({
  taskId: "t",
  created: true,
  understoodAs: "",
  timezone: "UTC",
  nextRuns: [],
  notes: [],
  logSequence
})

describe("the front door", () => {
  it.effect("asks for a state that includes what it has done itself, and no newer one than that", () =>
    Effect.gen(function* () {
      const { asked, door } = recording()
      yield* door.tasks({})
      yield* door.pause({ taskId: "t" })
      yield* door.tasks({ status: "paused" })
      yield* door.executions({ after: 99 })
      yield* door.executions({ after: 3 })
      assert.deepStrictEqual(asked, [{}, { status: "paused", after: 17 }, { after: 99 }, { after: 17 }])
    })
  )

  it.effect("includes the newest of many", () =>
    Effect.gen(function* () {
      const { asked, door } = recording()
      yield* door.scheduleMany([
        { taskType: "noop", schedule: "now" },
        { taskType: "noop", schedule: "nwo" },
        { taskType: "noop", schedule: "now" }
      ])
      yield* door.tasks({})
      assert.deepStrictEqual(asked, [{ after: 31 }])
    })
  )

  it.effect("leaves a moment of the past as it was", () =>
    Effect.gen(function* () {
      const { asked, door } = recording()
      yield* door.pause({ taskId: "t" })
      yield* door.tasks({ asOf: "#3" })
      assert.deepStrictEqual(asked, [{ asOf: "#3" }])
    })
  )
})
