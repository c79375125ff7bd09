/**
 * The output of an execution as it comes, whole lines at a time, until the execution has ended. What could not be heard
 * while it ran is taken from what was kept when its attempt had ended: nothing is shown twice, and of what was kept
 * nothing is left out.
 */
import { Effect, Predicate, Stream } from "effect"
import type { TaskExecution } from "../../projections/TaskExecution.ts"
import type { OutputPiece, Scheduler, SchedulerError } from "../../Scheduler.ts"

/** Between two looks at an execution that goes on. */
const LOOK_MS = 500

export const goesOn = ({ status }: TaskExecution): boolean =>
  status === "queued" || status === "running" || status === "retrying"

type Source = OutputPiece["stream"]

/** What one attempt has written, as far as it is shown. */
class Shown {
  readonly attempt: number
  readonly #bytes = new Map<Source, number>()
  readonly #rest = new Map<Source, string>()

  constructor(attempt: number) {
    this.attempt = attempt
  }

  get heard(): boolean {
    return this.#bytes.size > 0
  }

  bytes(source: Source): number {
    return this.#bytes.get(source) ?? 0
  }

  /** Whole lines that become complete with more text of a stream, which then has `to` bytes. */
  add(source: Source, text: string, to: number): string {
    this.#bytes.set(source, to)
    const all = (this.#rest.get(source) ?? "") + text
    const end = all.lastIndexOf("\n") + 1
    this.#rest.set(source, all.slice(end))
    return all.slice(0, end)
  }

  /** Lines that were never ended. */
  remainder(): string {
    const rest = [...this.#rest.values()].join("")
    this.#rest.clear()
    return rest
  }
}

const text = (value: unknown, name: string): string => {
  const found = Predicate.hasProperty(value, name) ? value[name] : undefined
  return Predicate.isString(found) ? found : ""
}

/** What was kept of the newest attempt that has ended, by stream. */
const keptOf = ({ errorDetail, output, result }: TaskExecution): ReadonlyArray<readonly [Source, string]> => {
  const said = result ?? errorDetail
  const command = Predicate.hasProperty(said, "stdout")
  return command
    ? [
        ["stdout", text(said, "stdout")],
        ["stderr", text(said, "stderr")]
      ]
    : [["log", output ?? ""]]
}

const endedAttempt = (execution: TaskExecution): number =>
  execution.attempts.findLast(({ finishedAt }) => finishedAt !== null)?.attempt ?? 0

/** The execution as it ended; its output goes to `show` in pieces that end with whole lines. */
export const followOutput = Effect.fnUntraced(function* (
  scheduler: Scheduler["Service"],
  first: TaskExecution,
  show: (text: string) => Effect.Effect<void>
): Effect.fn.Return<TaskExecution, SchedulerError> {
  let shown = new Shown(0)
  let settled = 0

  const hear = (piece: OutputPiece): Effect.Effect<void> => {
    if (piece.attempt <= settled || piece.attempt < shown.attempt) return Effect.void
    const left = piece.attempt > shown.attempt ? shown.remainder() : ""
    if (piece.attempt > shown.attempt) shown = new Shown(piece.attempt)
    const lines = piece.to <= shown.bytes(piece.stream) ? "" : shown.add(piece.stream, piece.text, piece.to)
    return show(left + lines)
  }

  /** The rest of an attempt that has ended. */
  const settle = (execution: TaskExecution): Effect.Effect<void> => {
    const attempt = endedAttempt(execution)
    if (attempt <= settled) return Effect.void
    settled = attempt
    const kept = keptOf(execution)
    if (shown.attempt !== attempt || !shown.heard) return show(kept.map(([, all]) => all).join(""))
    const rest = execution.outputTruncated
      ? ""
      : kept
          .map(([source, all]) => {
            const bytes = Buffer.from(all)
            return shown.add(source, bytes.subarray(shown.bytes(source)).toString(), bytes.length)
          })
          .join("")
    return show(rest + shown.remainder())
  }

  const listening = Stream.runForEach(scheduler.output(first.executionId), hear).pipe(
    // Without it the output is shown when an attempt has ended.
    Effect.catch(() => Effect.never),
    Effect.andThen(Effect.never)
  )
  const looking = Effect.gen(function* () {
    for (let execution = first; ; execution = yield* scheduler.execution({ id: first.executionId })) {
      yield* settle(execution)
      if (!goesOn(execution)) return execution
      yield* Effect.sleep(LOOK_MS)
    }
  })
  return yield* Effect.raceFirst(looking, listening)
})
