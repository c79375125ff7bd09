/**
 * The line of one queue: what waits, in the order in which it goes, and what has been released to the workers. Pure: time
 * is an argument.
 *
 * An execution sorts by the instant since which it is its turn less its priority in seconds, then by arrival: what waits
 * long enough goes before what is urgent and new, so nothing starves. Those whose key has no permit are passed over.
 *
 * Released and not begun are as few as workers that are all busy need, and as many as hungry ones do: the window grows
 * with each that begins quickly, and is halved when one is left lying while others wait. What is more urgent than all
 * that lies there goes out beyond the window, and begins before them.
 */
import type { HeldBy, QueueLimits } from "../../events/QueueEvent.ts"
import type { WorkItem } from "../../work/Work.ts"
import { Heap } from "./Heap.ts"
import { type PermitLimits, Permits } from "./Permits.ts"

/** How an execution stands in its queue. */
export interface Place {
  readonly queue: string
  readonly key: string | undefined
  /** Seconds. */
  readonly priority: number
  /** Since when it is its turn, milliseconds. */
  readonly queuedAt: number
}

/** An attempt that may be released. */
export interface Offer extends Place {
  readonly item: WorkItem
}

export type Stage = "waiting" | "released" | "begun" | "gone"

export interface Entry {
  readonly executionId: string
  readonly attempt: number
  readonly line: Line
  readonly keyed: Keyed
  readonly item: WorkItem | undefined
  readonly priority: number
  readonly sortAt: number
  readonly arrival: number
  stage: Stage
  releasedAt: number
}

/** Those of one key; those without any are one as well, which no limit is for. */
interface Keyed {
  readonly key: string | undefined
  readonly permits: Permits
  readonly waiting: Heap<Entry>
  /** Entries that wait and are not gone. */
  count: number
  /** The one that stands for the key among those that may go. */
  ready: Entry | undefined
  /** When it is to be looked at again because its rate has room, milliseconds. */
  roomAt: number | undefined
}

/** Window at the beginning, and its bounds: released and not begun. */
export const [FIRST_WINDOW, SMALLEST_WINDOW, LARGEST_WINDOW] = [16, 1, 1024]
/** Begun within this, workers are hungry; milliseconds. */
const QUICK_MS = 100
/** By so many the window grows with each that begins quickly: fourfold for every round of the workers. */
const GROWTH = 3
/** Left lying for this while others wait, workers are busy; milliseconds. */
const LEFT_LYING_MS = 250
/** How long what is more urgent may keep others from beginning before it, milliseconds. */
const URGENT_MS = 2000
/** How soon one is asked for again that lets another go first, milliseconds. */
const LETS_GO_MS = 100
/** How soon one is asked for again that is held back by what no clock ends, milliseconds. */
const HELD_MS = 1000

const before = (a: Entry, b: Entry): boolean => (a.sortAt === b.sortAt ? a.arrival < b.arrival : a.sortAt < b.sortAt)
const firstOf = (heap: Heap<Entry>, stage: Stage): Entry | undefined => {
  for (let top = heap.peek(); top !== undefined; top = heap.peek()) {
    if (top.stage === stage) return top
    heap.pop()
  }
  return undefined
}

export class Line {
  readonly queue: string
  limits: QueueLimits = {}
  isPaused = false
  readonly permits = new Permits()
  readonly #keys = new Map<string | undefined, Keyed>()
  /** The first of each key that may go, as far as is known; looked at again when its turn comes. */
  readonly #ready = new Heap<Entry>(before)
  /** Keys whose limits let none go, until one ends, begins or leaves, or until the instant at which their rate has room. */
  readonly #parked = new Set<Keyed>()
  readonly #roomLater = new Heap<{ readonly keyed: Keyed; readonly at: number }>((a, b) => a.at < b.at)
  readonly #released = new Heap<Entry>(before)
  /** In the order of release. */
  #lying: Array<Entry> = []
  /** Entries with a priority that have not begun; where there is none, the order of release is the order of all. */
  #urgent = 0
  #waiting = 0
  #window = FIRST_WINDOW
  #halvedAt = 0
  #sweepAt = 1024

  constructor(queue: string) {
    this.queue = queue
  }

  get waiting(): number {
    return this.#waiting
  }

  /** How many may be released and not begun. */
  get window(): number {
    return this.#window
  }

  #keyed(key: string | undefined): Keyed {
    const known = this.#keys.get(key)
    if (known !== undefined) return known
    const made: Keyed = {
      key,
      permits: new Permits(),
      waiting: new Heap<Entry>(before),
      count: 0,
      ready: undefined,
      roomAt: undefined
    }
    this.#keys.set(key, made)
    return made
  }

  #keyLimits({ key }: Keyed): PermitLimits {
    return key === undefined ? {} : { concurrency: this.limits.keyConcurrency, rate: this.limits.keyRate }
  }

  /** An entry for this line, not in it yet. */
  entry(executionId: string, attempt: number, place: Place, item: WorkItem | undefined, arrival: number): Entry {
    return {
      executionId,
      attempt,
      line: this,
      keyed: this.#keyed(place.key),
      item,
      priority: place.priority,
      sortAt: place.queuedAt - place.priority * 1000,
      arrival,
      stage: "gone",
      releasedAt: 0
    }
  }

  /** Puts a new entry into the line. */
  wait(entry: Entry): void {
    entry.stage = "waiting"
    const { keyed } = entry
    keyed.waiting.push(entry)
    keyed.count += 1
    this.#waiting += 1
    if (entry.priority !== 0) this.#urgent += 1
    this.#offerKey(keyed)
  }

  /** It runs, since an instant: whether or not there is room. */
  begin(entry: Entry, at: number): void {
    if (entry.stage === "begun") return
    this.#remove(entry)
    entry.stage = "begun"
    const { keyed } = entry
    this.permits.begin(this.limits, at)
    keyed.permits.begin(this.#keyLimits(keyed), at)
    this.#unpark(keyed)
  }

  /** Out of the line, whatever it was. */
  leave(entry: Entry): void {
    const { keyed } = entry
    this.#remove(entry)
    this.#unpark(keyed)
    if (keyed.count + keyed.permits.released + keyed.permits.begun === 0 && this.#keyLimits(keyed).rate === undefined) {
      this.#keys.delete(keyed.key)
    }
  }

  #remove(entry: Entry): void {
    const { keyed, stage } = entry
    entry.stage = "gone"
    if (stage === "gone") return
    if (stage === "waiting") {
      keyed.count -= 1
      this.#waiting -= 1
      // What is gone is dropped when it comes to the top, and all at once where it outnumbers the rest.
      const { waiting } = keyed
      if (waiting.size > 64 && waiting.size > 2 * keyed.count) waiting.keep((one) => one.stage === "waiting")
      this.#offerKey(keyed)
    } else {
      this.permits[stage] -= 1
      keyed.permits[stage] -= 1
    }
    if (stage !== "begun" && entry.priority !== 0) this.#urgent -= 1
  }

  /** The first of a key is among those that may go, once. */
  #offerKey(keyed: Keyed): void {
    if (this.#parked.has(keyed)) return
    const first = firstOf(keyed.waiting, "waiting")
    if (first === undefined || keyed.ready === first) return
    keyed.ready = first
    this.#ready.push(first)
  }

  #park(keyed: Keyed, now: number): void {
    this.#parked.add(keyed)
    keyed.ready = undefined
    const at = keyed.permits.roomAt(this.#keyLimits(keyed), now)
    if (at === undefined || at === keyed.roomAt) return
    keyed.roomAt = at
    this.#roomLater.push({ keyed, at })
  }

  #unpark(keyed: Keyed): void {
    if (this.#parked.delete(keyed)) this.#offerKey(keyed)
  }

  /** Limits have changed: whoever was passed over is looked at again. */
  reconsider(): void {
    for (const keyed of this.#parked) this.#unpark(keyed)
  }

  /** The first that its key lets go; keys that let none go are parked. */
  #first(now: number): Entry | undefined {
    for (let top = this.#ready.peek(); top !== undefined; top = this.#ready.peek()) {
      const { keyed } = top
      const isCurrent = keyed.ready === top
      if (isCurrent && top.stage === "waiting") {
        if (keyed.permits.full(this.#keyLimits(keyed), now) === undefined) return top
        this.#park(keyed, now)
      } else if (isCurrent) {
        keyed.ready = undefined
        this.#offerKey(keyed)
      }
      this.#ready.pop()
    }
    return undefined
  }

  /** The most urgent of those that lie there; undefined where nothing has a priority. */
  #mostUrgent(): Entry | undefined {
    return this.#urgent === 0 ? undefined : firstOf(this.#released, "released")
  }

  #hasRoom(entry: Entry): boolean {
    if (this.permits.released < this.#window) return true
    const best = this.#mostUrgent()
    return best !== undefined && isMoreUrgent(entry, best)
  }

  /** Takes out of the line what may go now. */
  take(now: number): ReadonlyArray<Entry> {
    if (this.#keys.size > this.#sweepAt) this.#sweep(now)
    if (this.isPaused || this.#waiting === 0) return []
    for (let next = this.#roomLater.peek(); next !== undefined && next.at <= now; next = this.#roomLater.peek()) {
      this.#roomLater.pop()
      if (next.keyed.roomAt === next.at) next.keyed.roomAt = undefined
      this.#unpark(next.keyed)
    }
    this.#shrink(now)
    const taken: Array<Entry> = []
    while (this.permits.full(this.limits, now) === undefined) {
      const entry = this.#first(now)
      if (entry === undefined || !this.#hasRoom(entry)) break
      this.#release(entry, now)
      taken.push(entry)
    }
    return taken
  }

  #release(entry: Entry, now: number): void {
    this.#remove(entry)
    entry.stage = "released"
    entry.releasedAt = now
    this.permits.released += 1
    entry.keyed.permits.released += 1
    if (entry.priority !== 0) this.#urgent += 1
    this.#released.push(entry)
    if (this.#released.size > 64 && this.#released.size > 2 * this.permits.released) {
      this.#released.keep(({ stage }) => stage === "released")
    }
    if (this.#lying.length > 64 && this.#lying.length > 2 * this.permits.released) {
      this.#lying = this.#lying.filter(({ stage }) => stage === "released")
    }
    this.#lying.push(entry)
  }

  /** Halved for each while that one lies there and others wait. */
  #shrink(now: number): void {
    if (this.#window === SMALLEST_WINDOW) return
    const lying = this.#lying.find(({ stage }) => stage === "released")
    if (lying === undefined) return
    const whiles = Math.floor((now - Math.max(lying.releasedAt, this.#halvedAt)) / LEFT_LYING_MS)
    if (whiles < 1) return
    this.#window = Math.max(SMALLEST_WINDOW, Math.floor(this.#window / 2 ** whiles))
    this.#halvedAt = now
  }

  /** May it begin? Undefined: it has; else how long until it is to be asked for again, milliseconds. */
  claim(entry: Entry, now: number): number | undefined {
    if (entry.stage === "begun") return undefined
    if (this.isPaused) return HELD_MS
    const { keyed } = entry
    const keyLimits = this.#keyLimits(keyed)
    // What somebody before has released counts as one more; what this node has released has its permit.
    const isReleased = entry.stage === "released"
    const refuses = (permits: Permits, limits: PermitLimits) =>
      (isReleased ? permits.crowded(limits, now) : permits.full(limits, now)) !== undefined
    if (refuses(this.permits, this.limits)) return retryMs(this.permits, this.limits, now)
    if (refuses(keyed.permits, keyLimits)) return retryMs(keyed.permits, keyLimits, now)
    const urgent = this.#mostUrgent()
    // It goes first, unless nobody takes it.
    if (urgent !== undefined && now - urgent.releasedAt <= URGENT_MS && isMoreUrgent(urgent, entry)) return LETS_GO_MS
    if (isReleased && now - entry.releasedAt <= QUICK_MS && this.#waiting > 0) {
      this.#window = Math.min(LARGEST_WINDOW, this.#window + GROWTH)
    }
    this.begin(entry, now)
    return undefined
  }

  /** Something of a key has begun before this node knew of it: it counts against the rates. */
  started(key: string | undefined, at: number): void {
    if (this.limits.rate !== undefined) this.permits.started(at)
    if (key !== undefined && this.limits.keyRate !== undefined) this.#keyed(key).permits.started(at)
  }

  /** Forgets keys about which nothing is left to know. */
  #sweep(now: number): void {
    for (const [key, keyed] of this.#keys) {
      if (keyed.count === 0 && keyed.permits.isIdle(this.#keyLimits(keyed), now)) {
        this.#keys.delete(key)
        this.#parked.delete(keyed)
      }
    }
    this.#sweepAt = Math.max(1024, 2 * this.#keys.size)
  }

  /** When `take` may give more without anything having happened; undefined: only then. */
  nextAt(now: number): number | undefined {
    if (this.isPaused || this.#waiting === 0) return undefined
    const ofQueue = this.permits.full(this.limits, now)
    const at = ofQueue === undefined ? this.#roomLater.peek()?.at : this.permits.roomAt(this.limits, now)
    return at === undefined ? undefined : Math.max(now + 1, at)
  }

  /** What holds an entry back; undefined where it only waits for its turn. */
  heldBy(entry: Entry, now: number): HeldBy | undefined {
    if (entry.stage === "begun" || entry.stage === "gone") return undefined
    if (this.isPaused) return "paused"
    if (entry.stage === "released") return undefined
    return this.#heldKey(entry.keyed, now) ?? this.permits.full(this.limits, now)
  }

  #heldKey(keyed: Keyed, now: number): HeldBy | undefined {
    const full = keyed.permits.full(this.#keyLimits(keyed), now)
    return full === undefined ? undefined : full === "concurrency" ? "keyConcurrency" : "keyRate"
  }

  /** How many are held back by which limit. */
  held(now: number): Partial<Record<HeldBy, number>> {
    if (this.isPaused) return { paused: this.#waiting + this.permits.released }
    const counts: Partial<Record<HeldBy, number>> = {}
    const ofQueue = this.permits.full(this.limits, now)
    for (const keyed of this.#keys.values()) {
      const by = this.#heldKey(keyed, now) ?? ofQueue
      if (by !== undefined && keyed.count > 0) counts[by] = (counts[by] ?? 0) + keyed.count
    }
    return counts
  }
}

const retryMs = (permits: Permits, limits: PermitLimits, now: number): number => {
  const at = permits.roomAt(limits, now)
  return at === undefined ? HELD_MS : Math.min(HELD_MS, Math.max(1, at - now))
}

/** Priority, not mere age, puts it first: what is of the same priority never overtakes what lies there. */
const isMoreUrgent = (a: Entry, b: Entry): boolean => a.priority > b.priority && before(a, b)
