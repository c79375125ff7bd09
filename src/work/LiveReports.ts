/**
 * What a worker tells of its running attempts through `LiveFeed`: progress, at most so often, and output to those who
 * follow. The newest progress is always told in the end; output that nobody follows costs nothing.
 */
import { StringDecoder } from "node:string_decoder"
import { Clock, Effect, type Fiber, type Scope, Stream } from "effect"
import * as Instant from "../recurrence/Instant.ts"
import type { Attempt, AttemptListener } from "./Attempt.ts"
import { FOLLOW_MS, LiveFeed, type OutputStream } from "./LiveFeed.ts"

/** Shortest time between two progress reports of one attempt, milliseconds. */
export const PROGRESS_MS = 200

interface Told {
  /** Progress reports sent. */
  count: number
  /** Waits until the next may be sent. */
  pause: Fiber.Fiber<void> | undefined
  /** Something newer waits to be told. */
  waiting: boolean
  readonly decoders: Map<OutputStream, StringDecoder>
}

/** A listener for the attempts of a worker; `inHand` are those that it holds. */
export const make = Effect.fnUntraced(function* (
  worker: string,
  inHand: () => Iterable<Attempt>
): Effect.fn.Return<AttemptListener, never, LiveFeed | Scope.Scope> {
  const feed = yield* LiveFeed
  const clock = yield* Clock.Clock
  const fork = Effect.runForkWith(yield* Effect.context<never>())
  const told = new WeakMap<Attempt, Told>()
  /** Until when an execution counts as followed, by its id. */
  const followed = new Map<string, number>()
  const now = () => clock.currentTimeMillisUnsafe()

  const of = (attempt: Attempt): Told => {
    const known = told.get(attempt)
    if (known !== undefined) return known
    const made: Told = { count: 0, pause: undefined, waiting: false, decoders: new Map() }
    told.set(attempt, made)
    return made
  }

  const tell = (attempt: Attempt): void => {
    const { said, item } = attempt
    const state = of(attempt)
    if (said === undefined || attempt.over) return
    if (state.pause !== undefined) {
      state.waiting = true
      return
    }
    state.count += 1
    const { attempt: number, dueAt, executionId, nominalAt, taskId, taskName, taskType } = item
    const id = `${executionId}#${number}.${state.count}`
    feed.progress({
      id,
      type: "scheduler.task.progress",
      version: 1,
      time: Instant.fromMillis(now()),
      taskId,
      taskName,
      taskType,
      executionId,
      nominalAt,
      dueAt,
      attempt: number,
      worker,
      ...said
    })
    state.pause = fork(
      Effect.andThen(
        Effect.sleep(PROGRESS_MS),
        Effect.sync(() => {
          state.pause = undefined
          if (!state.waiting) return
          state.waiting = false
          tell(attempt)
        })
      )
    )
  }

  const isFollowed = (executionId: string): boolean => (followed.get(executionId) ?? 0) > now()

  /** Everything that was kept so far. */
  const tellKept = (attempt: Attempt): void => {
    const { attempt: number, executionId } = attempt.item
    for (const [stream, output] of attempt.outputs) {
      if (output.total === 0) continue
      feed.output({ executionId, attempt: number, stream, from: 0, to: output.total, text: output.kept().text })
    }
  }

  yield* Effect.forkScoped(
    Stream.runForEach(feed.followed, ({ begins, executionId }) =>
      Effect.sync(() => {
        for (const [id, until] of followed) if (until <= now()) followed.delete(id)
        for (const attempt of inHand()) {
          if (attempt.item.executionId !== executionId) continue
          const known = isFollowed(executionId)
          followed.set(executionId, now() + FOLLOW_MS)
          if (begins || !known) tellKept(attempt)
        }
      })
    )
  )

  return {
    progressed: tell,
    wrote: (attempt, stream, chunk) => {
      const { attempt: number, executionId } = attempt.item
      if (!isFollowed(executionId)) return
      const { decoders } = of(attempt)
      const decoder = decoders.get(stream) ?? new StringDecoder("utf8")
      decoders.set(stream, decoder)
      const to = attempt.output(stream).total
      const text = decoder.write(chunk)
      feed.output({ executionId, attempt: number, stream, from: to - chunk.length, to, text })
    }
  }
})
