/**
 * One run of a plan: the world is built, clients wish and faults happen until the plan's end; then everything heals, what
 * is open must end, everything is restarted once more, and what happened is handed over to the checks.
 */
import { Effect, Exit, Result, Scope } from "effect"
import type { Envelope } from "../../src/actors/Envelope.ts"
import { partitionOf } from "../../src/events/Partition.ts"
import type { ReadModelStore } from "../../src/projections/ReadModelStore.ts"
import type { Projector } from "../../src/projections/Projector.ts"
import type { Answered } from "../../src/service/Answered.ts"
import { defaults, type Settings } from "../../src/Settings.ts"
import { OwnerUnavailable, TaskOwner } from "../../src/work/TaskOwner.ts"
import { type ClaimAnswer, offerId } from "../../src/work/Work.ts"
import { type Grant, type Run, simTaskType } from "./Executions.ts"
import { Health } from "./Health.ts"
import { Ledger } from "./Ledger.ts"
import { nextAfter } from "./Oracle.ts"
import type { Fault, Plan, Wish } from "./Plan.ts"
import * as SimAnnouncements from "./ports/SimAnnouncements.ts"
import * as SimEventLog from "./ports/SimEventLog.ts"
import * as SimWorkQueue from "./ports/SimWorkQueue.ts"
import * as Programs from "./Programs.ts"
import { Dice } from "./world/Dice.ts"
import { Link, type Lost } from "./world/Link.ts"
import { Process } from "./world/Process.ts"
import { Server, type Line, type Announced } from "./world/Server.ts"
import { Livelock, VirtualTime } from "./world/VirtualTime.ts"
import { Weather } from "./world/Weather.ts"

/** A command as its client saw it. */
export interface Asked {
  readonly commandId: string
  readonly verb: Wish["verb"]
  readonly taskId: string
  readonly askedAt: number
  answeredAt: number | null
  /** `unknown`: nobody has answered for as long as the client asked. */
  outcome: "ok" | "refused" | "unknown"
  /** How often it has reached a node. */
  served: number
  /** Everything that was answered, first to last. */
  readonly answers: Array<Answered>
}

/** What a reader saw who asked for a log sequence that a command had returned. */
export interface ReadAfter {
  readonly commandId: string
  readonly taskId: string
  readonly sequence: number
  readonly seen: number
  readonly found: boolean
}

export interface History {
  readonly plan: Plan
  readonly lines: ReadonlyArray<Line>
  readonly ledger: Ledger
  readonly asked: ReadonlyArray<Asked>
  readonly reads: ReadonlyArray<ReadAfter>
  readonly runs: ReadonlyArray<Run>
  readonly grants: ReadonlyArray<Grant>
  /** Announcements as they were stored, and those that the server still holds. */
  readonly heard: ReadonlyArray<Announced>
  readonly held: ReadonlyArray<Announced>
  readonly health: Health
  /** When everything was healed, and when what was open had ended; null where it never did. */
  readonly healedAt: number
  readonly drainedAt: number | null
  /** Attempts that were neither in line nor in anybody's hands a while after the heal. */
  readonly forgotten: ReadonlyArray<string>
  /** What was still open at the end, in words. */
  readonly left: ReadonlyArray<string>
  /** Commits before and after everything was restarted without anything to do. */
  readonly restarted: readonly [before: number, after: number]
  /** Rows of the reader that lived through it all. */
  readonly rows: ReadonlyArray<string>
  /** Errors that processes logged. */
  readonly complaints: ReadonlyArray<string>
  readonly reached: ReadonlyMap<string, number>
  readonly virtualMs: number
  readonly turns: number
  /** The same for the same plan, whatever else. */
  readonly fingerprint: string
}

/** A planted weakness of the world; none in earnest. */
export interface Weakness {
  /** The log takes commits whatever they were decided on. */
  readonly unguarded?: boolean
  /** Announcements are taken after a lost connection without asking what is still held. */
  readonly forgetful?: boolean
}

interface Place {
  readonly name: string
  readonly kind: "node" | "worker" | "reader" | "client"
  /** Lives so far: each has a name of its own. */
  lives: number
  life: Life | null
  /** How many faults keep it down. */
  down: number
}

interface Life {
  readonly process: Process
  readonly link: Link
  readonly scope: Scope.Closeable
  /** Set once it answers. */
  node: Programs.RunningNode | null
  projector: Projector | null
  leaving: boolean
}

/** How long the others take to see that an owner is gone, milliseconds. */
const DETECTION: readonly [number, number] = [1600, 2500]
/** How long everything may take to end after the heal, milliseconds. */
export const DRAIN_MS = 900_000
/** An attempt that has not been offered so long after its turn is forgotten, milliseconds. */
const FORGOTTEN_MS = 12_000
/** How long after the heal the clients wait before they cancel what would never end. */
const CALM_MS = 25_000

const rowsOf = (store: ReadModelStore): ReadonlyArray<string> =>
  [
    ...store.all("SELECT id, status, sort, row FROM task ORDER BY n"),
    ...store.all("SELECT n, definition FROM definition ORDER BY n"),
    ...store.all("SELECT id, status, due, row FROM execution ORDER BY n")
  ].map((row) => JSON.stringify(row))

export { rowsOf }

export const taskIdOf = (task: number): string => `task-${task}`

class World {
  readonly #plan: Plan
  readonly #weakness: Weakness
  readonly #dice: Dice
  readonly #time: VirtualTime
  readonly #server: Server
  readonly #weather = new Weather()
  readonly #settings: Settings
  readonly #places = new Map<string, Place>()
  readonly #ledger = new Ledger()
  readonly #health: Health
  readonly #asked: Array<Asked> = []
  readonly #reads: Array<ReadAfter> = []
  readonly #runs: Array<Run> = []
  readonly #grants: Array<Grant> = []
  readonly #complaints: Array<string> = []
  readonly #reached = new Map<string, number>()
  readonly #steps = new Map<string, number>()
  #processes = 0
  #stray = 0
  #torn = 0
  #again = 0
  #frozen = false
  #kept: Projector | null = null

  constructor(plan: Plan, weakness: Weakness) {
    const { options, seed } = plan
    this.#plan = plan
    this.#weakness = weakness
    this.#dice = new Dice(`seed ${seed}/run`)
    this.#time = new VirtualTime(Date.parse(options.start), this.#dice.of("turns"), options.inOrder)
    this.#settings = {
      ...defaults,
      partitions: options.partitions,
      leaseMs: options.leaseMs,
      startedGraceMs: options.startedGraceMs,
      maxTurn: options.maxTurn,
      maxLost: options.maxLost,
      requestTimeoutMs: options.requestTimeoutMs
    }
    this.#server = new Server({
      time: this.#time,
      leaseMs: options.leaseMs,
      unguarded: weakness.unguarded ?? false
    })
    this.#server.onStored = (line) => {
      // Each commit names the hash of the one before it: what is in it is taken in with the last.
      this.#time.note(line.text.slice(0, 200))
      this.#ledger.add(line)
    }
    this.#health = new Health(() => this.#time.now)
    for (let index = 0; index < options.nodes; index++) this.#place("node", `n${index}`)
    for (let index = 0; index < options.workers; index++) this.#place("worker", `w${index}`)
    this.#place("reader", "reader")
    this.#place("client", "client")
  }

  #place(kind: Place["kind"], name: string): void {
    this.#places.set(name, { name, kind, lives: 0, life: null, down: 0 })
  }

  #reach(what: string): void {
    this.#reached.set(what, (this.#reached.get(what) ?? 0) + 1)
  }

  get #nodes(): ReadonlyArray<Place> {
    return [...this.#places.values()].filter(({ kind }) => kind === "node")
  }

  // Processes.

  #start(place: Place): Life {
    const { options } = this.#plan
    place.lives += 1
    const name = `${place.name}.${place.lives}`
    const dice = this.#dice.of(name)
    const process = new Process({
      name,
      number: (this.#processes += 1),
      time: this.#time,
      dice: dice.of("random"),
      settings: this.#settings,
      skew: () => (this.#frozen ? 0 : (options.skews[place.name] ?? 0) + (this.#steps.get(place.name) ?? 0)),
      patience: options.patience,
      complain: (text) => this.#complaints.push(text)
    })
    const link = new Link({
      process,
      time: this.#time,
      dice: dice.of("link"),
      weather: this.#weather.of(place.name),
      up: () => this.#server.up,
      killed: () => this.#server.killed,
      takes: options.takes,
      timeoutMs: options.requestTimeoutMs
    })
    const life: Life = {
      process,
      link,
      scope: Effect.runSync(Scope.make()),
      node: null,
      projector: null,
      leaving: false
    }
    place.life = life
    this.#time.note(`start ${name}`)
    const log = SimEventLog.make(this.#server, link, options.maxCommitBytes)
    const workQueue = SimWorkQueue.make(this.#server, link)
    const within = <A>(effect: Effect.Effect<A, never, Scope.Scope>) => Scope.provide(effect, life.scope)
    if (place.kind === "node") {
      const announcements = SimAnnouncements.make(this.#server, link, {
        dice: dice.of("torn"),
        torn: () => this.#torn,
        forgetful: this.#weakness.forgetful ?? false
      })
      const ports = { log: this.#watched(log, link), announcements, workQueue }
      process.fork(
        Effect.map(within(Programs.node(name, ports)), (node) => {
          life.node = node
          if (this.#owners().length > 1) this.#reach("two owners")
          this.#look()
        })
      )
    } else if (place.kind === "worker") {
      const type = simTaskType(this.#plan.seed, name, this.#time, this.#runs)
      process.fork(within(Programs.worker(name, options.concurrency, type, { workQueue, owner: this.#owner(link) })))
    } else if (place.kind === "reader") {
      process.fork(
        Effect.map(within(Programs.reader(log)), (projector) => {
          life.projector = projector
        })
      )
    }
    return life
  }

  /** Sees what becomes of appends. */
  #watched(log: Programs.NodePorts["log"], link: Link): Programs.NodePorts["log"] {
    return {
      ...log,
      append: (head, json) =>
        Effect.tap(log.append(head, json), (outcome) =>
          Effect.sync(() => {
            if (outcome._tag === "conflict") this.#reach("guard conflict")
            if (outcome._tag !== "unknown") return
            const landed = this.#ledger.commits.some(({ commitId }) => commitId === head.commitId)
            this.#reach(landed ? "unknown that was stored" : "unknown that was not stored")
            if (!landed) this.#time.after(30_000, () => this.#lateOf(head.commitId))
            this.#time.note(`unknown ${link.process.name}`)
          })
        )
    }
  }

  #lateOf(commitId: string): void {
    if (this.#ledger.commits.some((commit) => commit.commitId === commitId))
      this.#reach("unknown that was stored later")
  }

  #kill(place: Place): void {
    const { life } = place
    if (life === null) return
    this.#time.note(`kill ${life.process.name}`)
    life.process.kill()
    place.life = null
    this.#look()
  }

  /** In good order: nothing new reaches it, it ends what it can, and is gone in the end. */
  #stop(place: Place, afterwards: () => void): void {
    const { life } = place
    if (life === null) return afterwards()
    life.leaving = true
    this.#look()
    let gone = false
    const end = () => {
      if (gone) return
      gone = true
      life.process.kill()
      if (place.life === life) place.life = null
      afterwards()
    }
    life.process.fork(
      Effect.andThen(
        Scope.close(life.scope, Exit.void),
        Effect.sync(() => this.#time.after(0, end))
      )
    )
    this.#time.after(30_000, end)
  }

  // Who owns what.

  #owners(): ReadonlyArray<Life> {
    return this.#nodes.flatMap(({ life }) => (life === null || life.node === null || life.leaving ? [] : [life]))
  }

  #isFit({ down, life, name }: Place): boolean {
    const { cutIn, cutOut } = this.#weather.of(name)
    return down === 0 && life !== null && !life.leaving && !life.process.paused && cutIn === 0 && cutOut === 0
  }

  #look(): void {
    const fit = this.#nodes.some((place) => this.#isFit(place) && place.life?.node !== null)
    this.#health.set(this.#server.up && this.#server.full === 0 && fit)
  }

  /** Gives the partitions to some node, where none seems to have them. */
  #elect(): void {
    this.#look()
    if (this.#nodes.some((place) => this.#isFit(place))) return
    const free = this.#nodes.find(({ down, life, name }) => {
      const { cutIn, cutOut } = this.#weather.of(name)
      return down === 0 && life === null && cutIn === 0 && cutOut === 0
    })
    if (free === undefined) return
    this.#reach("takeover")
    this.#start(free)
  }

  #electSoon(): void {
    this.#time.after(this.#dice.between(...DETECTION), () => this.#elect())
  }

  /** Of several that think they own, all but the newest learn after a while that they do not. */
  #settle(): void {
    if (this.#plan.options.everybodyOwns) return
    const owners = this.#nodes.filter((place) => place.life !== null && !place.life.leaving)
    const newest = owners.toSorted((a, b) => (b.life?.process.number ?? 0) - (a.life?.process.number ?? 0))[0]
    for (const place of owners) {
      const { life } = place
      if (place === newest || life === null) continue
      this.#time.after(this.#dice.between(100, 3000), () => {
        if (place.life === life && !life.leaving) this.#stop(place, () => {})
      })
    }
  }

  /** The owner that a message reaches: the newest, unless all own, or messages go astray. */
  #route(): Life | undefined {
    const owners = this.#owners()
    if (owners.length > 1 && (this.#plan.options.everybodyOwns || this.#dice.chance(this.#stray))) {
      return this.#dice.pick(owners)
    }
    return owners.toSorted((a, b) => b.process.number - a.process.number)[0]
  }

  #ask<A>(from: Link, serve: (life: Life, node: Programs.RunningNode, reply: (answer: A) => void) => void) {
    return from.call<A | null>((reply) => {
      const life = this.#route()
      const node = life?.node
      if (life === undefined || node === undefined || node === null) return reply(null)
      life.link.in(() => serve(life, node, (answer) => life.link.out(() => reply(answer))))
    })
  }

  #owner(from: Link): TaskOwner["Service"] {
    const question = <Q, A>(
      partition: number,
      questions: ReadonlyArray<Q>,
      envelope: (life: Life, reply: (answers: ReadonlyArray<A>) => void) => Envelope
    ) =>
      this.#ask<ReadonlyArray<A>>(from, (life, { partitions }, reply) => {
        partitions.submit(partition, envelope(life, reply))
      }).pipe(
        Effect.mapError(({ reason }: Lost) => new OwnerUnavailable({ partition, reason })),
        Effect.flatMap((answers) =>
          answers === null || answers.length !== questions.length
            ? Effect.fail(new OwnerUnavailable({ partition, reason: "nobody owns the partition now" }))
            : Effect.succeed(answers)
        )
      )
    return TaskOwner.of({
      claim: (partition, claims) =>
        question<(typeof claims)[number], ClaimAnswer>(partition, claims, (life, reply) => {
          const askedAt = this.#time.now
          const stats = life.node?.partitions.stats().find((one) => one.partition === partition)
          const node = life.process.name
          const granted = ({ attempt, executionId, worker }: (typeof claims)[number]) =>
            this.#grants.push({ executionId, attempt, worker, node, askedAt, known: stats?.logSequence ?? 0 })
          const heard = (answers: ReadonlyArray<ClaimAnswer>) => {
            for (const [index, { answer }] of answers.entries()) {
              const claim = claims[index]
              if (claim === undefined) continue
              this.#time.note(`${answer} ${offerId(claim)} ${claim.worker}`)
              this.#reach(`claim ${answer}`)
              if (answer === "granted") granted(claim)
            }
            reply(answers)
          }
          return { _tag: "claims", claims, reply: heard }
        }),
      heartbeat: (partition, heartbeats) =>
        question(partition, heartbeats, (_life, reply) => ({ _tag: "heartbeats", heartbeats, reply })),
      report: (partition, reports) =>
        question(partition, reports, (_life, reply) => ({
          _tag: "reports",
          reports,
          reply: (answers) => {
            for (const answer of answers) this.#reach(`report ${answer}`)
            reply(answers)
          }
        }))
    })
  }

  // Clients.

  #request(wish: Wish): Record<string, unknown> | null {
    const booked = this.#ledger.tasks.get(taskIdOf(wish.task))
    const iso = (millis: number) => new Date(millis).toISOString()
    switch (wish.verb) {
      case "schedule":
        return wish.request
      case "pause":
        return wish.forMs === null ? {} : { until: iso(this.#time.now + wish.forMs) }
      case "skip": {
        if (booked === undefined) return null
        let at = nextAfter(booked.definition, this.#time.now)
        for (let left = wish.ahead; left > 0 && at !== null; left--) at = nextAfter(booked.definition, at)
        return at === null ? null : { instant: iso(at) }
      }
      case "backfill":
        return {
          from: iso(this.#time.now - wish.backMs),
          to: iso(this.#time.now - 1000),
          ...(wish.atOnce ? { overlap: "allowAll" } : {})
        }
      case "reschedule":
        return { schedule: wish.schedule }
      case "update":
        return wish.changes
      case "revert":
        return { toRevision: wish.toRevision }
      case "cancelExecution": {
        const open = [...this.#ledger.open].flatMap(([id, taskId]) => (taskId === taskIdOf(wish.task) ? [id] : []))
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

  #wish(wish: Wish, number: number, patience?: number): void {
    const place = this.#places.get("client")
    if (place?.life === undefined || place.life === null) return
    const { link, process } = place.life
    const body = this.#request(wish)
    if (body === null) return
    const taskId = taskIdOf(wish.task)
    const dice = this.#dice.of(`wish ${number}`)
    const asked: Asked = {
      commandId: `c${number}`,
      verb: wish.verb,
      taskId,
      askedAt: this.#time.now,
      answeredAt: null,
      outcome: "unknown",
      served: 0,
      answers: []
    }
    this.#asked.push(asked)
    const request = { ...("executionId" in body ? {} : { taskId }), ...body, commandId: asked.commandId }
    const once = this.#ask<Answered>(link, (_life, { commands }, reply) => {
      const { commanded, partition } = commands.addressed(wish.verb, request)
      if (partition !== partitionOf(taskId, this.#plan.options.partitions)) throw new Error("sent to a wrong partition")
      asked.served += 1
      commands.carryOut(commanded, reply)
    })
    const hear = (answer: Answered): void => {
      asked.answers.push(answer)
      this.#time.note(`answer ${asked.commandId} ${JSON.stringify(answer)}`)
      if (asked.answeredAt !== null) return
      asked.answeredAt = this.#time.now
      asked.outcome = "error" in answer ? "refused" : "ok"
      if ("error" in answer) this.#reach(`refused ${answer.error.code}`)
      const sequence = sequenceIn(answer)
      if (sequence !== null) this.#readAfter(asked, sequence)
    }
    const attempts = patience ?? dice.between(1, 6)
    const ask = Effect.gen({ self: this }, function* () {
      for (let left = attempts; left > 0; left--) {
        const answer = yield* Effect.result(once)
        if (Result.isSuccess(answer) && answer.success !== null) {
          const busy = "error" in answer.success && answer.success.error.code === "busy"
          if (!busy) {
            hear(answer.success)
            return
          }
        }
        yield* Effect.sleep(dice.between(100, 2000))
      }
      this.#reach("a client that gave up")
    })
    const again = Effect.gen({ self: this }, function* () {
      yield* ask
      if (!dice.chance(this.#again)) return
      yield* Effect.sleep(dice.between(0, 20_000))
      const answer = yield* Effect.result(once)
      if (Result.isSuccess(answer) && answer.success !== null) {
        if (!("error" in answer.success && answer.success.error.code === "busy")) hear(answer.success)
        this.#reach("a command sent again after its answer")
      }
    })
    process.fork(again)
  }

  #readAfter({ commandId, taskId }: Asked, sequence: number): void {
    const life = this.#places.get("reader")?.life
    if (life?.projector === null || life?.projector === undefined) return
    life.process.fork(
      life.projector
        .ask(sequence, (store) =>
          Effect.sync(() => {
            const seen = store.sequence
            this.#reads.push({ commandId, taskId, sequence, seen, found: store.task(taskId) !== undefined })
          })
        )
        .pipe(Effect.ignore)
    )
  }

  // Faults.

  #fault(fault: Fault, index: number): void {
    const { amount, forMs, kind, target } = fault
    const place = this.#places.get(target)
    const names = target === "" ? [...this.#places.keys()] : [target]
    const dice = this.#dice.of(`fault ${index}`)
    const heals: Array<() => void> = []
    this.#time.note(`fault ${kind} ${target}`)
    const conditions = (change: (name: string) => () => void) => {
      for (const name of names) heals.push(change(name))
    }
    switch (kind) {
      case "crash": {
        if (place === undefined) return
        if (place.life?.node !== null && place.life !== null && this.#isAppending(place.life)) {
          this.#reach("a node that dies in the middle of a commit")
        }
        place.down += 1
        this.#kill(place)
        if (place.kind === "node") this.#electSoon()
        heals.push(() => {
          place.down -= 1
          if (place.down > 0 || place.life !== null) return
          if (place.kind !== "node" || this.#plan.options.everybodyOwns) this.#start(place)
          else this.#elect()
        })
        break
      }
      case "restart": {
        if (place === undefined || place.life === null || place.life.leaving) return
        place.down += 1
        this.#stop(place, () => {})
        if (place.kind === "node") this.#electSoon()
        heals.push(() => {
          place.down -= 1
          const begin = () => {
            if (place.down > 0) return
            if (place.life !== null) return void this.#time.after(500, begin)
            if (place.kind !== "node" || this.#plan.options.everybodyOwns) this.#start(place)
            else this.#elect()
          }
          begin()
        })
        break
      }
      case "pause":
      case "suspend": {
        const life = place?.life
        if (place === undefined || life === null || life === undefined) return
        if (kind === "pause") life.process.pause()
        else life.process.suspend()
        this.#look()
        if (place.kind === "node") this.#electSoon()
        heals.push(() => {
          life.process.resume()
          this.#look()
          if (place.kind === "node") this.#settle()
        })
        break
      }
      case "cutOut":
      case "cutIn": {
        const begun = this.#time.now
        conditions((name) => {
          const weather = this.#weather.of(name)
          weather[kind] += 1
          return () => {
            weather[kind] = Math.max(0, weather[kind] - 1)
            const link = this.#places.get(name)?.life?.link
            if (weather[kind] === 0 && link !== undefined && this.#time.now - begun > 2000) {
              link.break()
              link.back()
            }
          }
        })
        this.#look()
        if (place?.kind === "node") this.#electSoon()
        heals.push(() => {
          this.#look()
          if (place?.kind === "node") this.#settle()
        })
        break
      }
      case "outage": {
        if (!this.#server.up) return
        const before = [this.#server.announced.length, this.#server.waiting] as const
        this.#server.kill(amount, amount)
        if (this.#server.announced.length < before[0]) this.#reach("announcements that the server lost")
        if (this.#server.waiting < before[1]) this.#reach("offers that the server lost")
        this.#look()
        for (const { life } of this.#places.values()) life?.link.break()
        heals.push(() => {
          this.#server.restart()
          this.#look()
          for (const { life, name } of this.#places.values()) {
            const delay = dice.between(20, 800)
            if (life !== null) this.#time.after(delay, () => this.#weather.of(name).cutIn === 0 && life.link.back())
          }
        })
        break
      }
      case "full":
        this.#server.full += 1
        this.#look()
        heals.push(() => {
          this.#server.full = Math.max(0, this.#server.full - 1)
          this.#look()
        })
        break
      case "loss":
      case "twice":
      case "late":
      case "slow":
        conditions((name) => this.#weather.worsen(name, kind === "loss" ? "lost" : kind, amount))
        // What was sent last may be on its way for as long again.
        this.#health.disturb(forMs + (kind === "slow" ? amount : 0))
        break
      case "step":
        this.#steps.set(target, (this.#steps.get(target) ?? 0) + amount)
        this.#health.disturb(forMs)
        heals.push(() => this.#steps.set(target, (this.#steps.get(target) ?? 0) - amount))
        break
      case "torn":
        this.#torn = Math.max(this.#torn, amount)
        heals.push(() => {
          this.#torn = 0
        })
        break
      case "stray":
        this.#stray = Math.max(this.#stray, amount)
        heals.push(() => {
          this.#stray = 0
        })
        break
      case "again":
        this.#again = Math.max(this.#again, amount)
        heals.push(() => {
          this.#again = 0
        })
        break
    }
    this.#time.after(forMs, () => {
      for (const heal of heals) heal()
    })
  }

  #isAppending({ node, process }: Life): boolean {
    return node !== null && this.#ledger.commits.at(-1)?.commitId.startsWith(`${process.name}.`) === true
  }

  #heal(): void {
    const away = [...this.#places.values()].filter(({ name }) => {
      const { cutIn, cutOut } = this.#weather.of(name)
      return !this.#server.up || cutIn > 0 || cutOut > 0
    })
    this.#weather.clear()
    this.#steps.clear()
    this.#frozen = true
    this.#torn = this.#stray = this.#again = 0
    this.#server.full = 0
    if (!this.#server.up) this.#server.restart()
    for (const { life } of away) {
      life?.link.break()
      life?.link.back()
    }
    for (const place of this.#places.values()) {
      place.down = 0
      place.life?.process.resume()
      if (place.life === null && (place.kind !== "node" || this.#plan.options.everybodyOwns)) this.#start(place)
    }
    this.#elect()
    this.#settle()
    this.#look()
  }

  // The whole.

  run(): History {
    const { faults, options, wishes } = this.#plan
    const begin = this.#time.now
    for (const place of this.#places.values()) {
      if (place.kind !== "node" || place.name === "n0" || options.everybodyOwns) this.#start(place)
    }
    for (const [index, wish] of wishes.entries()) this.#time.after(wish.at, () => this.#wish(wish, index))
    for (const [index, fault] of faults.entries()) this.#time.after(fault.at, () => this.#fault(fault, index))

    let healedAt = begin + options.durationMs
    let drainedAt: number | null = null
    let forgotten: ReadonlyArray<string> = []
    let restarted: readonly [number, number] = [0, 0]
    try {
      this.#time.run(begin + options.durationMs)
      this.#heal()
      healedAt = this.#time.now
      this.#time.run(healedAt + CALM_MS)
      forgotten = this.#forgotten()
      let number = wishes.length
      const tasks = [...this.#ledger.tasks.keys()]
      for (const taskId of tasks) {
        const booked = this.#ledger.tasks.get(taskId)
        const task = Number(taskId.slice("task-".length))
        if (booked?.over === false) this.#wish({ at: 0, task, verb: "cancel" }, number++, 100)
      }
      const over = () =>
        this.#ledger.open.size === 0 &&
        this.#server.waiting === 0 &&
        [...this.#ledger.tasks.values()].every((task) => task.over)
      this.#time.run(this.#time.now + DRAIN_MS, over)
      if (over()) drainedAt = this.#time.now
      // What is still to be said or read has time to.
      this.#time.run(this.#time.now + 10_000)
      this.#kept = this.#places.get("reader")?.life?.projector ?? null
      const before = this.#server.lastSequence
      for (const place of this.#places.values()) {
        if (place.kind === "client" || place.kind === "reader") continue
        this.#kill(place)
      }
      for (const place of this.#places.values()) if (place.life === null) this.#start(place)
      this.#time.run(this.#time.now + 30_000)
      restarted = [before, this.#server.lastSequence]
    } catch (error) {
      if (!(error instanceof Livelock)) throw error
      this.#complaints.push(error.message)
    }
    const rows = this.#kept === null ? [] : this.#rows(this.#kept)
    const last = new Map(this.#server.lines.map((line) => [line.partition, line.text]))
    for (const text of [...last.values(), ...rows]) this.#time.note(text)
    return {
      plan: this.#plan,
      lines: this.#server.lines,
      ledger: this.#ledger,
      asked: this.#asked,
      reads: this.#reads,
      runs: this.#runs,
      grants: this.#grants,
      heard: this.#server.heard,
      held: this.#server.announced,
      health: this.#health,
      healedAt,
      drainedAt,
      forgotten,
      left: [
        ...[...this.#ledger.open].map(([id]) => `execution ${id} is open`),
        ...[...this.#ledger.tasks.values()].filter(({ over }) => !over).map(({ taskId }) => `${taskId} is not over`),
        ...[...this.#server.held()].map((id) => `${id} is in the work queue`)
      ],
      restarted,
      rows,
      complaints: this.#complaints,
      reached: this.#reached,
      virtualMs: this.#time.now - begin,
      turns: this.#time.turns,
      fingerprint: this.#time.fingerprint
    }
  }

  /** Attempts whose turn came a while ago, and which nobody will ever take. */
  #forgotten(): ReadonlyArray<string> {
    const before = this.#time.now - FORGOTTEN_MS
    const held = this.#server.held()
    // As long as something is in line, owners may hold back what comes after it.
    if (held.size > 0) return []
    const running = new Set(
      this.#runs.flatMap(({ attempt, endedAt, executionId }) => (endedAt === null ? [`${executionId}#${attempt}`] : []))
    )
    return [...this.#ledger.open].flatMap(([id, taskId]) => {
      const events = this.#ledger.tasks
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

  #rows(projector: Projector): ReadonlyArray<string> {
    const store = Effect.runSync(projector.answering)
    const rows = rowsOf(store)
    store.close()
    return rows
  }
}

const sequenceIn = (answer: Answered): number | null => {
  if ("error" in answer) return null
  const { logSequence } = answer.answer as { readonly logSequence?: number | null }
  return logSequence ?? null
}

export { sequenceIn }

export const simulate = (plan: Plan, weakness: Weakness = {}): History => new World(plan, weakness).run()
