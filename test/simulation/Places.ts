/** Where processes live: each place has one life after another, and each life a process, a link and a program of its own. */
import { Effect, Exit, Scope } from "effect"
import type { Projector } from "../../src/projections/Projector.ts"
import type { TaskOwner } from "../../src/work/TaskOwner.ts"
import { simTaskType } from "./Executions.ts"
import * as SimAnnouncements from "./ports/SimAnnouncements.ts"
import * as SimEventLog from "./ports/SimEventLog.ts"
import * as SimWorkQueue from "./ports/SimWorkQueue.ts"
import * as Programs from "./Programs.ts"
import type { World } from "./World.ts"
import { Link } from "./world/Link.ts"
import { Process } from "./world/Process.ts"

export interface Place {
  readonly name: string
  readonly kind: "node" | "worker" | "reader" | "client"
  /** Lives so far: each has a name of its own. */
  lives: number
  life: Life | null
  /** How many faults keep it down. */
  down: number
}

export interface Life {
  readonly process: Process
  readonly link: Link
  readonly scope: Scope.Closeable
  /** Set once it answers. */
  node: Programs.RunningNode | null
  projector: Projector | null
  leaving: boolean
}

export class Places {
  readonly #world: World
  readonly #all = new Map<string, Place>()
  #processes = 0
  /** Whether some task is started by the ends of others. */
  readonly #isTriggered: boolean
  /** Who owns what may have changed. */
  onChange: () => void = () => {}
  /** How a worker reaches the owners of tasks. */
  ownerOf: (link: Link) => TaskOwner["Service"] = () => {
    throw new Error("nobody knows the owners yet")
  }

  constructor(world: World) {
    this.#world = world
    this.#isTriggered = world.plan.wishes.some(
      (wish) => wish.verb === "schedule" && wish.request.schedule.startsWith("after ")
    )
    const { nodes, workers } = world.plan.options
    for (let index = 0; index < nodes; index++) this.#add("node", `n${index}`)
    for (let index = 0; index < workers; index++) this.#add("worker", `w${index}`)
    this.#add("reader", "reader")
    this.#add("client", "client")
  }

  #add(kind: Place["kind"], name: string): void {
    this.#all.set(name, { name, kind, lives: 0, life: null, down: 0 })
  }

  get all(): ReadonlyArray<Place> {
    return [...this.#all.values()]
  }

  get nodes(): ReadonlyArray<Place> {
    return this.all.filter(({ kind }) => kind === "node")
  }

  get(name: string): Place | undefined {
    return this.#all.get(name)
  }

  /** Lives that answer and mean to stay. */
  get owners(): ReadonlyArray<Life> {
    return this.nodes.flatMap(({ life }) => (life === null || life.node === null || life.leaving ? [] : [life]))
  }

  start(place: Place): Life {
    const { dice, plan, server, settings, time, weather } = this.#world
    const { options } = plan
    place.lives += 1
    const name = `${place.name}.${place.lives}`
    const own = dice.of(name)
    const process = new Process({
      name,
      number: (this.#processes += 1),
      time,
      dice: own.of("random"),
      settings,
      skew: () => this.#world.skewOf(place.name),
      patience: options.patience,
      complain: (text) => this.#world.complaints.push(text)
    })
    const link = new Link({
      process,
      time,
      dice: own.of("link"),
      weather: weather.of(place.name),
      up: () => server.up,
      killed: () => server.killed,
      takes: options.takes,
      timeoutMs: options.requestTimeoutMs
    })
    const scope = Effect.runSync(Scope.make())
    const life: Life = { process, link, scope, node: null, projector: null, leaving: false }
    place.life = life
    this.#world.births.set(name, time.now)
    time.note(`start ${name}`)
    this.#program(place, life)
    return life
  }

  #program({ kind }: Place, life: Life): void {
    const { dice, plan, runs, server, time, weakness } = this.#world
    const { options, seed } = plan
    const { link, process } = life
    const { name } = process
    const log = SimEventLog.make(server, link, options.maxCommitBytes)
    const workQueue = SimWorkQueue.make(server, link)
    const within = <A>(effect: Effect.Effect<A, never, Scope.Scope>) => Scope.provide(effect, life.scope)
    if (kind === "node") {
      const announcements = SimAnnouncements.make(server, link, {
        dice: dice.of(name).of("torn"),
        torn: () => this.#world.torn,
        forgetful: weakness.forgetful ?? false
      })
      const ports = { log: this.#watched(log, process), announcements, workQueue }
      process.fork(
        Effect.map(within(Programs.node(name, ports, this.#isTriggered)), (node) => {
          life.node = node
          if (this.owners.length > 1) this.#world.reach("two owners")
          this.onChange()
        })
      )
    } else if (kind === "worker") {
      const type = simTaskType(seed, name, time, runs)
      process.fork(within(Programs.worker(name, options.concurrency, type, { workQueue, owner: this.ownerOf(link) })))
    } else if (kind === "reader") {
      process.fork(
        Effect.map(within(Programs.reader(log)), (projector) => {
          life.projector = projector
        })
      )
    }
  }

  /** Sees what becomes of appends. */
  #watched(log: Programs.NodePorts["log"], { name }: Process): Programs.NodePorts["log"] {
    const { ledger, time } = this.#world
    const landed = (id: string) => ledger.commits.some(({ commitId }) => commitId === id)
    return {
      ...log,
      append: (head, json) =>
        Effect.tap(log.append(head, json), (outcome) =>
          Effect.sync(() => {
            if (outcome._tag === "conflict") this.#world.reach("guard conflict")
            if (outcome._tag !== "unknown") return
            const stored = landed(head.commitId)
            this.#world.reach(stored ? "unknown that was stored" : "unknown that was not stored")
            if (!stored) {
              time.after(30_000, () => {
                if (landed(head.commitId)) this.#world.reach("unknown that was stored later")
              })
            }
            time.note(`unknown ${name}`)
          })
        )
    }
  }

  kill(place: Place): void {
    const { life } = place
    if (life === null) return
    this.#world.time.note(`kill ${life.process.name}`)
    life.process.kill()
    place.life = null
    this.onChange()
  }

  /** In good order: nothing new reaches it, it ends what it can, and is gone in the end. */
  stop(place: Place): void {
    const { life } = place
    if (life === null) return
    const { time } = this.#world
    life.leaving = true
    this.onChange()
    let gone = false
    const end = () => {
      if (gone) return
      gone = true
      life.process.kill()
      if (place.life === life) place.life = null
    }
    life.process.fork(
      Effect.andThen(
        Scope.close(life.scope, Exit.void),
        Effect.sync(() => time.after(0, end))
      )
    )
    time.after(30_000, end)
  }
}
