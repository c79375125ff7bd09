/** Events of a task as the rules make them: a `History` of the rules, stored in a log. */
import { Effect } from "effect"
import { EventLog } from "../../src/events/EventLog.ts"
import type { TaskEvent } from "../../src/events/TaskEvent.ts"

/** Appends events as one commit to partition 0, after what is there. */
export const appendEvents = Effect.fnUntraced(function* (events: ReadonlyArray<TaskEvent>, previousSequence: number) {
  const log = yield* EventLog
  const outcome = yield* log.append(
    {
      commitId: `t.${previousSequence}`,
      partition: 0,
      time: "2026-03-02T09:00:00.000Z",
      previousSequence,
      previousHash: ""
    },
    events.map((event) => JSON.stringify(event))
  )
  return outcome._tag === "stored" ? outcome.sequence : yield* Effect.die(new Error("not stored"))
})
