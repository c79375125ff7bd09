/** What clients wish for, as commands: asked until somebody answers or patience ends, and sometimes once more after the answer. */
import { Effect, Result } from "effect"
import { partitionOf } from "../../src/events/Partition.ts"
import type { Answered } from "../../src/service/Answered.ts"
import { type Asked, sequenceIn } from "./History.ts"
import { nextAfter } from "./Oracle.ts"
import type { Owners } from "./Owners.ts"
import type { Places } from "./Places.ts"
import { taskIdOf, type Wish } from "./Plan.ts"
import type { World } from "./World.ts"

const isBusy = (answer: Answered): boolean => "error" in answer && answer.error.code === "busy"

export class Clients {
  readonly #world: World
  readonly #places: Places
  readonly #owners: Owners

  constructor(world: World, places: Places, owners: Owners) {
    this.#world = world
    this.#places = places
    this.#owners = owners
  }

  /** What a wish asks for now; null where there is nothing to ask for. */
  #request(wish: Wish): Record<string, unknown> | null {
    const { ledger, time } = this.#world
    const booked = ledger.tasks.get(taskIdOf(wish.task))
    const iso = (millis: number) => new Date(millis).toISOString()
    switch (wish.verb) {
      case "schedule":
        return wish.request
      case "pause":
        return wish.forMs === null ? {} : { until: iso(time.now + wish.forMs) }
      case "skip": {
        if (booked === undefined) return null
        let at = nextAfter(booked.definition, time.now)
        for (let left = wish.ahead; left > 0 && at !== null; left--) at = nextAfter(booked.definition, at)
        return at === null ? null : { instant: iso(at) }
      }
      case "backfill":
        return {
          from: iso(time.now - wish.backMs),
          to: iso(time.now - 1000),
          ...(wish.atOnce ? { overlap: "allowAll" } : {})
        }
      case "reschedule":
        return { schedule: wish.schedule }
      case "update":
        return wish.changes
      case "revert":
        return { toRevision: wish.toRevision }
      case "cancelExecution": {
        const open = [...ledger.open].flatMap(([id, taskId]) => (taskId === taskIdOf(wish.task) ? [id] : []))
        const executionId = open[Math.floor(wish.which * open.length)]
        return executionId === undefined ? null : { executionId }
      }
      case "retry": {
        const failed = booked?.events.findLast(
          ({ event }) => event.type === "failure" && event.parentExecutionId === undefined
        )
        if (failed?.event.type !== "failure") return null
        const { executionId } = failed.event
        return { executionId, endedAt: failed.sequence, fromStart: wish.fromStart }
      }
      default:
        return {}
    }
  }

  /** Asks at most `patience` times; as often as the dice say without it. */
  wish(wish: Wish, number: number, patience?: number): void {
    const life = this.#places.get("client")?.life
    if (life === undefined || life === null) return
    const body = this.#request(wish)
    if (body === null) return
    const { plan, time } = this.#world
    const taskId = taskIdOf(wish.task)
    const dice = this.#world.dice.of(`wish ${number}`)
    const asked: Asked = {
      commandId: `c${number}`,
      verb: wish.verb,
      taskId,
      askedAt: time.now,
      answeredAt: null,
      outcome: "unknown",
      served: 0,
      answers: []
    }
    this.#world.asked.push(asked)
    const request = { ...("executionId" in body ? {} : { taskId }), ...body, commandId: asked.commandId }
    const once = this.#owners.ask<Answered>(life.link, (_life, { commands }, reply) => {
      const { commanded, partition } = commands.addressed(wish.verb, request)
      if (partition !== partitionOf(taskId, plan.options.partitions)) throw new Error("sent to a wrong partition")
      asked.served += 1
      commands.carryOut(commanded, reply)
    })
    const attempts = patience ?? dice.between(1, 6)
    const ask = Effect.gen({ self: this }, function* () {
      for (let left = attempts; left > 0; left--) {
        const answer = yield* Effect.result(once)
        if (Result.isSuccess(answer) && answer.success !== null && !isBusy(answer.success)) {
          return this.#hear(asked, answer.success)
        }
        yield* Effect.sleep(dice.between(100, 2000))
      }
      this.#world.reach("a client that gave up")
    })
    const again = Effect.gen({ self: this }, function* () {
      yield* ask
      if (!dice.chance(this.#world.again)) return
      yield* Effect.sleep(dice.between(0, 20_000))
      const answer = yield* Effect.result(once)
      if (Result.isFailure(answer) || answer.success === null) return
      if (!isBusy(answer.success)) this.#hear(asked, answer.success)
      this.#world.reach("a command sent again after its answer")
    })
    life.process.fork(again)
  }

  #hear(asked: Asked, answer: Answered): void {
    const { time } = this.#world
    asked.answers.push(answer)
    time.note(`answer ${asked.commandId} ${JSON.stringify(answer)}`)
    if (asked.answeredAt !== null) return
    asked.answeredAt = time.now
    asked.outcome = "error" in answer ? "refused" : "ok"
    if ("error" in answer) this.#world.reach(`refused ${answer.error.code}`)
    const sequence = sequenceIn(answer)
    if (sequence !== null) this.#readAfter(asked, sequence)
  }

  #readAfter({ commandId, taskId }: Asked, sequence: number): void {
    const life = this.#places.get("reader")?.life
    if (life?.projector === null || life?.projector === undefined) return
    life.process.fork(
      life.projector
        .ask(sequence, (store) =>
          Effect.sync(() => {
            const seen = store.sequence
            const found = store.task(taskId) !== undefined
            this.#world.reads.push({ commandId, taskId, sequence, seen, found })
          })
        )
        .pipe(Effect.ignore)
    )
  }
}
