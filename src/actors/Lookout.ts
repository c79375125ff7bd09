/**
 * Notices what other owners have stored. The guard tells an owner that decides; one that has nothing to decide would never
 * hear of a task that another took on, and would not run it when that one is gone: not only after a takeover, also where
 * the last commit of the old owner lands after the new one has read the log.
 */
import { Effect, Option } from "effect"
import { EventLog } from "../events/EventLog.ts"
import * as Settings from "../Settings.ts"
import type { Envelope } from "./Envelope.ts"

/** Who is told to look. */
export interface Looking {
  readonly partition: number
  readonly logSequence: () => number
  submit(envelope: Envelope): boolean
}

/**
 * Looks for ever, every `lookMs`. As long as the log does not grow one question is asked; after it has, every actor that has
 * not stored anything itself since the last time looks (its own commit would have been refused, had it been overtaken).
 */
export const lookout = Effect.fnUntraced(function* (actors: ReadonlyArray<Looking>) {
  const log = yield* EventLog
  const { lookMs } = yield* Settings.Current
  const before = new Map<number, number>()
  let settled = -1
  for (;;) {
    yield* Effect.sleep(lookMs)
    const last = Option.getOrUndefined(yield* Effect.option(log.lastSequence))
    if (last === undefined || last === settled) continue
    let everybody = true
    for (const actor of actors) {
      const known = actor.logSequence()
      const looks = before.get(actor.partition) === known && actor.submit({ _tag: "look" })
      before.set(actor.partition, known)
      everybody &&= looks
    }
    settled = everybody ? last : -1
  }
})
