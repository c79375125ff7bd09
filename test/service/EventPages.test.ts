/** Pages of events from a log that is not all understood: what stands before is given, and nothing is passed over. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { EventLog, hashOf } from "../../src/events/EventLog.ts"
import * as Commit from "../../src/events/Commit.ts"
import { UPGRADE } from "../../src/events/History.ts"
import type { TaskEvent } from "../../src/events/TaskEvent.ts"
import { pageAfter } from "../../src/service/EventPages.ts"
import { scheduled } from "../support/events.ts"

const everything = { patterns: ["scheduler.task.*"], taskId: null, since: null }
const START = "0.0"

/** Appends commits of partition 0, each with the JSON of its events. */
const stored = Effect.fnUntraced(function* (commits: ReadonlyArray<ReadonlyArray<string>>) {
  const log = yield* EventLog
  let [previousSequence, previousHash] = [0, ""]
  for (const [index, json] of commits.entries()) {
    const head = {
      commitId: `c${index}`,
      partition: 0,
      time: "2026-03-02T09:00:00.000Z",
      previousSequence,
      previousHash
    }
    const outcome = yield* log.append(head, json)
    if (outcome._tag !== "stored") return assert.fail(outcome._tag)
    previousSequence = outcome.sequence
    previousHash = hashOf(Commit.encode(head, json))
  }
})
const json = (events: ReadonlyArray<TaskEvent>, more: object = {}) =>
  events.map((event) => JSON.stringify({ ...event, ...more }))
const ids = ({ items }: { readonly items: ReadonlyArray<{ readonly taskId: string }> }) =>
  items.map(({ taskId }) => taskId)

const test = (name: string, body: Effect.Effect<void, unknown, EventLog>) =>
  it.effect(name, () => Effect.provide(body, EventLog.layerMemory, { local: true }))

describe("pages of events", () => {
  test(
    "end before what a newer version wrote, and behind that say why, each time",
    Effect.gen(function* () {
      yield* stored([json(scheduled("a")), json(scheduled("b"), { colour: "blue" }), json(scheduled("c"))])
      const first = yield* pageAfter(START, everything)
      assert.deepStrictEqual(ids(first), ["a"])
      assert.isTrue(first.more)
      for (const _ of [1, 2]) {
        const refused = yield* Effect.flip(pageAfter(first.cursor, everything))
        assert.deepInclude(refused, { code: "notUnderstood", hint: UPGRADE })
        assert.match(refused.message, /^log sequence 2 cannot be read by this version.*colour/)
      }
    })
  )

  test(
    "give nothing of a newer commit, not even what could be read of it, nor what is not wanted behind it",
    Effect.gen(function* () {
      yield* stored([[...json(scheduled("a")), '{"type":"teleported","version":1,"taskId":"a"}'], json(scheduled("b"))])
      const wanted = [everything, { ...everything, taskId: "b" }, { ...everything, patterns: ["scheduler.task.due"] }]
      for (const one of wanted) {
        assert.strictEqual((yield* Effect.flip(pageAfter(START, one)))._tag, "Refused")
      }
    })
  )

  test(
    "go on over damage, which no version can read, also where the log ends with it",
    Effect.gen(function* () {
      yield* stored([json(scheduled("a")), ["{"], json(scheduled("b")), ["{"]])
      const page = yield* pageAfter(START, everything)
      assert.deepStrictEqual(ids(page), ["a", "b"])
      const behind = yield* pageAfter(page.cursor, everything)
      assert.deepStrictEqual(ids(behind), [])
    })
  )

  test(
    "leave out what a newer version says may be left out",
    Effect.gen(function* () {
      yield* stored([json(scheduled("a"), { colour: "blue", mayIgnore: ["colour"] }), json(scheduled("b"))])
      const page = yield* pageAfter(START, everything)
      assert.deepStrictEqual(ids(page), ["a", "b"])
      assert.isFalse(page.more)
    })
  )
})
