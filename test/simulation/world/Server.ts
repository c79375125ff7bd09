/**
 * The simulated server: a log that keeps every acknowledged commit, and two streams (announcements, work) that lose their
 * newest messages when it is killed. Its clock is true time. It does what NATS does, with its weaknesses: message ids are
 * known for two minutes only, an acknowledgement of an old delivery counts, and what is delivered and neither
 * acknowledged nor kept alive is delivered again.
 */
import type { Recorded } from "../../../src/actors/Announcements.ts"
import { announcementId } from "../../../src/actors/Announcements.ts"
import type { StoredPage, StoredQuery } from "../../../src/events/EventLog.ts"
import { offerId, type WorkItem } from "../../../src/work/Work.ts"
import type { VirtualTime } from "./VirtualTime.ts"

export interface Line {
  readonly sequence: number
  readonly partition: number
  readonly text: string
  readonly storedAt: number
}

export interface Announced {
  readonly partition: number
  readonly sequence: number
  readonly index: number
  readonly at: number
}

export interface DeliveredItem {
  readonly item: WorkItem
  readonly delivery: number
}

interface Work {
  readonly item: WorkItem
  readonly offeredAt: number
  deliveries: number
  /** When it is delivered (again); infinity: it waits for a pull now. */
  again: number
  waiting: boolean
}

interface Pull {
  readonly queues: ReadonlySet<string>
  readonly batch: number
  readonly until: number
  readonly reply: (items: ReadonlyArray<DeliveredItem>) => void
}

/** How long the server knows the ids of messages, milliseconds. */
const WINDOW_MS = 120_000

export interface ServerOptions {
  readonly time: VirtualTime
  readonly leaseMs: number
  /** A planted weakness: takes commits whatever they were decided on. */
  readonly unguarded?: boolean
}

export class Server {
  up = true
  killed = 0
  /** How many reasons there are that the log takes nothing more (its limits). */
  full = 0
  readonly lines: Array<Line> = []
  readonly announced: Array<Announced> = []
  /** Everything that was ever announced, lost or not: what subscribers have heard. */
  readonly heard: Array<Announced> = []
  readonly #options: ServerOptions
  readonly #lastOf = new Map<number, number>()
  #work = new Map<string, Work>()
  #offered = new Map<string, number>()
  #said = new Map<string, number>()
  #pulls: Array<Pull> = []
  #whenGrown: Array<() => void> = []
  /** Told of every commit that was stored. */
  onStored: (line: Line) => void = () => {}

  constructor(options: ServerOptions) {
    this.#options = options
  }

  get #now(): number {
    return this.#options.time.now
  }

  /** Stores a commit; null where the guard refuses. */
  store(partition: number, previousSequence: number, text: string): Line | null {
    if (this.#options.unguarded !== true && this.lastOf(partition) !== previousSequence) return null
    const line: Line = { sequence: this.lines.length + 1, partition, text, storedAt: this.#now }
    this.lines.push(line)
    this.#lastOf.set(partition, line.sequence)
    this.onStored(line)
    const waiting = this.#whenGrown
    this.#whenGrown = []
    for (const grown of waiting) grown()
    return line
  }

  lastOf(partition: number): number {
    return this.#lastOf.get(partition) ?? 0
  }

  get lastSequence(): number {
    return this.lines.length
  }

  linesAfter(after: number, most: number, partition?: number, last = Infinity): ReadonlyArray<Line> {
    const found: Array<Line> = []
    for (let at = after; at < this.lines.length && found.length < most; at++) {
      const line = this.lines[at]
      if (line === undefined || line.sequence > last) break
      if (partition === undefined || line.partition === partition) found.push(line)
    }
    return found
  }

  stored({ after, bytes, limit = Infinity, partitions, wants }: StoredQuery): StoredPage {
    const lines: Array<Line> = []
    let through = after
    let room = bytes
    for (const line of this.lines.slice(after)) {
      const { partition, sequence, text } = line
      const wanted = partitions?.includes(partition) !== false && wants?.(partition, text) !== false
      if (wanted && lines.length > 0 && (room < Buffer.byteLength(text) || lines.length >= limit)) break
      through = sequence
      if (!wanted) continue
      lines.push(line)
      room -= Buffer.byteLength(text)
    }
    return { lines, through, last: this.lines.length }
  }

  /** Calls once when the log has grown, or the server has been away. */
  whenGrown(grown: () => void): void {
    this.#whenGrown.push(grown)
  }

  announce(events: ReadonlyArray<Recorded>): void {
    for (const recorded of events) {
      const id = announcementId(recorded)
      const before = this.#said.get(id)
      if (before !== undefined && before > this.#now - WINDOW_MS) continue
      this.#said.set(id, this.#now)
      const { index, partition, sequence } = recorded
      const announced = { partition, sequence, index, at: this.#now }
      this.announced.push(announced)
      this.heard.push(announced)
    }
  }

  lastAnnounced(partition: number): Announced | null {
    return this.announced.findLast((one) => one.partition === partition) ?? null
  }

  offer(items: ReadonlyArray<WorkItem>): void {
    for (const item of items) {
      const id = offerId(item)
      const before = this.#offered.get(id)
      if (this.#work.has(id) || (before !== undefined && before > this.#now - WINDOW_MS)) continue
      this.#offered.set(id, this.#now)
      this.#work.set(id, { item, offeredAt: this.#now, deliveries: 0, again: Infinity, waiting: true })
    }
    this.#deliver()
  }

  held(): ReadonlySet<string> {
    return new Set(this.#work.keys())
  }

  get waiting(): number {
    return this.#work.size
  }

  pull(pull: Pull): void {
    this.#pulls.push(pull)
    this.#deliver()
  }

  ack(id: string): void {
    this.#work.delete(id)
  }

  inProgress(id: string): void {
    const work = this.#work.get(id)
    if (work !== undefined && !work.waiting) this.#again(work, this.#options.leaseMs)
  }

  retryAfter(id: string, delayMs: number): void {
    const work = this.#work.get(id)
    if (work !== undefined && !work.waiting) this.#again(work, delayMs)
  }

  #again(work: Work, delayMs: number): void {
    const at = this.#now + Math.max(1, Math.ceil(delayMs))
    work.again = at
    this.#options.time.after(delayMs, () => {
      if (work.again !== at || work.waiting) return
      work.waiting = true
      this.#deliver()
    })
  }

  #deliver(): void {
    if (!this.up) return
    this.#pulls = this.#pulls.filter(({ until }) => until > this.#now)
    for (const pull of this.#pulls.slice()) {
      const items: Array<DeliveredItem> = []
      for (const work of this.#work.values()) {
        if (items.length >= pull.batch) break
        if (!work.waiting || !pull.queues.has(work.item.queue)) continue
        work.waiting = false
        work.deliveries += 1
        this.#again(work, this.#options.leaseMs)
        items.push({ item: work.item, delivery: work.deliveries })
      }
      if (items.length === 0) continue
      this.#pulls.splice(this.#pulls.indexOf(pull), 1)
      pull.reply(items)
    }
  }

  /** Killed: nothing is served until it is back, and up to so many of the newest announcements and offers are gone. */
  kill(announcements: number, offers: number): void {
    this.up = false
    this.killed += 1
    this.#pulls = []
    const recent = (at: number) => at > this.#now - WINDOW_MS
    for (let left = announcements; left > 0; left--) {
      const newest = this.announced.at(-1)
      if (newest === undefined || !recent(newest.at)) break
      this.announced.pop()
      this.#said.delete(announcementId(newest))
    }
    for (const [id, { offeredAt }] of [...this.#work].toReversed().slice(0, offers)) {
      if (!recent(offeredAt)) break
      this.#work.delete(id)
    }
    // Of what is gone the server knows no id any more.
    this.#offered = new Map([...this.#work].map(([id, { offeredAt }]) => [id, offeredAt]))
    for (const work of this.#work.values()) if (!work.waiting) this.#again(work, this.#options.leaseMs)
  }

  restart(): void {
    this.up = true
    const waiting = this.#whenGrown
    this.#whenGrown = []
    for (const grown of waiting) grown()
    this.#deliver()
  }
}
