/** The stored texts of a log, and logs that somebody has laid hands on: events changed, with or without the chain made whole again. */
import { Clock, Context, Effect, Layer } from "effect"
import * as Commit from "../../src/events/Commit.ts"
import { EventLog, hashOf } from "../../src/events/EventLog.ts"
import type { TaskEvent } from "../../src/events/TaskEvent.ts"

export interface Line {
  readonly sequence: number
  readonly text: string
  readonly storedAt: number
}

/** What has been stored, byte for byte. */
export class Stored extends Context.Service<Stored, Array<Line>>()("nagatha/test/Stored") {}

/** A log in memory whose bytes can be looked at. */
export const layer: Layer.Layer<EventLog | Stored> = Layer.effectContext(
  Effect.gen(function* () {
    const log = yield* EventLog
    const lines: Array<Line> = []
    const append = Effect.fnUntraced(function* (head: Commit.CommitHead, eventJson: ReadonlyArray<string>) {
      const outcome = yield* log.append(head, eventJson)
      if (outcome._tag === "stored") {
        const storedAt = yield* Clock.currentTimeMillis
        lines.push({ sequence: outcome.sequence, text: Commit.encode(head, eventJson), storedAt })
      }
      return outcome
    })
    return Context.make(EventLog, EventLog.of({ ...log, append })).pipe(Context.add(Stored, lines))
  })
).pipe(Layer.provide(EventLog.layerMemory))

export type Change = (events: ReadonlyArray<TaskEvent>, sequence: number) => ReadonlyArray<TaskEvent>

/** The log with other events; `forged`: every commit names the one before it again, as a knowing hand would do it. */
export const tampered = (lines: ReadonlyArray<Line>, change: Change, forged: boolean): ReadonlyArray<Line> => {
  const ends = new Map<number, string>()
  return lines.map(({ sequence, storedAt, text }) => {
    const commit = JSON.parse(text) as Commit.Commit
    const events = change(commit.events, sequence)
    const previousHash = forged ? (ends.get(commit.partition) ?? "") : commit.previousHash
    const made = Commit.encode(
      { ...commit, previousHash },
      events.map((event) => JSON.stringify(event))
    )
    ends.set(commit.partition, hashOf(made))
    return { sequence, storedAt, text: made }
  })
}
