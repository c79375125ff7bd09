/** What goes wrong, as a plan has it: each fault begins, lasts, and heals by itself; in the end everything is healed at once. */
import type { Envelope } from "../../src/actors/Envelope.ts"
import type { Fault } from "./Fault.ts"
import type { Owners } from "./Owners.ts"
import type { Life, Place, Places } from "./Places.ts"
import type { World } from "./World.ts"

/** A cut that has lasted so long has broken the connection, milliseconds. */
const BREAKS_MS = 2000

export class Faults {
  readonly #world: World
  readonly #places: Places
  readonly #owners: Owners

  constructor(world: World, places: Places, owners: Owners) {
    this.#world = world
    this.#places = places
    this.#owners = owners
  }

  /** Lets a fault begin. */
  begin(fault: Fault, index: number): void {
    const { forMs, kind, target } = fault
    this.#world.time.note(`fault ${kind} ${target}`)
    const heal = this.#harm(fault, index)
    if (heal !== null) this.#world.time.after(forMs, heal)
  }

  /** Does the harm; the answer takes it away again. Null: there was nothing to harm. */
  #harm(fault: Fault, index: number): (() => void) | null {
    const { amount, forMs, kind, target } = fault
    const { health, server, steps, weather } = this.#world
    const place = this.#places.get(target)
    switch (kind) {
      case "crash":
        return place === undefined ? null : this.#crash(place)
      case "restart":
        return place === undefined || place.life === null || place.life.leaving ? null : this.#restart(place)
      case "pause":
      case "suspend":
        return place === undefined || place.life === null ? null : this.#pause(place, place.life, kind)
      case "cutOut":
      case "cutIn":
        return this.#cut(kind, target)
      case "outage":
        return server.up ? this.#outage(amount, index) : null
      case "full":
        server.full += 1
        this.#owners.look()
        return () => {
          server.full = Math.max(0, server.full - 1)
          this.#owners.look()
        }
      case "loss":
      case "twice":
      case "late":
      case "slow": {
        const better = this.#names(target).map((name) => weather.worsen(name, kind === "loss" ? "lost" : kind, amount))
        // What was sent last may be on its way for as long again.
        health.disturb(forMs + (kind === "slow" ? amount : 0))
        return () => {
          for (const heal of better) heal()
        }
      }
      case "step":
        steps.set(target, (steps.get(target) ?? 0) + amount)
        health.disturb(forMs)
        return () => steps.set(target, (steps.get(target) ?? 0) - amount)
      case "torn":
      case "stray":
      case "again":
        this.#world[kind] = Math.max(this.#world[kind], amount)
        return () => {
          this.#world[kind] = 0
        }
      case "wake":
        return place === undefined ? null : this.#wake(place, amount, index)
    }
  }

  /** Messengers that lie: an owner is told of news that are none, again and again. */
  #wake(place: Place, everyMs: number, index: number): () => void {
    const { plan, server, time } = this.#world
    const dice = this.#world.dice.of(`fault ${index}`)
    let over = false
    const again = () => {
      if (over) return
      time.after(dice.between(1, everyMs), again)
      const { life } = place
      if (life === null || life.node === null || life.process.paused) return
      this.#world.reach("an owner woken for nothing")
      life.node.partitions.submit(
        dice.between(0, plan.options.partitions - 1),
        dice.pick<Envelope>([
          { _tag: "look" },
          { _tag: "calendars" },
          { _tag: "reoffer", held: server.held() },
          { _tag: "heartbeats", heartbeats: [], reply: () => {} },
          { _tag: "reports", reports: [], reply: () => {} }
        ])
      )
    }
    again()
    return () => {
      over = true
    }
  }

  /** The processes that a fault is aimed at. */
  #names(target: string): ReadonlyArray<string> {
    return target === "" ? this.#places.all.map(({ name }) => name) : [target]
  }

  /** Something is to live at a place again, unless another node has taken over. */
  #revive(place: Place): void {
    if (place.kind !== "node" || this.#world.plan.options.everybodyOwns) this.#places.start(place)
    else this.#owners.elect()
  }

  #crash(place: Place): () => void {
    if (place.life !== null && this.#isAppending(place.life)) {
      this.#world.reach("a node that dies in the middle of a commit")
    }
    place.down += 1
    this.#places.kill(place)
    if (place.kind === "node") this.#owners.electSoon()
    return () => {
      place.down -= 1
      if (place.down === 0 && place.life === null) this.#revive(place)
    }
  }

  #isAppending({ node, process }: Life): boolean {
    return node !== null && this.#world.ledger.commits.at(-1)?.commitId.startsWith(`${process.name}.`) === true
  }

  #restart(place: Place): () => void {
    place.down += 1
    this.#places.stop(place)
    if (place.kind === "node") this.#owners.electSoon()
    return () => {
      place.down -= 1
      const begin = () => {
        if (place.down > 0) return
        if (place.life !== null) return void this.#world.time.after(500, begin)
        this.#revive(place)
      }
      begin()
    }
  }

  #pause({ kind }: Place, { process }: Life, how: "pause" | "suspend"): () => void {
    if (how === "pause") process.pause()
    else process.suspend()
    this.#owners.look()
    if (kind === "node") this.#owners.electSoon()
    return () => {
      process.resume()
      this.#owners.look()
      if (kind === "node") this.#owners.settle()
    }
  }

  #cut(kind: "cutOut" | "cutIn", target: string): () => void {
    const { time, weather } = this.#world
    const begun = time.now
    const names = this.#names(target)
    for (const name of names) weather.of(name)[kind] += 1
    const isNode = this.#places.get(target)?.kind === "node"
    this.#owners.look()
    if (isNode) this.#owners.electSoon()
    return () => {
      for (const name of names) {
        const conditions = weather.of(name)
        conditions[kind] = Math.max(0, conditions[kind] - 1)
        const link = this.#places.get(name)?.life?.link
        if (conditions[kind] > 0 || link === undefined || time.now - begun <= BREAKS_MS) continue
        link.break()
        link.back()
      }
      this.#owners.look()
      if (isNode) this.#owners.settle()
    }
  }

  #outage(losing: number, index: number): () => void {
    const { server, time, weather } = this.#world
    const dice = this.#world.dice.of(`fault ${index}`)
    const [announced, waiting] = [server.announced.length, server.waiting]
    server.kill(losing, losing)
    if (server.announced.length < announced) this.#world.reach("announcements that the server lost")
    if (server.waiting < waiting) this.#world.reach("offers that the server lost")
    this.#owners.look()
    for (const { life } of this.#places.all) life?.link.break()
    return () => {
      server.restart()
      this.#owners.look()
      for (const { life, name } of this.#places.all) {
        const delay = dice.between(20, 800)
        if (life !== null) time.after(delay, () => weather.of(name).cutIn === 0 && life.link.back())
      }
    }
  }

  /** Everything is well again, and everybody there. */
  heal(): void {
    const { server, steps, weather } = this.#world
    const away = this.#places.all.filter(({ name }) => {
      const { cutIn, cutOut } = weather.of(name)
      return !server.up || cutIn > 0 || cutOut > 0
    })
    weather.clear()
    steps.clear()
    this.#world.healed = true
    this.#world.torn = this.#world.stray = this.#world.again = 0
    server.full = 0
    if (!server.up) server.restart()
    for (const { life } of away) {
      life?.link.break()
      life?.link.back()
    }
    for (const place of this.#places.all) {
      place.down = 0
      place.life?.process.resume()
      if (place.life === null && (place.kind !== "node" || this.#world.plan.options.everybodyOwns)) {
        this.#places.start(place)
      }
    }
    this.#owners.elect()
    this.#owners.settle()
    this.#owners.look()
  }
}
