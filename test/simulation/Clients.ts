/** What clients wish for, as commands: asked until somebody answers or patience ends, and sometimes once more after the answer. */
import { Effect, Result } from "effect"
import { partitionOf } from "../../src/events/Partition.ts"
import type { Answered } from "../../src/service/Answered.ts"
import { type Asked, sequenceIn } from "./History.ts"
import { nextAfter } from "./Oracle.ts"
import type { Owners } from "./Owners.ts"
import type { Life, Places } from "./Places.ts"
import type { RunningNode } from "./Programs.ts"
import { isShared, type SharedWish, taskIdOf, type TaskWish, type Wish } from "./Wish.ts"
import type { World } from "./World.ts"

const isBusy = (answer: Answered): boolean => "error" in answer && answer.error.code === "busy"

const askedOf = ({ verb }: Wish, number: number, about: string, now: number): Asked => ({
  commandId: `c${number}`,
  verb,
  about,
  askedAt: now,
  answeredAt: null,
  outcome: "unknown",
  served: 0,
  answers: []
})

const sharedRequest = (wish: SharedWish): { readonly about: string; readonly body: Record<string, unknown> } => {
  const { queue } = wish
  return { about: `queue ${queue}`, body: { queue, ...(wish.verb === "setQueue" ? wish.limits : {}) } }
}

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
  #request(wish: TaskWish): Record<string, unknown> | null {
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
        if (wish.asSeen !== true) return wish.changes
        return booked === undefined ? null : { ...wish.changes, ifRevision: booked.revision }
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
    if ("task" in wish) this.#ofTask(wish, number, patience)
    else this.#ofShared(wish, number, patience)
  }

  #ofTask(wish: TaskWish, number: number, patience?: number): void {
    const body = this.#request(wish)
    if (body === null) return
    const { partitions } = this.#world.plan.options
    const taskId = taskIdOf(wish.task)
    const { ifRevision } = body
    const seen = typeof ifRevision === "number" ? { ifRevision } : {}
    const asked: Asked = { ...askedOf(wish, number, taskId, this.#world.time.now), ...seen }
    const request = { ...("executionId" in body ? {} : { taskId }), ...body, commandId: asked.commandId }
    this.#ask(asked, number, patience, (_life, { commands }, reply) => {
      const { commanded, partition } = commands.addressed(wish.verb, request)
      if (partition !== partitionOf(taskId, partitions)) throw new Error("sent to a wrong partition")
      commands.carryOut(commanded, reply)
    })
  }

  #ofShared(wish: SharedWish, number: number, patience?: number): void {
    const { about, body } = sharedRequest(wish)
    const asked = askedOf(wish, number, about, this.#world.time.now)
    this.#ask(asked, number, patience, ({ process }, { shared }, reply) =>
      process.fork(
        shared(wish.verb, { ...body, commandId: asked.commandId }).pipe(
          Effect.map((answered) => reply(answered)),
          Effect.ignore
        )
      )
    )
  }

  #ask(
    asked: Asked,
    number: number,
    patience: number | undefined,
    serve: (life: Life, node: RunningNode, reply: (answer: Answered) => void) => void
  ): void {
    const life = this.#places.get("client")?.life
    if (life === undefined || life === null) return
    const dice = this.#world.dice.of(`wish ${number}`)
    this.#world.asked.push(asked)
    const once = this.#owners.ask<Answered>(life.link, (life, node, reply) => {
      asked.served += 1
      serve(life, node, reply)
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

  #readAfter({ about, commandId, verb }: Asked, sequence: number): void {
    const life = this.#places.get("reader")?.life
    if (life?.projector === null || life?.projector === undefined) return
    life.process.fork(
      life.projector
        .ask(sequence, (store) =>
          Effect.sync(() => {
            const seen = store.sequence
            const found = isShared(verb) || store.task(about) !== undefined
            this.#world.reads.push({ commandId, about, sequence, seen, found })
          })
        )
        .pipe(Effect.ignore)
    )
  }
}
