/**
 * Gathers questions asked one by one into few calls, a key apart: all that is asked in one turn of the event loop, and
 * while enough calls of the key are on their way, leaves as one call.
 *
 * Every question is answered once, in whatever time it takes: a call that fails is made again, with growing pauses, for
 * as long as the scope is open. The call must therefore be safe to repeat.
 */
import { type Cause, Duration, Effect, FiberSet, Schedule, type Scope } from "effect"

export interface Batcher<Question, Answer> {
  /** Asks; `answered` is called once, later. */
  ask(key: number, question: Question, answered: (answer: Answer) => void): void
}

export interface BatcherOptions<Question, Answer, Failure> {
  /** Answers in the order of the questions. */
  call(key: number, questions: ReadonlyArray<Question>): Effect.Effect<ReadonlyArray<Answer>, Failure>
  /** How much of a call's size a question takes, in any unit. */
  weigh(question: Question): number
  /** Most that one call carries, in that unit; a heavier question travels alone. */
  readonly maxWeight: number
  /** Most calls of one key on their way at once; default 2. */
  readonly inFlight?: number
  /** Told of each failed call, defects too (it will be made again), and of each one that was answered. */
  failed(key: number, cause: Cause.Cause<Failure>): Effect.Effect<void>
  succeeded(key: number): Effect.Effect<void>
}

interface Asked<Question, Answer> {
  readonly question: Question
  readonly answered: (answer: Answer) => void
}

interface Line<Question, Answer> {
  asked: Array<Asked<Question, Answer>>
  inFlight: number
}

/** Pauses between the calls that failed: 50 ms, doubled up to 2 s, with jitter. */
const pauses = Schedule.jittered(
  Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced(Duration.seconds(2))])
)

export const make = <Question, Answer, Failure>(
  options: BatcherOptions<Question, Answer, Failure>
): Effect.Effect<Batcher<Question, Answer>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const run = yield* FiberSet.makeRuntime<never, void, never>()
    const lines = new Map<number, Line<Question, Answer>>()
    const touched = new Set<number>()
    const maxInFlight = options.inFlight ?? 2

    const lineOf = (key: number): Line<Question, Answer> => {
      const existing = lines.get(key)
      if (existing !== undefined) return existing
      const made: Line<Question, Answer> = { asked: [], inFlight: 0 }
      lines.set(key, made)
      return made
    }

    /** As many of the oldest questions as one call carries, at least one. */
    const nextBatch = (line: Line<Question, Answer>): ReadonlyArray<Asked<Question, Answer>> => {
      let weight = 0
      let count = 0
      for (const { question } of line.asked) {
        weight += options.weigh(question)
        if (count > 0 && weight > options.maxWeight) break
        count++
      }
      if (count < line.asked.length) return line.asked.splice(0, count)
      const all = line.asked
      line.asked = []
      return all
    }

    const call = (key: number, line: Line<Question, Answer>, batch: ReadonlyArray<Asked<Question, Answer>>) => {
      const questions = batch.map(({ question }) => question)
      const answered = Effect.flatMap(options.call(key, questions), (answers) =>
        answers.length === questions.length
          ? Effect.succeed(answers)
          : Effect.die(new Error(`${questions.length} questions got ${answers.length} answers`))
      )
      return Effect.sandbox(answered).pipe(
        Effect.tapError((cause) => options.failed(key, cause)),
        Effect.retry(pauses),
        Effect.orDie,
        Effect.tap(() => options.succeeded(key)),
        Effect.map((answers) => {
          line.inFlight--
          for (const [index, answer] of answers.entries()) batch[index]?.answered(answer)
          send(key, line)
        })
      )
    }

    const send = (key: number, line: Line<Question, Answer>): void => {
      while (line.asked.length > 0 && line.inFlight < maxInFlight) {
        line.inFlight++
        run(call(key, line, nextBatch(line)))
      }
    }

    const flush = Effect.andThen(
      Effect.yieldNow,
      Effect.sync(() => {
        const keys = [...touched]
        touched.clear()
        for (const key of keys) send(key, lineOf(key))
      })
    )

    return {
      ask: (key, question, answered) => {
        lineOf(key).asked.push({ question, answered })
        if (touched.size === 0) run(flush)
        touched.add(key)
      }
    }
  })
