/** What all parts of one run share: its plan, its dice, its time, its server and weather, and what is written down of it. */
import { defaults, type Settings } from "../../src/Settings.ts"
import type { Grant, Run } from "./Executions.ts"
import { Health } from "./Health.ts"
import type { Asked, ReadAfter } from "./History.ts"
import { Ledger } from "./Ledger.ts"
import type { Plan } from "./Plan.ts"
import { Dice } from "./world/Dice.ts"
import { Server } from "./world/Server.ts"
import { VirtualTime } from "./world/VirtualTime.ts"
import { Weather } from "./world/Weather.ts"

/** A planted weakness of the world; none in earnest. */
export interface Weakness {
  /** The log takes commits whatever they were decided on. */
  readonly unguarded?: boolean
  /** Announcements are taken after a lost connection without asking what is still held. */
  readonly forgetful?: boolean
}

export class World {
  readonly plan: Plan
  readonly weakness: Weakness
  readonly dice: Dice
  readonly time: VirtualTime
  readonly server: Server
  readonly weather = new Weather()
  readonly settings: Settings
  readonly ledger = new Ledger()
  readonly health: Health
  readonly asked: Array<Asked> = []
  readonly reads: Array<ReadAfter> = []
  readonly runs: Array<Run> = []
  readonly grants: Array<Grant> = []
  readonly complaints: Array<string> = []
  readonly reached = new Map<string, number>()
  /** When each life began. */
  readonly births = new Map<string, number>()
  /** Steps of clocks, by process, milliseconds. */
  readonly steps = new Map<string, number>()
  /** Everything is healed: clocks are right from now on. */
  healed = false
  /** Shares of messages that go to another owner, of announcements that are cut short, of commands that are sent again. */
  stray = 0
  torn = 0
  again = 0

  constructor(plan: Plan, weakness: Weakness) {
    const { options, seed } = plan
    this.plan = plan
    this.weakness = weakness
    this.dice = new Dice(`seed ${seed}/run`)
    this.time = new VirtualTime(Date.parse(options.start), this.dice.of("turns"), options.inOrder)
    this.settings = {
      ...defaults,
      partitions: options.partitions,
      leaseMs: options.leaseMs,
      startedGraceMs: options.startedGraceMs,
      maxTurn: options.maxTurn,
      maxLost: options.maxLost,
      requestTimeoutMs: options.requestTimeoutMs
    }
    this.server = new Server({
      time: this.time,
      leaseMs: options.leaseMs,
      unguarded: weakness.unguarded ?? false
    })
    this.server.onStored = (line) => {
      // Each commit names the hash of the one before it: what is in it is taken in with the last.
      this.time.note(line.text.slice(0, 200))
      this.ledger.add(line)
    }
    this.health = new Health(() => this.time.now)
  }

  /** Counts a state of interest. */
  reach(what: string): void {
    this.reached.set(what, (this.reached.get(what) ?? 0) + 1)
  }

  /** By how much a process's clock is ahead, milliseconds. */
  skewOf(name: string): number {
    return this.healed ? 0 : (this.plan.options.skews[name] ?? 0) + (this.steps.get(name) ?? 0)
  }
}
