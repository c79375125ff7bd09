/**
 * What the simulation proves holds for the simulated log; this holds that one against the real one. The same random
 * operations are done on both, and everything that they answer must be the same.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Result, Stream } from "effect"
import { EventLog, type StoredText } from "../../../src/events/EventLog.ts"
import { event } from "../../events/eventLogContract.ts"
import { freshLog } from "../../support/natsLog.ts"
import { startNatsServer, type TestServer } from "../../support/natsServer.ts"
import { Dice } from "../world/Dice.ts"
import { standalone } from "./standalone.ts"

const PARTITIONS = 4
const OPERATIONS = 250
const SEEDS = [1, 2, 3, 4]

let server: TestServer
beforeAll(async () => {
  server = await startNatsServer()
})
afterAll(() => server.stop())

/** Does the operations of a seed; answers what was seen, a line each. What is asked next depends on what was answered. */
const observed = Effect.fnUntraced(function* (seed: number) {
  const dice = new Dice(`conformance ${seed}`)
  const log = yield* EventLog
  const seen: Array<string> = []
  const heads = new Map<number, { readonly sequence: number; readonly hash: string }>()
  const sequences: Array<number> = [0]
  let commits = 0
  let newest = 0

  const say = (what: string, answer: unknown) => seen.push(`${what}: ${JSON.stringify(answer)}`)
  const textsOf = (lines: ReadonlyArray<StoredText>) => lines.map(({ sequence, text }) => [sequence, text])

  const append = Effect.fnUntraced(function* () {
    const partition = dice.between(0, PARTITIONS - 1)
    const head = heads.get(partition) ?? { sequence: 0, hash: "" }
    const right = dice.chance(0.7)
    const previousSequence = right ? head.sequence : dice.pick([...sequences, newest + 1, newest + 7])
    const size = dice.chance(0.06) ? log.maxCommitBytes : dice.between(0, 4000)
    const text = dice.pick(["x", "é", "猫", "🐈"]).repeat(size)
    const events = Array.from({ length: dice.between(1, 3) }, (_, index) =>
      JSON.stringify(event(`task-${index}`, index === 0 ? text : "more"))
    )
    const commitId = `conformance.${seed}.${(commits += 1)}`
    const time = "2026-03-08T14:30:00.000Z"
    const outcome = yield* Effect.result(
      log.append({ commitId, partition, time, previousSequence, previousHash: head.hash }, events)
    )
    say(
      `append to ${partition} after ${previousSequence}`,
      Result.isSuccess(outcome) ? outcome.success : outcome.failure
    )
    if (Result.isFailure(outcome) || outcome.success._tag !== "stored") return
    const { hash, sequence } = outcome.success
    heads.set(partition, { sequence, hash })
    sequences.push(sequence)
    newest = sequence
  })

  const read = Effect.fnUntraced(function* () {
    const partition = dice.between(0, PARTITIONS)
    const after = dice.pick(sequences)
    const found = yield* Stream.runCollect(log.read(partition, after))
    say(
      `read ${partition} after ${after}`,
      found.map(({ commit, hash, sequence }) => [sequence, hash, commit.commitId, commit.events.length])
    )
  })

  const at = Effect.fnUntraced(function* () {
    const [partition, sequence] = [dice.between(0, PARTITIONS - 1), dice.pick([...sequences, newest + 1])]
    const found = yield* log.at(partition, sequence)
    say(`at ${partition} ${sequence}`, found === null ? null : [found.sequence, found.hash, found.commit])
  })

  /** Page after page to the end: how far each has looked is the log's affair, not what is found. */
  const stored = Effect.fnUntraced(function* () {
    const after = dice.pick(sequences)
    const bytes = dice.between(1, 20_000)
    const limit = dice.chance(0.5) ? dice.between(1, 9) : undefined
    const partitions = dice.chance(0.4) ? [dice.between(0, 1), dice.between(2, PARTITIONS)] : undefined
    const odd = dice.chance(0.3)
    const found: Array<StoredText> = []
    for (let from = after, last = Infinity; from < last;) {
      const page = yield* log.stored({
        after: from,
        bytes,
        ...(limit === undefined ? {} : { limit }),
        ...(partitions === undefined ? {} : { partitions }),
        ...(odd ? { wants: (_: number, text: string) => text.length % 2 === 1 } : {})
      })
      const size = page.lines.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0)
      assert.isTrue(page.lines.length <= (limit ?? Infinity) && (page.lines.length === 1 || size <= bytes))
      assert.isTrue(page.through > from || from >= page.last, "a page that looks at nothing")
      found.push(...page.lines)
      from = page.through
      last = page.last
    }
    say(`stored after ${after} of ${String(partitions)}${odd ? ", odd" : ""}`, textsOf(found))
  })

  const follow = Effect.fnUntraced(function* () {
    const partition = dice.chance(0.5) ? dice.between(0, PARTITIONS - 1) : undefined
    const head = partition === undefined ? newest : (heads.get(partition)?.sequence ?? 0)
    if (head === 0) return
    const after = dice.pick([head - 1, ...sequences.filter((one) => one < head)])
    const found = yield* log.follow(after, partition).pipe(
      Stream.takeUntil(({ sequence }) => sequence === head),
      Stream.runCollect
    )
    say(
      `follow ${partition ?? "all"} after ${after}`,
      found.map(({ hash, sequence }) => [sequence, hash])
    )
  })

  const operations = [append, append, append, append, read, at, stored, follow]
  for (let left = OPERATIONS; left > 0; left--) {
    yield* dice.pick(operations)()
    if (left % 10 === 0) say("last", yield* log.lastSequence)
  }
  return seen
})

describe("the simulated log and the real one", () => {
  for (const seed of SEEDS) {
    it.live(`answer ${OPERATIONS} random operations alike (seed ${seed})`, () =>
      Effect.gen(function* () {
        const real = yield* observed(seed).pipe(Effect.provide(freshLog(server), { local: true }))
        const bytes = yield* Effect.provide(
          EventLog.use((log) => Effect.succeed(log.maxCommitBytes)),
          freshLog(server),
          {
            local: true
          }
        )
        const simulated = yield* observed(seed).pipe(Effect.provide(standalone(bytes), { local: true }))
        assert.deepStrictEqual(simulated, real)
        for (const what of ["stored", "conflict", "CommitTooLarge"]) assert.include(real.join("\n"), what)
      })
    )
  }
})
