/** The order of a queue, its limits, and how much of it lies with the workers. */
import { assert, describe, it } from "@effect/vitest"
import { FIRST_WINDOW, LARGEST_WINDOW } from "../../../src/actors/queue/Line.ts"
import { Lines, workItem } from "../../support/dispatch.ts"
import { randomOf } from "../../support/random.ts"
import { START } from "../../support/task.ts"

const names = (count: number, prefix = "e") => Array.from({ length: count }, (_, index) => `${prefix}${index}`)

describe("the order of a queue", () => {
  it("is that in which it became their turn, then that of arrival", () => {
    const lines = new Lines()
    lines
      .offer("b", { queuedAt: START + 5 })
      .offer("a", { queuedAt: START })
      .offer("c", { queuedAt: START + 5 })
    assert.deepStrictEqual(lines.take(), ["a", "b", "c"])
  })
  it("puts what has a priority forward by so many seconds, and no further", () => {
    const lines = new Lines()
    lines.offer("old", { queuedAt: START - 61_000 })
    lines.offer("young", { queuedAt: START - 59_000 })
    lines.offer("urgent", { priority: 60 })
    lines.offer("patient", { priority: -3600, queuedAt: START - 3_000_000 })
    assert.deepStrictEqual(lines.take(), ["old", "urgent", "young", "patient"])
  })
  it("lets nothing starve: what waits goes before all that is more urgent and came so much later", () => {
    const lines = new Lines().set({ concurrency: 1 })
    lines.offer("blocker")
    assert.deepStrictEqual(lines.begin(), ["blocker"])
    lines.offer("plain")
    let running = "blocker"
    let turns = 0
    // One a second that is a minute more urgent, and each run takes a second: the line never gets shorter.
    for (; running !== "plain"; turns++) {
      assert.isBelow(turns, 100)
      lines.at((turns + 1) * 1000).offer(`urgent${turns}`, { priority: 60 })
      lines.end(running)
      running = lines.begin()[0] ?? ""
    }
    assert.isAtMost(turns, 61)
    assert.isAtLeast(turns, 59)
  })
  it("is the same for a random lot as that of a sort", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const random = randomOf(seed)
      const lines = new Lines().set({ concurrency: 1 })
      const waiting = new Map<string, readonly [number, number]>()
      lines.offer("first", { queuedAt: START - 10_000_000 })
      lines.begin()
      let running = "first"
      for (let turn = 0; turn < 200; turn++) {
        const [priority, age] = [Math.floor(random() * 200) - 100, Math.floor(random() * 200_000)]
        lines.offer(`e${turn}`, { priority, queuedAt: START - age })
        waiting.set(`e${turn}`, [START - age - priority * 1000, turn])
        if (random() < 0.2) {
          const [gone] = [...waiting.keys()].toSpliced(0, Math.floor(random() * waiting.size))
          if (gone !== undefined) {
            lines.end(gone)
            waiting.delete(gone)
          }
        }
        if (random() < 0.5) continue
        lines.end(running)
        const best = [...waiting].sort(([, [a, i]], [, [b, j]]) => a - b || i - j)[0]?.[0]
        running = lines.begin()[0] ?? ""
        assert.strictEqual(running, best ?? "")
        waiting.delete(running)
      }
    }
  })
})

describe("the limits of a queue", () => {
  it("let so many run at the same time; the next begins when one has ended", () => {
    const lines = new Lines().set({ concurrency: 2 })
    for (const name of names(4)) lines.offer(name)
    assert.deepStrictEqual(lines.begin(), ["e0", "e1"])
    assert.deepStrictEqual(lines.take(), [])
    assert.deepStrictEqual(lines.view(), { queue: "q", running: 2, waiting: 2, held: { concurrency: 2 } })
    assert.strictEqual(lines.dispatch.heldBy("e2", lines.now), "concurrency")
    assert.strictEqual(lines.dispatch.heldBy("e0", lines.now), undefined)
    lines.end("e1")
    assert.deepStrictEqual(lines.begin(), ["e2"])
  })
  it("count what is released and not begun: it may begin any moment", () => {
    const lines = new Lines().set({ concurrency: 2 })
    for (const name of names(3)) lines.offer(name)
    assert.deepStrictEqual(lines.take(), ["e0", "e1"])
    lines.end("e0")
    assert.deepStrictEqual(lines.take(), ["e2"])
  })
  it("let so many begin within a time, whatever they take", () => {
    const lines = new Lines().set({ rate: { count: 2, perMs: 1000 } })
    for (const name of names(5)) lines.offer(name)
    assert.deepStrictEqual(lines.begin(), ["e0", "e1"])
    lines.end("e0").end("e1")
    assert.deepStrictEqual(lines.at(999).take(), [])
    assert.strictEqual(lines.dispatch.nextAt(lines.now), START + 1000)
    assert.deepStrictEqual(lines.view()?.held, { rate: 3 })
    assert.deepStrictEqual(lines.at(1000).begin(), ["e2", "e3"])
    assert.deepStrictEqual(lines.at(2000).take(), ["e4"])
  })
  it("count against the rate from the moment at which it begins, not from its release", () => {
    const lines = new Lines().set({ rate: { count: 2, perMs: 1000 } })
    for (const name of names(4)) lines.offer(name)
    assert.deepStrictEqual(lines.take(), ["e0", "e1"])
    assert.deepStrictEqual(lines.at(60_000).take(), [], "nobody has begun them: they may both begin now")
    lines.claim("e0")
    lines.at(60_500).claim("e1")
    assert.deepStrictEqual(lines.at(60_999).take(), [])
    assert.deepStrictEqual(lines.at(61_000).begin(), ["e2"])
    assert.deepStrictEqual(lines.at(61_499).take(), [])
    assert.deepStrictEqual(lines.at(61_500).take(), ["e3"])
  })
  it("for each key hold back its own, and pass over them", () => {
    const lines = new Lines().set({ keyConcurrency: 1 })
    lines.offer("a1", { key: "a" }).offer("a2", { key: "a" }).offer("b1", { key: "b" }).offer("none1").offer("none2")
    assert.deepStrictEqual(lines.take(), ["a1", "b1", "none1", "none2"])
    assert.deepStrictEqual(lines.view()?.held, { keyConcurrency: 1 })
    assert.strictEqual(lines.dispatch.heldBy("a2", lines.now), "keyConcurrency")
    lines.end("b1")
    assert.deepStrictEqual(lines.take(), [])
    lines.end("a1")
    assert.deepStrictEqual(lines.take(), ["a2"])
  })
  it("for each key limit its rate by itself", () => {
    const lines = new Lines().set({ keyRate: { count: 1, perMs: 1000 } })
    for (const key of ["a", "b"]) for (const name of names(3, key)) lines.offer(name, { key })
    assert.deepStrictEqual(lines.begin(), ["a0", "b0"])
    lines.end("a0").end("b0")
    assert.deepStrictEqual(lines.take(), [])
    assert.deepStrictEqual(lines.view()?.held, { keyRate: 4 })
    assert.strictEqual(lines.dispatch.nextAt(lines.now), START + 1000)
    assert.deepStrictEqual(lines.at(1000).take(), ["a1", "b1"])
  })
  it("follow a change at once", () => {
    const lines = new Lines().set({ concurrency: 1 })
    for (const name of names(5)) lines.offer(name)
    assert.deepStrictEqual(lines.begin(), ["e0"])
    assert.deepStrictEqual(lines.set({ concurrency: 3 }).begin(), ["e1", "e2"])
    lines.set({ concurrency: 1 }).end("e0").end("e1")
    assert.deepStrictEqual(lines.begin(), [], "one still runs")
    lines.end("e2")
    assert.deepStrictEqual(lines.begin(), ["e3"])
    assert.deepStrictEqual(lines.set({}).take(), ["e4"])
  })
  it("hold at the claim too where they have become lower since the release", () => {
    const lines = new Lines().set({ concurrency: 3 })
    for (const name of names(3)) lines.offer(name)
    assert.strictEqual(lines.take().length, 3)
    lines.set({ concurrency: 1 })
    assert.deepStrictEqual(
      [lines.claim("e0"), lines.claim("e1"), lines.claim("e2")],
      ["begins", "held 1000", "held 1000"]
    )
    lines.end("e0")
    assert.strictEqual(lines.claim("e1"), "begins")
  })
  it("let nothing begin while it is paused, not even what is released; what runs goes on", () => {
    const lines = new Lines()
    lines.offer("runs").begin()
    lines.offer("released").take()
    lines.set({}, true)
    lines.offer("waits")
    assert.deepStrictEqual(lines.take(), [])
    assert.strictEqual(lines.claim("released"), "held 1000")
    assert.strictEqual(lines.claim("runs"), "begins", "its worker may ask again")
    assert.deepStrictEqual(lines.view(), { queue: "q", running: 1, waiting: 2, held: { paused: 2 } })
    assert.strictEqual(lines.dispatch.heldBy("waits", lines.now), "paused")
    assert.deepStrictEqual(lines.set({}).take(), ["waits"])
    assert.strictEqual(lines.claim("released"), "begins")
  })
})

describe("what this node has not released", () => {
  it("begins at its claim where there is room, and is asked for again where there is none", () => {
    const lines = new Lines().set({ concurrency: 2 })
    assert.strictEqual(lines.claim("left1"), "begins")
    lines.offer("left2").offer("left3")
    assert.deepStrictEqual(lines.take(), ["left2"])
    assert.strictEqual(lines.claim("left3"), "held 1000", "the place is kept for what was released")
    lines.end("left1")
    assert.strictEqual(lines.claim("left3"), "begins")
    assert.deepStrictEqual(lines.take(), [])
    assert.strictEqual(lines.claim("left2"), "begins")
    assert.strictEqual(lines.view()?.running, 2)
  })
  it("is told when a rate has room", () => {
    const lines = new Lines().set({ rate: { count: 1, perMs: 500 } })
    assert.strictEqual(lines.claim("left1"), "begins")
    assert.strictEqual(lines.at(100).claim("left2"), "held 400")
    assert.strictEqual(lines.at(500).claim("left2"), "begins")
  })
  it("and runs, counts: known from the log, or from its worker, also beyond the limit", () => {
    const lines = new Lines().set({ concurrency: 1, rate: { count: 2, perMs: 1000 } })
    lines.dispatch.begin("one", 1, lines.place(), START - 500)
    lines.dispatch.begin("two", 1, lines.place(), START - 100)
    lines.dispatch.begin("two", 1, lines.place(), START - 100)
    assert.strictEqual(lines.view()?.running, 2)
    lines.offer("three")
    assert.deepStrictEqual(lines.end("one").take(), [])
    assert.deepStrictEqual(lines.end("two").take(), [], "the rate remembers them")
    assert.deepStrictEqual(lines.at(500).take(), ["three"])
  })
  it("and has ended lately, counts against the rate", () => {
    const lines = new Lines().set({ rate: { count: 1, perMs: 1000 }, keyRate: { count: 1, perMs: 5000 } })
    lines.dispatch.started({ queue: "q", key: "a" }, START - 400)
    lines.offer("a1", { key: "a" }).offer("b1", { key: "b" })
    assert.deepStrictEqual(lines.take(), [])
    assert.deepStrictEqual(lines.at(600).take(), ["b1"])
  })
})

describe("how much lies with the workers", () => {
  it("grows while they are hungry, up to its bound", () => {
    const lines = new Lines()
    for (const name of names(20_000)) lines.offer(name)
    let largest = 0
    let rounds = 0
    for (let taken = lines.take(); taken.length > 0; taken = lines.take()) {
      if (rounds === 0) assert.strictEqual(taken.length, FIRST_WINDOW)
      largest = Math.max(largest, taken.length)
      for (const name of taken) {
        lines.claim(name)
        lines.end(name)
      }
      rounds += 1
      lines.at(rounds * 20)
    }
    assert.strictEqual(largest, LARGEST_WINDOW)
    assert.isBelow(rounds, 40)
  })
  it("shrinks to one while they are busy, and others wait", () => {
    const lines = new Lines()
    for (const name of names(100)) lines.offer(name)
    const lying = [...lines.take()]
    assert.strictEqual(lying.length, FIRST_WINDOW)
    const ahead: Array<number> = []
    for (let second = 1; second < 40; second++) {
      const name = lying.shift()
      if (name === undefined) break
      lines.at(second * 1000).claim(name)
      lying.push(...lines.take())
      lines.end(name)
      ahead.push(lying.length)
    }
    assert.strictEqual(ahead.at(-1), 1)
  })
  it("is no obstacle for what is more urgent: it goes out, and begins before all that lies there", () => {
    const lines = new Lines()
    for (const name of names(100)) lines.offer(name)
    assert.deepStrictEqual(lines.take(), names(FIRST_WINDOW))
    lines.at(5000).offer("urgent", { priority: 60 })
    assert.deepStrictEqual(lines.take(), ["urgent"])
    assert.strictEqual(lines.claim("e0"), "held 100")
    assert.strictEqual(lines.claim("e1"), "held 100")
    assert.strictEqual(lines.claim("urgent"), "begins")
    assert.strictEqual(lines.claim("e0"), "begins")
  })
  it("does not wait for ever for what is more urgent and nobody takes", () => {
    const lines = new Lines()
    lines.offer("plain").take()
    lines.offer("urgent", { priority: 60 }).take()
    assert.strictEqual(lines.at(2000).claim("plain"), "held 100")
    assert.strictEqual(lines.at(2001).claim("plain"), "begins")
  })
  it("begins in any order among those of one priority", () => {
    const lines = new Lines()
    for (const name of names(3)) lines.offer(name, { queuedAt: START + Number(name.slice(1)) * 1000 })
    lines.take()
    assert.strictEqual(lines.claim("e2"), "begins")
  })
})

describe("an offer", () => {
  it("that is repeated changes nothing; what was lost on its way is sent again", () => {
    const lines = new Lines().set({ concurrency: 1 })
    lines.offer("a").offer("b").offer("a").offer("b")
    assert.deepStrictEqual(lines.take(), ["a"])
    const item = lines.dispatch.offer({ ...lines.place(), item: workItem("a", "q") })
    assert.strictEqual(item?.executionId, "a")
    assert.deepStrictEqual(lines.take(), [])
    assert.deepStrictEqual(lines.view(), { queue: "q", running: 0, waiting: 2, held: { concurrency: 1 } })
  })
  it("of another attempt takes the place of the one before", () => {
    const lines = new Lines().set({ concurrency: 1 })
    lines.offer("a").begin()
    lines.offer("a", {}, 2)
    assert.deepStrictEqual(lines.take(), ["a"])
    assert.strictEqual(lines.claim("a", {}, 2), "begins")
    assert.strictEqual(lines.end("a", 1).view()?.running, 1, "the end of the one before says nothing of it")
    assert.strictEqual(lines.end("a", 2).view()?.running, 0)
  })
  it("that has not been released can be taken back", () => {
    const lines = new Lines().set({ concurrency: 1 })
    lines.offer("a").offer("b").take()
    assert.deepStrictEqual([lines.dispatch.takeBack("a", 1), lines.dispatch.takeBack("b", 1)], [false, true])
    assert.strictEqual(lines.view()?.waiting, 1)
  })
})
