/**
 * The log as it is stored, a page at a time: for those who check it themselves. The texts are the stored bytes, of which the
 * hashes of the chain are made; a node that gives them away does no more than read, whatever their number.
 */
import { Effect } from "effect"
import { Refused } from "../actors/door/TaskRequest.ts"
import { CALENDARS_PARTITION } from "../events/CalendarEvent.ts"
import { EventLog } from "../events/EventLog.ts"
import { partitionOf } from "../events/Partition.ts"
import { fromMillis } from "../recurrence/Instant.ts"
import * as Settings from "../Settings.ts"
import type { Question } from "./Answered.ts"
import { question } from "./Answers.ts"
import { inTurn } from "./InTurn.ts"
import { type StoredLogPage, StoredLogQuery } from "./StoredLog.ts"

/** Characters of a page, and of a piece of a commit that has more: the answer leaves as one message of at most a megabyte. */
const PAGE = 250_000

/** Answers with pages of the log. */
export const make: Effect.Effect<Question, never, EventLog> = Effect.gen(function* () {
  const log = yield* EventLog
  const { partitions } = yield* Settings.Current
  const pages = question("log", StoredLogQuery, ({ after = 0, cursor = String(after), limit, taskId }) => {
    const [from = 0, offset = 0] = cursor.split(".").map(Number)
    const needle = `"taskId":${JSON.stringify(taskId)}`
    const ofTask =
      taskId === undefined
        ? {}
        : {
            partitions: [partitionOf(taskId, partitions), CALENDARS_PARTITION],
            wants: (partition: number, text: string) => partition === CALENDARS_PARTITION || text.includes(needle)
          }
    return log.stored({ after: from, bytes: PAGE, ...(limit === undefined ? {} : { limit }), ...ofTask }).pipe(
      Effect.mapError((error) => new Refused({ code: "behind", message: error.message })),
      Effect.map(({ last, lines, through }): StoredLogPage => {
        const [first] = lines
        if (first !== undefined && first.text.length - offset > PAGE) {
          const text = first.text.slice(offset, offset + PAGE)
          const items = [{ sequence: first.sequence, storedAt: fromMillis(first.storedAt), text }]
          return { items, nextCursor: `${from}.${offset + PAGE}`, logSequence: last }
        }
        const items = lines.map(({ sequence, storedAt, text }, index) => ({
          sequence,
          storedAt: fromMillis(storedAt),
          text: index === 0 ? text.slice(offset) : text
        }))
        return { items, nextCursor: through >= last ? null : String(through), logSequence: last }
      })
    )
  })
  return inTurn(pages)
})
