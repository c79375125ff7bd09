/** The log as it is stored, read page after page, and positions in it: a log sequence, or an instant. */
import { Effect, Fiber, Option } from "effect"
import type { Scheduler, SchedulerError, StoredLogPage } from "../../Scheduler.ts"
import { text } from "./Flags.ts"
import { edgeOf } from "./Moments.ts"

export interface StoredCommit {
  readonly sequence: number
  readonly storedAt: string
  readonly text: string
}

export interface StoredRange {
  readonly after?: number
  /** The last log sequence that is read; default: the newest when the reading begins. */
  readonly through?: number | undefined
  /** Only commits that speak of this task, and those of the calendars. */
  readonly taskId?: string | undefined
}

/** Gives each commit of a range to `use`, in order; the next page is fetched meanwhile. Gives the last sequence of the range. */
export const eachStored = Effect.fnUntraced(function* <E, R>(
  scheduler: Scheduler["Service"],
  { after = 0, taskId, through }: StoredRange,
  use: (commits: ReadonlyArray<StoredCommit>) => Effect.Effect<void, E, R>
) {
  const page = (cursor: string) =>
    scheduler
      .storedLog({ cursor, ...(taskId === undefined ? {} : { taskId }) })
      .pipe((asked) => Effect.forkChild(asked, { startImmediately: true }))
  let end = through ?? Infinity
  let begun: StoredCommit | undefined
  let coming: Fiber.Fiber<StoredLogPage, SchedulerError> | undefined = yield* page(String(after))
  while (coming !== undefined) {
    const { items, logSequence, nextCursor }: StoredLogPage = yield* Fiber.join(coming)
    end = Math.min(end, logSequence)
    const more: boolean = nextCursor !== null && Number(nextCursor.split(".")[0]) < end
    coming = nextCursor !== null && more ? yield* page(nextCursor) : undefined
    const commits: Array<StoredCommit> = []
    for (const item of items) {
      // Pieces of one commit follow each other.
      if (begun?.sequence === item.sequence) begun = { ...begun, text: begun.text + item.text }
      else {
        if (begun !== undefined) commits.push(begun)
        begun = item
      }
    }
    if (begun !== undefined && (coming === undefined || nextCursor?.includes(".") !== true)) {
      commits.push(begun)
      begun = undefined
    }
    yield* use(commits.filter(({ sequence }) => sequence <= end))
  }
  return end
})

/** A flag for a position in the log. */
export const position = (name: string, description: string) => text(name, "SEQ|TIME", description)

/** The first log sequence that was stored at an instant or after it; one more than the newest when none was. */
const firstSince = Effect.fnUntraced(function* (scheduler: Scheduler["Service"], instant: string) {
  const { logSequence } = yield* scheduler.storedLog({ limit: 1 })
  let [low, high] = [1, logSequence + 1]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const { items } = yield* scheduler.storedLog({ after: middle - 1, limit: 1 })
    const [found] = items
    if (found !== undefined && found.storedAt < instant) low = middle + 1
    else high = middle
  }
  return low
})

/** What `--from` and `--to` say, as log sequences, both included. */
export const rangeOf = Effect.fnUntraced(function* (
  scheduler: Scheduler["Service"],
  input: { readonly from: Option.Option<string>; readonly to: Option.Option<string> },
  zone: string
) {
  const at = Effect.fnUntraced(function* (words: string, edge: "begin" | "end") {
    if (/^\d{1,15}$/.test(words)) return Number(words)
    const first = yield* firstSince(scheduler, yield* edgeOf(words, edge, { zone, durations: "ago" }))
    return edge === "begin" ? first : first - 1
  })
  return {
    from: Option.isNone(input.from) ? undefined : yield* at(input.from.value, "begin"),
    through: Option.isNone(input.to) ? undefined : yield* at(input.to.value, "end")
  }
})
