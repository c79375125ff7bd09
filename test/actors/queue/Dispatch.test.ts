/**
 * Random lives of queues: offers, claims, ends, losses, cancels, changed limits, pauses and restarts. Whatever happens,
 * limits hold, nothing is held for what is not open, and everything begins in the end.
 */
import { assert, describe, it } from "@effect/vitest"
import type { QueueLimits } from "../../../src/events/QueueEvent.ts"
import { Lines } from "../../support/dispatch.ts"
import { randomOf } from "../../support/random.ts"
import { START } from "../../support/task.ts"

interface Open {
  readonly id: string
  attempt: number
  readonly queue: string
  readonly key: string | undefined
  readonly priority: number
  stage: "waiting" | "running"
  /** A worker has it, and may claim it. */
  delivered: boolean
}

const KEYS = [undefined, "a", "b", "c"]

class Life {
  lines = new Lines()
  readonly open = new Map<string, Open>()
  readonly starts: Array<{ readonly at: number; readonly queue: string; readonly key: string | undefined }> = []
  readonly random: () => number
  #count = 0

  constructor(seed: number) {
    this.random = randomOf(seed)
  }

  pick<A>(items: ReadonlyArray<A>): A | undefined {
    return items[Math.floor(this.random() * items.length)]
  }

  rules(queue: string): { readonly limits: QueueLimits; readonly isPaused: boolean } {
    return this.lines.rules.get(queue) ?? { limits: {}, isPaused: false }
  }

  running(queue: string, key?: string): number {
    return [...this.open.values()].filter(
      (one) => one.stage === "running" && one.queue === queue && (key === undefined || one.key === key)
    ).length
  }

  offer(): void {
    const one: Open = {
      id: `e${(this.#count += 1)}`,
      attempt: 1,
      queue: this.pick(["q", "r"]) ?? "q",
      key: this.pick(KEYS),
      priority: this.random() < 0.3 ? Math.floor(this.random() * 100) - 50 : 0,
      stage: "waiting",
      delivered: false
    }
    this.open.set(one.id, one)
    this.lines.offer(one.id, one, one.attempt)
  }

  release(): void {
    for (const { attempt, executionId } of this.lines.dispatch.take(this.lines.now)) {
      const one = this.open.get(executionId)
      assert.isDefined(one, "what is not open is not released")
      assert.strictEqual(one.attempt, attempt)
      assert.strictEqual(one.stage, "waiting", "what runs is not released again")
      one.delivered = true
    }
  }

  claim(one: Open): void {
    const { dispatch, now } = this.lines
    if (dispatch.claim(one.id, one.attempt, this.lines.place(one), now) !== undefined) return
    const { isPaused, limits } = this.rules(one.queue)
    assert.isFalse(isPaused, "nothing begins in a paused queue")
    one.stage = "running"
    this.starts.push({ at: now, queue: one.queue, key: one.key })
    if (limits.concurrency !== undefined) assert.isAtMost(this.running(one.queue), limits.concurrency)
    if (limits.keyConcurrency !== undefined && one.key !== undefined) {
      assert.isAtMost(this.running(one.queue, one.key), limits.keyConcurrency)
    }
    for (const [rate, key] of [
      [limits.rate, undefined],
      [limits.keyRate, one.key]
    ] as const) {
      if (rate === undefined || (rate === limits.keyRate && one.key === undefined)) continue
      const counted = this.starts.filter(
        (start) => start.queue === one.queue && (key === undefined || start.key === key) && start.at > now - rate.perMs
      )
      assert.isAtMost(counted.length, rate.count)
    }
  }

  end(one: Open): void {
    if (this.random() < 0.3) {
      this.lines.dispatch.leave(one.id, one.attempt)
      one.attempt += 1
      one.stage = "waiting"
      one.delivered = false
      this.lines.offer(one.id, one, one.attempt)
    } else this.forget(one)
  }

  forget(one: Open): void {
    this.open.delete(one.id)
    this.lines.dispatch.leave(one.id, one.attempt)
  }

  /** A new owner: it knows what runs, what has begun lately, and what is open; workers still have what they were given. */
  restart(): void {
    const { now, rules } = this.lines
    this.lines = new Lines().at(now - START)
    for (const [queue, one] of rules) this.lines.set(one.limits, one.isPaused, queue)
    const runs = [...this.open.values()].filter(({ stage }) => stage === "running")
    for (const start of this.starts) this.lines.dispatch.started(start, start.at)
    for (const one of runs) this.lines.dispatch.begin(one.id, one.attempt, this.lines.place(one), now - 86_400_001)
    for (const one of this.open.values()) if (one.stage === "waiting") this.lines.offer(one.id, one, one.attempt)
  }

  check(): void {
    for (const queue of ["q", "r"]) {
      const view = this.lines.view(queue)
      assert.strictEqual(view?.running ?? 0, this.running(queue))
      const waiting = [...this.open.values()].filter((one) => one.queue === queue && one.stage === "waiting").length
      assert.strictEqual(view?.waiting ?? 0, waiting)
      const held = Object.values(view?.held ?? {}).reduce((sum, one) => sum + (one ?? 0), 0)
      assert.isAtMost(held, waiting)
    }
  }
}

const limitsOf = (random: () => number): QueueLimits => ({
  ...(random() < 0.6 ? { concurrency: 1 + Math.floor(random() * 5) } : {}),
  ...(random() < 0.4
    ? { rate: { count: 1 + Math.floor(random() * 5), perMs: 100 + Math.floor(random() * 1000) } }
    : {}),
  ...(random() < 0.5 ? { keyConcurrency: 1 + Math.floor(random() * 2) } : {}),
  ...(random() < 0.3
    ? { keyRate: { count: 1 + Math.floor(random() * 3), perMs: 100 + Math.floor(random() * 500) } }
    : {})
})

describe("a life of queues", () => {
  for (let seed = 1; seed <= 60; seed++) {
    it(`keeps to their limits and holds nothing back for ever (${seed})`, () => {
      const life = new Life(seed)
      const { random } = life
      for (const queue of ["q", "r"]) life.lines.set(limitsOf(random), false, queue)
      for (let step = 0; step < 600; step++) {
        const open = [...life.open.values()]
        const what = random()
        const any = life.pick(open)
        if (what < 0.35) life.offer()
        else if (what < 0.6) {
          const one = life.pick(open.filter(({ delivered, stage }) => delivered && stage === "waiting"))
          if (one !== undefined) life.claim(one)
        } else if (what < 0.8) {
          const one = life.pick(open.filter(({ stage }) => stage === "running"))
          if (one !== undefined) life.end(one)
        } else if (what < 0.84 && any !== undefined) life.forget(any)
        else if (what < 0.86) {
          const queue = life.pick(["q", "r"]) ?? "q"
          const { isPaused, limits } = life.rules(queue)
          // Rates stay: a lower one would meet starts that were right when they were made.
          const { concurrency, keyConcurrency } = limitsOf(random)
          const { concurrency: _one, keyConcurrency: _other, ...rates } = limits
          const more = {
            ...(concurrency === undefined ? {} : { concurrency: Math.max(concurrency, life.running(queue)) }),
            ...(keyConcurrency === undefined ? {} : { keyConcurrency: 20 })
          }
          life.lines.set({ ...rates, ...more }, random() < 0.3 ? !isPaused : isPaused, queue)
        } else if (what < 0.87) life.restart()
        else life.lines.now += Math.floor(random() * 100)
        life.release()
        life.check()
      }
      for (const queue of ["q", "r"]) life.lines.set(life.rules(queue).limits, false, queue)
      for (let turn = 0; life.open.size > 0; turn++) {
        assert.isBelow(turn, 20_000, "everything begins in the end")
        life.release()
        for (const one of life.open.values()) {
          if (one.stage === "running") life.forget(one)
          else if (one.delivered) life.claim(one)
        }
        life.lines.now += 50
      }
      life.check()
      assert.strictEqual(life.lines.dispatch.nextAt(life.lines.now), undefined)
    })
  }
})
