/**
 * Questions that read the log take turns: whoever may only look must not keep a node from what it is there for. A few are
 * answered at the same time, some wait, and more are refused as `busy`: nothing was done, ask again.
 */
import { Effect, Semaphore } from "effect"
import { Refused } from "../actors/door/TaskRequest.ts"
import type { Question } from "./Answered.ts"

/** Answered at the same time, and waiting for their turn. */
const AT_ONCE = 4
const WAITING = 60

/** The question, asked in turn. */
export const inTurn = ({ answer, name }: Question): Question => {
  const turns = Semaphore.makeUnsafe(AT_ONCE)
  let asked = 0
  return {
    name,
    answer: (body) => {
      const answered = answer(body)
      return Effect.suspend(() => {
        if (asked >= AT_ONCE + WAITING) {
          const message = `${asked} questions of this kind (${name}) are being answered just now`
          return Effect.fail(new Refused({ code: "busy", message, hint: "ask again in a moment" }))
        }
        asked += 1
        return Effect.ensuring(
          turns.withPermits(1)(answered),
          Effect.sync(() => (asked -= 1))
        )
      })
    }
  }
}
