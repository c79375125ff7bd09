/**
 * One run of a plan: the world is built, clients wish and faults happen until the plan's end; then everything heals, what
 * is open must end, everything is restarted once more, and what happened is handed over to the checks.
 */
import { Effect } from "effect"
import type { Projector } from "../../src/projections/Projector.ts"
import { Clients } from "./Clients.ts"
import { Faults } from "./Faults.ts"
import { type History, rowsOf } from "./History.ts"
import { Owners } from "./Owners.ts"
import { Places } from "./Places.ts"
import { type Plan, taskOf } from "./Plan.ts"
import { type Weakness, World } from "./World.ts"
import { Livelock } from "./world/VirtualTime.ts"

/** How long everything may take to end after the heal, milliseconds. */
export const DRAIN_MS = 900_000
/** An attempt that has not been offered so long after its turn is forgotten, milliseconds. */
const FORGOTTEN_MS = 12_000
/** How long after the heal the clients wait before they cancel what would never end. */
const CALM_MS = 25_000

class Simulation {
  readonly #world: World
  readonly #places: Places
  readonly #owners: Owners
  readonly #clients: Clients
  readonly #faults: Faults
  #kept: Projector | null = null

  constructor(plan: Plan, weakness: Weakness) {
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
    let forgotten: ReadonlyArray<string> = []
    let restarted: readonly [number, number] = [0, 0]
    try {
      time.run(begin + options.durationMs)
      this.#faults.heal()
      healedAt = time.now
      time.run(healedAt + CALM_MS)
      forgotten = this.#forgotten()
      drainedAt = this.#drain()
      // What is still to be said or read has time to.
      time.run(time.now + 10_000)
      restarted = this.#restart()
    } catch (error) {
      if (!(error instanceof Livelock)) throw error
      this.#world.complaints.push(error.message)
    }
    return this.#history({ begin, healedAt, drainedAt, forgotten, restarted })
  }

  /** Cancels what would never end; the answer is when all of it had, null where it never did. */
  #drain(): number | null {
    const { ledger, plan, server, time } = this.#world
    let number = plan.wishes.length
    for (const { over, taskId } of ledger.tasks.values()) {
      if (!over) this.#clients.wish({ at: 0, task: taskOf(taskId), verb: "cancel" }, number++, 100)
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

  /** Attempts whose turn came a while ago, and which nobody will ever take. */
  #forgotten(): ReadonlyArray<string> {
    const { ledger, runs, server, time } = this.#world
    const before = time.now - FORGOTTEN_MS
    // As long as something is in line, owners may hold back what comes after it.
    if (server.waiting > 0) return []
    const running = new Set(
      runs.flatMap(({ attempt, endedAt, executionId }) => (endedAt === null ? [`${executionId}#${attempt}`] : []))
    )
    return [...ledger.open].flatMap(([id, taskId]) => {
      const events = ledger.tasks
        .get(taskId)
        ?.events.filter(({ event }) => "executionId" in event && event.executionId === id)
      const due = events?.find(({ event }) => event.type === "due")?.event
      const newest = events?.findLast(({ event }) => event.type === "due" || event.type === "retry")
      if (newest === undefined || due?.type !== "due" || due.buffered === true) return []
      const { event, storedAt } = newest
      const type = due.stepType ?? due.taskType
      const since = event.type === "retry" ? Date.parse(event.nextAttemptAt) : storedAt
      const attempt = `${id}#${event.type === "retry" ? event.attempt + 1 : 1}`
      if (type !== "sim" || Math.max(since, storedAt) > before || running.has(attempt)) return []
      return [attempt]
    })
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
    const { asked, complaints, grants, health, ledger, plan, reached, reads, runs, server, time } = this.#world
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
