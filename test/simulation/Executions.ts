/** What workers did, as it happened: every run of every attempt, also of those that died with their workers. */
import { Effect, Exit, Schema } from "effect"
import {
  type AttemptFailure,
  ComeBackLater,
  declareTaskType,
  implement,
  TaskCancelled,
  TaskFailed,
  type TaskType
} from "../../src/work/TaskType.ts"
import { Dice } from "./world/Dice.ts"
import type { VirtualTime } from "./world/VirtualTime.ts"

export interface Run {
  readonly executionId: string
  readonly attempt: number
  readonly worker: string
  readonly key: string
  readonly beganAt: number
  endedAt: number | null
}

/** A grant that left an owner. */
export interface Grant {
  readonly executionId: string
  readonly attempt: number
  readonly worker: string
  readonly node: string
  /** When the claim had reached the owner, and the log sequence of the partition that it knew then. */
  readonly askedAt: number
  readonly known: number
  /** When it was answered, and the revisions of its queue that the owner knew then and before. */
  readonly grantedAt: number
  readonly queue: string
  readonly revisions: readonly [asked: number, granted: number]
}

export const SIM = declareTaskType({
  name: "sim",
  description: "Does what the seed says.",
  args: Schema.Struct({}),
  result: Schema.Null
})

const error = { code: "sim", message: "as the seed has it" }

/** How long a run takes: up to which share of them, between which milliseconds. */
const DURATIONS: ReadonlyArray<readonly [share: number, between: readonly [number, number]]> = [
  [0.3, [0, 0]],
  [0.65, [5, 400]],
  [0.88, [400, 6000]],
  [0.97, [6000, 20_000]]
]

/** The task type as a worker runs it. */
export const simTaskType = (seed: number, worker: string, time: VirtualTime, runs: Array<Run>): TaskType =>
  implement(SIM, (_args, { attempt, executionId, idempotencyKey }) => {
    const dice = new Dice(`seed ${seed}/run ${executionId}#${attempt}`)
    const takes = dice.next()
    const ends = dice.next()
    const [from, to] = DURATIONS.find(([share]) => takes < share)?.[1] ?? [60_000, 60_000]
    const ms = dice.between(from, to)
    const run: Run = { executionId, attempt, worker, key: idempotencyKey, beganAt: time.now, endedAt: null }
    runs.push(run)
    time.note(`run ${executionId}#${attempt} ${worker}`)
    const end = Effect.suspend((): Effect.Effect<null, AttemptFailure> => {
      if (ends < 0.78) return Effect.succeed(null)
      if (ends < 0.9) return Effect.fail(new TaskFailed({ error, retryable: true }))
      if (ends < 0.94) return Effect.fail(new TaskFailed({ error, retryable: false }))
      if (ends < 0.97) return Effect.fail(new ComeBackLater({ delayMs: dice.between(0, 3000), error }))
      if (ends < 0.985) return Effect.fail(new TaskCancelled({ reason: "as the seed has it" }))
      return Effect.die("as the seed has it")
    })
    return (ms === 0 ? end : Effect.andThen(Effect.sleep(ms), end)).pipe(
      Effect.onExit((exit) =>
        Effect.sync(() => {
          run.endedAt = time.now
          time.note(`end ${executionId}#${attempt} ${Exit.isSuccess(exit)}`)
        })
      )
    )
  })
