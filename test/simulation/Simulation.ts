/**
 * One run of a plan: the world is built, clients wish and faults happen until the plan's end; then everything heals, what
 * is open must end, everything is restarted once more, and what happened is handed over to the checks.
 */
import { Effect } from "effect"
import type { Projector } from "../../src/projections/Projector.ts"
import { Clients } from "./Clients.ts"
import { Faults } from "./Faults.ts"
import { forgotten } from "./Forgotten.ts"
import { type History, rowsOf } from "./History.ts"
import { Owners } from "./Owners.ts"
import { Places } from "./Places.ts"
import type { Plan } from "./Plan.ts"
import { taskOf, type Wish } from "./Wish.ts"
import { type Weakness, World } from "./World.ts"
import { Livelock } from "./world/VirtualTime.ts"

/** How long everything may take to end after the heal, milliseconds. */
export const DRAIN_MS = 900_000
/** How long after the heal the clients wait before they cancel what would never end. */
const CALM_MS = 25_000

class Simulation {
  readonly #world: World
  readonly #places: Places
  readonly #owners: Owners
  readonly #clients: Clients
  readonly #faults: Faults
  #kept: Projector | null = null
  /** Of the next wish. */
  #number: number

  constructor(plan: Plan, weakness: Weakness) {
    this.#number = plan.wishes.length
    this.#world = new World(plan, weakness)
    this.#places = new Places(this.#world)
    this.#owners = new Owners(this.#world, this.#places)
    this.#clients = new Clients(this.#world, this.#places, this.#owners)
    this.#faults = new Faults(this.#world, this.#places, this.#owners)
  }

  run(): History {
    const { plan, time } = this.#world
    const { faults, options, wishes } = plan
    const begin = time.now
    for (const place of this.#places.all) {
      if (place.kind !== "node" || place.name === "n0" || options.everybodyOwns) this.#places.start(place)
    }
    for (const [index, wish] of wishes.entries()) time.after(wish.at, () => this.#clients.wish(wish, index))
    for (const [index, fault] of faults.entries()) time.after(fault.at, () => this.#faults.begin(fault, index))

    let healedAt = begin + options.durationMs
    let drainedAt: number | null = null
    let unoffered: ReadonlyArray<string> = []
    let restarted: readonly [number, number] = [0, 0]
    try {
      time.run(begin + options.durationMs)
      this.#faults.heal()
      healedAt = time.now
      this.#release()
      time.run(healedAt + CALM_MS)
      unoffered = forgotten(this.#world)
      drainedAt = this.#drain()
      // What is still to be said or read has time to.
      time.run(time.now + 10_000)
      restarted = this.#restart()
    } catch (error) {
      if (!(error instanceof Livelock)) throw error
      this.#world.complaints.push(error.message)
    }
    return this.#history({ begin, healedAt, drainedAt, forgotten: unoffered, restarted })
  }

  /** A client that asks until it has an answer. */
  #insist(wish: Wish): void {
    this.#clients.wish(wish, this.#number++, 100)
  }

  /** What was held back by hand goes on. */
  #release(): void {
    const { ledger } = this.#world
    for (const queue of ledger.queues.keys()) {
      if (ledger.queueAt(queue).isPaused) this.#insist({ at: 0, verb: "resumeQueue", queue })
    }
  }

  /** Cancels what would never end; the answer is when all of it had, null where it never did. */
  #drain(): number | null {
    const { ledger, server, time } = this.#world
    for (const { over, taskId } of ledger.tasks.values()) {
      if (!over) this.#insist({ at: 0, task: taskOf(taskId), verb: "cancel" })
    }
    const over = () =>
      ledger.open.size === 0 && server.waiting === 0 && [...ledger.tasks.values()].every((task) => task.over)
    time.run(time.now + DRAIN_MS, over)
    return over() ? time.now : null
  }

  /** Everything dies and lives again, but for the one that reads; the answer is how many commits there were before and after. */
  #restart(): readonly [number, number] {
    const { server, time } = this.#world
    this.#kept = this.#places.get("reader")?.life?.projector ?? null
    const before = server.lastSequence
    for (const place of this.#places.all) {
      if (place.kind !== "client" && place.kind !== "reader") this.#places.kill(place)
    }
    for (const place of this.#places.all) if (place.life === null) this.#places.start(place)
    time.run(time.now + 30_000)
    return [before, server.lastSequence]
  }

  #rows(): ReadonlyArray<string> {
    if (this.#kept === null) return []
    const store = Effect.runSync(this.#kept.answering)
    const rows = rowsOf(store)
    store.close()
    return rows
  }

  #history({
    begin,
    ...ended
  }: Pick<History, "healedAt" | "drainedAt" | "forgotten" | "restarted"> & { readonly begin: number }): History {
    const { asked, births, complaints, grants, health, ledger, plan, reached, reads, runs, server, time } = this.#world
    const rows = this.#rows()
    const last = new Map(server.lines.map((line) => [line.partition, line.text]))
    for (const text of [...last.values(), ...rows]) time.note(text)
    const left = [
      ...[...ledger.open].map(([id]) => `execution ${id} is open`),
      ...[...ledger.tasks.values()].filter(({ over }) => !over).map(({ taskId }) => `${taskId} is not over`),
      ...[...server.held()].map((id) => `${id} is in the work queue`)
    ]
    return {
      plan,
      ledger,
      asked,
      reads,
      runs,
      grants,
      births,
      health,
      rows,
      complaints,
      reached,
      left,
      ...ended,
      lines: server.lines,
      heard: server.heard,
      held: server.announced,
      virtualMs: time.now - begin,
      turns: time.turns,
      fingerprint: time.fingerprint
    }
  }
}

export const simulate = (plan: Plan, weakness: Weakness = {}): History => new Simulation(plan, weakness).run()
