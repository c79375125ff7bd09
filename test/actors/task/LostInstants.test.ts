/** Nights on which a time of day does not exist, and tasks that skip such times: the log says so, once, and nothing runs for it. */
import { assert, describe, it } from "@effect/vitest"
import type { ExcludedDays } from "../../../src/actors/task/ExcludedDays.ts"
import { evolve } from "../../../src/actors/task/Evolve.ts"
import { wakeAt, type TaskState } from "../../../src/actors/task/TaskState.ts"
import { Verification } from "../../../src/audit/Verify.ts"
import type { TaskDefinition } from "../../../src/events/TaskDefinition.ts"
import type { TaskEvent } from "../../../src/events/TaskEvent.ts"
import { fromMillis } from "../../../src/recurrence/Instant.ts"
import * as LostInstants from "../../../src/recurrence/LostInstants.ts"
import { tzdataVersion } from "../../../src/recurrence/zone/Zone.ts"
import { pick, randomOf } from "../../support/random.ts"
import { definition, done, History, RULES, START } from "../../support/task.ts"

const HOUR = 3_600_000
const DAY = 24 * HOUR

const nightly = (
  expression = "0 30 2 * * *",
  timezone = "Europe/Berlin",
  gap: "nextValid" | "skip" = "skip"
): Partial<TaskDefinition> => ({
  recurrence: { kind: "cron", expression, timezone, gap, overlap: "first" },
  timezone,
  overlap: "allowAll"
})

/** The clocks of Berlin go forward on 29 March at 01:00Z; of the night before, 02:30 is 01:30Z, of the night after 00:30Z. */
const GAP = Date.parse("2026-03-29T01:00:00.000Z")

class Life extends History {
  until(instant: string | number): this {
    return this.at((typeof instant === "string" ? Date.parse(instant) : instant) - START)
  }

  /** All that the timer brings now, in turn: instants by the day and the minute. */
  get brought(): ReadonlyArray<string> {
    const from = this.log.length
    while (this.wake() !== "");
    return this.log.slice(from).map(told)
  }
}

const short = (instant: string): string => instant.slice(5, 16)

const told = (event: TaskEvent): string => {
  if (event.type === "due") return `due ${short(event.nominalAt)}`
  if (event.type !== "skipped") return event.type
  const { count, nominalAt, reason, throughAt } = event
  return `${reason} ${short(nominalAt)}${count === 1 ? "" : `..${short(throughAt)} (${count})`}`
}

/** A task at noon of the day before. */
const eve = (changes: Partial<TaskDefinition> = {}) => {
  const task = new Life().until("2026-03-28T11:00:00.000Z")
  task.schedule({ ...nightly(), ...changes })
  return task
}

/** What an audit finds in a life, every event in a commit of its own; `quiet`: its owner was at work, and decided nothing. */
const findings = (log: ReadonlyArray<TaskEvent>, ...quiet: ReadonlyArray<string>) => {
  const verification = new Verification({ taskId: "task-1" })
  const commit = (sequence: number, time: string, events: ReadonlyArray<TaskEvent>) =>
    verification.commit({
      sequence,
      hash: "",
      storedAt: 0,
      commit: { v: 1, commitId: `t.${sequence}`, partition: 0, time, previousSequence: 0, previousHash: "", events }
    })
  for (const [index, event] of log.entries()) {
    commit(index + 1, event.time, [event.type === "scheduled" ? { ...event, tzdata: tzdataVersion } : event])
  }
  for (const [index, time] of quiet.entries()) commit(log.length + 1 + index, time, [])
  return verification.end().findings.map(({ at, kind }) => (at === undefined ? kind : `${kind} ${short(at)}`))
}

const nextOf = (task: Life) => {
  const at = wakeAt(task.state as TaskState, 100)
  return at === null ? null : short(fromMillis(at))
}

describe("an instant that the clocks take away", () => {
  it("is told when it comes, with the next that runs, and nothing runs for it", () => {
    const task = eve()
    const [scheduled] = task.log
    assert.include(scheduled, { nextAt: "2026-03-30T00:30:00.000Z", lostAt: "2026-03-29T01:00:00.000Z" })
    assert.strictEqual(nextOf(task), "03-29T01:00")
    assert.deepStrictEqual(task.until("2026-03-29T00:59:59.999Z").brought, [])
    assert.deepStrictEqual(task.until(GAP).brought, ["dstGap 03-29T01:00"])
    assert.include(task.log.at(-1), {
      reason: "dstGap",
      nominalAt: "2026-03-29T01:00:00.000Z",
      throughAt: "2026-03-29T01:00:00.000Z",
      count: 1,
      nextAt: "2026-03-30T00:30:00.000Z",
      lostAt: null
    })
    assert.deepStrictEqual(task.open, [])
    assert.deepStrictEqual(task.brought, [])
    assert.deepStrictEqual(task.until("2026-03-30T00:30:00.000Z").brought, ["due 03-30T00:30"])
    assert.deepStrictEqual(findings(task.log), [])
  })

  it("is none for a task that runs such times later, and its events speak of none", () => {
    const task = eve(nightly("0 30 2 * * *", "Europe/Berlin", "nextValid"))
    assert.deepStrictEqual(task.until("2026-03-30T12:00:00.000Z").brought.slice(0, 1), ["catchUp 03-29T01:00"])
    assert.isTrue(task.log.every((event) => !("lostAt" in event)))
  })

  it("comes as much later as the occurrences of its task do", () => {
    const task = eve({ offsetMs: 600_000 })
    assert.deepStrictEqual(task.until(GAP).brought, [])
    assert.deepStrictEqual(task.until(GAP + 600_000).brought, ["dstGap 03-29T01:00"])
  })

  it("is told once by an owner who comes late, between what else was missed", () => {
    const task = new Life().until("2026-03-26T11:00:00.000Z")
    task.schedule({ ...nightly(), catchUp: "latest" })
    assert.deepStrictEqual(task.until("2026-04-01T12:00:00.000Z").brought, [
      "catchUp 03-27T01:30..03-28T01:30 (2)",
      "dstGap 03-29T01:00",
      "catchUp 03-30T00:30..03-31T00:30 (2)",
      "due 04-01T00:30"
    ])
    assert.deepStrictEqual(findings(task.log), [])
  })

  it("is told between those that are run late, and once more is not run for it", () => {
    const task = new Life().until("2026-03-27T11:00:00.000Z")
    task.schedule({ ...nightly(), catchUp: "all", catchUpWindowMs: 10 * DAY })
    assert.deepStrictEqual(task.until("2026-03-31T12:00:00.000Z").brought, [
      "due 03-28T01:30",
      "dstGap 03-29T01:00",
      "due 03-30T00:30",
      "due 03-31T00:30"
    ])
    assert.deepStrictEqual(findings(task.log), [])
  })

  it("costs an outage of twenty years one decision a year", () => {
    const task = eve({ catchUp: "none" })
    const brought = task.until("2046-01-15T12:00:00.000Z").brought
    assert.strictEqual(brought.filter((one) => one.startsWith("dstGap")).length, 20)
    assert.strictEqual(brought.length, 40)
    assert.deepStrictEqual(findings(task.log), [])
  })

  it("uses up none of the runs of a task, and none is told once these are", () => {
    const three = new Life().until("2026-03-27T11:00:00.000Z")
    three.schedule({ ...nightly(), maxRuns: 2, catchUp: "all", catchUpWindowMs: 10 * DAY })
    assert.deepStrictEqual(three.until("2026-04-05T12:00:00.000Z").brought, [
      "due 03-28T01:30",
      "dstGap 03-29T01:00",
      "due 03-30T00:30"
    ])
    const one = new Life().until("2026-03-27T11:00:00.000Z")
    one.schedule({ ...nightly(), maxRuns: 1 })
    assert.deepStrictEqual(one.until("2026-03-28T01:30:00.000Z").brought, ["due 03-28T01:30"])
    assert.include(one.log.at(-1), { nextAt: null, lostAt: null })
    assert.deepStrictEqual(one.until("2026-04-05T12:00:00.000Z").brought, [])
    assert.deepStrictEqual(findings(one.log), [])
  })

  it("is the last word about a task whose last time it would have been", () => {
    const task = new Life().until("2026-03-27T11:00:00.000Z")
    task.schedule({ ...nightly(), endAt: "2026-03-29T12:00:00.000Z" })
    assert.deepStrictEqual(task.until("2026-03-28T01:30:00.000Z").brought, ["due 03-28T01:30"])
    const [due] = task.open
    task.claim(due?.split("#")[0] ?? "")
    assert.strictEqual(task.report(due?.split("#")[0] ?? "", done), "success 1")
    assert.deepStrictEqual(task.until(GAP).brought, ["dstGap 03-29T01:00", "completed"])
    assert.strictEqual(task.state?.phase, "completed")
    assert.deepStrictEqual(findings(task.log), [])
  })

  it("ends its task after it, where an execution is still open then", () => {
    const task = new Life().until("2026-03-27T11:00:00.000Z")
    task.schedule({ ...nightly(), endAt: "2026-03-29T12:00:00.000Z" })
    const due = (task.until("2026-03-28T01:30:00.000Z").brought, task.open[0]?.split("#")[0] ?? "")
    assert.deepStrictEqual(task.until(GAP).brought, ["dstGap 03-29T01:00"])
    task.claim(due)
    assert.strictEqual(task.report(due, done), "success 1, completed")
    assert.deepStrictEqual(findings(task.log), [])
  })
})

describe("what people do about such a task", () => {
  it("pausing it over that night: the pause is what is told", () => {
    const task = eve()
    task.command({ type: "pause", until: null })
    assert.deepStrictEqual(task.until("2026-03-29T12:00:00.000Z").brought, [])
    assert.strictEqual(task.command({ type: "resume" }), "resumed")
    assert.include(task.log.at(-1), { nextAt: "2026-03-30T00:30:00.000Z", lostAt: null })
    assert.deepStrictEqual(task.until("2026-03-30T00:30:00.000Z").brought, ["due 03-30T00:30"])
    assert.deepStrictEqual(findings(task.log), [])
  })

  it("pausing it before and letting it go on in time: it is told", () => {
    const task = eve()
    task.command({ type: "pause", until: Date.parse("2026-03-28T20:00:00.000Z") })
    assert.deepStrictEqual(task.until("2026-03-29T12:00:00.000Z").brought, ["resumed", "dstGap 03-29T01:00"])
    assert.deepStrictEqual(findings(task.log), [])
  })

  it("ends the pause of a task of which nothing more was to come", () => {
    const task = new Life().until("2026-03-27T11:00:00.000Z")
    task.schedule({ ...nightly(), endAt: "2026-03-29T12:00:00.000Z" })
    const due = (task.until("2026-03-28T01:30:00.000Z").brought, task.open[0]?.split("#")[0] ?? "")
    task.claim(due)
    task.report(due, done)
    task.command({ type: "pause", until: null })
    task.until("2026-03-30T12:00:00.000Z")
    assert.strictEqual(task.command({ type: "resume" }), "resumed, completed")
    assert.deepStrictEqual(findings(task.log), [])
  })

  it("changing its words: what was to come before is forgotten", () => {
    const task = eve()
    const at = Date.parse("2026-03-30T00:30:00.000Z")
    // Another schedule, whose next instant happens to be the same.
    const recurrence = { kind: "interval", everyMs: 7 * DAY, anchorAt: fromMillis(at) } as const
    const changed = { definition: definition({ ...nightly(), recurrence }), timed: true }
    task.command({
      type: "change",
      ifRevision: undefined,
      apply: () => ({ _tag: "Success", success: changed }) as never
    })
    assert.deepStrictEqual(task.until("2026-03-30T00:30:00.000Z").brought, ["due 03-30T00:30"])
  })

  it("changing its name, running it, and filling in its past leave it to come", () => {
    const task = eve()
    const renamed = { definition: definition({ ...nightly(), taskName: "other" }), timed: false }
    task.command({
      type: "change",
      ifRevision: undefined,
      apply: () => ({ _tag: "Success", success: renamed }) as never
    })
    task.run()
    task.command({
      type: "backfill",
      from: Date.parse("2026-03-26T00:00:00.000Z"),
      to: Date.parse("2026-03-28T10:00:00.000Z"),
      atOnce: true
    })
    assert.deepStrictEqual(task.until(GAP).brought, ["dstGap 03-29T01:00"])
    assert.deepStrictEqual(findings(task.log), [])
  })

  it("filling in the past: there is nothing to be filled in for that night", () => {
    const task = eve()
    task.until("2026-03-29T12:00:00.000Z")
    assert.deepStrictEqual(task.brought, ["dstGap 03-29T01:00"])
    const [from, to] = [Date.parse("2026-03-29T00:00:00.000Z"), Date.parse("2026-03-29T12:00:00.000Z")]
    assert.strictEqual(task.command({ type: "backfill", from, to, atOnce: true }), "refused invalidRequest")
  })

  it("leaving out the instant after it: both are told, each once", () => {
    const task = eve()
    assert.strictEqual(
      task.command({ type: "skip", at: Date.parse("2026-03-30T00:30:00.000Z") }),
      "skipped skippedByUser 2388600-2388600 (1)"
    )
    assert.deepStrictEqual(task.until("2026-03-31T00:30:00.000Z").brought, ["dstGap 03-29T01:00", "due 03-31T00:30"])
    assert.deepStrictEqual(findings(task.log), [])
  })

  it("leaving out that very instant: there is none", () => {
    assert.strictEqual(eve().command({ type: "skip", at: GAP }), "refused invalidRequest")
  })

  it("cancelling it before and restoring it in time: it is told; restoring it afterwards: it is not", () => {
    for (const [restored, brought] of [
      ["2026-03-28T20:00:00.000Z", ["dstGap 03-29T01:00"]],
      ["2026-03-29T08:00:00.000Z", []]
    ] as const) {
      const task = eve()
      task.cancel()
      task.until(restored)
      assert.strictEqual(task.command({ type: "restore", allowPast: false }), "restored")
      assert.deepStrictEqual(task.until("2026-03-29T12:00:00.000Z").brought, brought)
      assert.deepStrictEqual(findings(task.log), [])
    }
  })

  it("excluding that day while it is to come: nothing is told of it", () => {
    const task = eve({ exclude: ["closed"] })
    const days = (changedAt: number, excluded: ReturnType<ExcludedDays["of"]>): ExcludedDays => ({
      of: () => excluded,
      changedAt: () => changedAt
    })
    task.excluded = days(7, [{ from: "2026-03-29", to: "2026-03-29" }])
    assert.deepStrictEqual(task.until("2026-03-29T12:00:00.000Z").brought, ["rescheduled"])
    assert.include(task.log.at(-1), { nextAt: "2026-03-30T00:30:00.000Z", lostAt: null, calendarsAt: 7 })
    // Once it has passed it does not come back.
    task.excluded = days(9, [])
    assert.deepStrictEqual(task.brought, [])
  })
})

describe("logs of before", () => {
  const before = (log: ReadonlyArray<TaskEvent>): ReadonlyArray<TaskEvent> =>
    log
      .filter((event) => event.type !== "skipped" || event.reason !== "dstGap")
      .map((event) => {
        const { lostAt: _lostAt, ...rest } = event as TaskEvent & { readonly lostAt?: unknown }
        return rest as TaskEvent
      })

  it("owe nothing: they say of no instant that it is to be taken away", () => {
    const task = eve()
    assert.lengthOf(task.until("2026-03-29T12:00:00.000Z").brought, 1)
    assert.lengthOf(task.until("2026-03-30T00:30:00.000Z").brought, 1)
    assert.deepStrictEqual(findings(before(task.log)), [])
  })

  it("go on by the rules of today from their next decision", () => {
    const task = eve()
    const old = new Life()
    for (const event of before(task.log)) {
      old.log.push(event)
      old.state = evolve(old.state, event, { sequence: 1 }, RULES.leaseMs)
    }
    assert.deepStrictEqual(old.until("2026-03-29T12:00:00.000Z").brought, [])
    assert.deepStrictEqual(old.until("2026-03-30T00:30:00.000Z").brought, ["due 03-30T00:30"])
    assert.include(old.log.at(-1), { lostAt: null })
    assert.deepStrictEqual(findings(old.log), [])
  })
})

describe("an audit finds it when such an instant", () => {
  const whole = () => {
    const task = eve()
    task.until(GAP + 1000)
    assert.lengthOf(task.brought, 1)
    task.until("2026-03-30T00:30:00.000Z")
    assert.lengthOf(task.brought, 1)
    return task.log
  }

  it("was promised and never told", () => {
    const log = whole().filter((event) => event.type !== "skipped")
    assert.deepStrictEqual(findings(log), ["unexplained 03-29T01:00"])
  })

  it("was neither promised nor told by rules that know of such instants", () => {
    const log = whole().flatMap((event) =>
      event.type === "skipped" ? [] : ["lostAt" in event ? { ...event, lostAt: null } : event]
    )
    assert.deepStrictEqual(findings(log), ["unexplained 03-29T01:00"])
  })

  it("was passed over in a stretch", () => {
    const task = new Life().until("2026-03-26T11:00:00.000Z")
    task.schedule({ ...nightly(), catchUp: "none" })
    task.until("2026-04-01T12:00:00.000Z")
    const [scheduled, first, , last] = (task.brought, task.log)
    assert.isTrue(first?.type === "skipped" && last?.type === "skipped")
    if (first?.type !== "skipped" || last?.type !== "skipped" || scheduled === undefined) return
    const one = { ...last, nominalAt: first.nominalAt, count: first.count + last.count }
    assert.deepStrictEqual(findings([scheduled, one]), ["unexplained 03-29T01:00"])
  })

  it("was told twice", () => {
    const log = whole()
    assert.deepStrictEqual(findings([...log.slice(0, 2), ...log.slice(1)]), ["duplicate 03-29T01:00"])
  })

  it("was told early, or of another instant", () => {
    const changed = (changes: object) =>
      findings(whole().map((event) => (event.type === "skipped" ? { ...event, ...changes } : event)))
    assert.include(changed({ time: "2026-03-29T00:30:00.000Z" }), "early 03-29T01:00")
    const instant = "2026-03-28T13:00:00.000Z"
    assert.deepStrictEqual(changed({ nominalAt: instant, throughAt: instant }), [
      "offGrid 03-28T13:00",
      "unexplained 03-29T01:00"
    ])
  })

  it("was told of a task that was paused", () => {
    const task = eve()
    const [scheduled] = task.log
    task.command({ type: "pause", until: null })
    const told = whole()[1]
    assert.isDefined(told)
    if (scheduled === undefined || told === undefined) return
    assert.deepStrictEqual(findings([scheduled, ...task.log.slice(1), told]), ["whilePaused 03-29T01:00"])
  })

  it("was still to come when its task was over", () => {
    const task = new Life().until("2026-03-28T11:00:00.000Z")
    task.schedule({ ...nightly(), endAt: "2026-03-30T12:00:00.000Z" })
    task.until(GAP)
    assert.lengthOf(task.brought, 1)
    const [scheduled, skipped] = task.log
    const completed = { ...skipped, type: "completed" } as unknown as TaskEvent
    if (scheduled === undefined) return
    assert.deepStrictEqual(findings([scheduled, completed]), ["completedEarly 03-29T01:00"])
  })

  it("is overdue at the end of the log", () => {
    const [scheduled] = whole()
    if (scheduled === undefined) return
    assert.deepStrictEqual(findings([scheduled], "2026-03-29T00:30:00.000Z"), [])
    // An owner at work, and past it by far.
    const atWork = Array.from({ length: 400 }, (_, index) => fromMillis(GAP - 60_000 + index * 1000))
    assert.deepStrictEqual(findings([scheduled], ...atWork), ["unexplained 03-29T01:00"])
  })
})

/** What is owed, by the commands that were sent and the times at which somebody was there: written apart from the rules. */
class Owed {
  readonly told: Array<number> = []
  #from: number
  #mode: "runs" | "paused" | "over" = "runs"
  #pausedUntil = Infinity
  readonly #offset: number
  readonly #all: ReadonlyArray<number>

  constructor(all: ReadonlyArray<number>, offset: number, now: number) {
    this.#all = all
    this.#offset = offset
    this.#from = now
  }

  wake(now: number): void {
    if (this.#mode === "paused" && this.#pausedUntil <= now) this.goOn(this.#pausedUntil)
    if (this.#mode !== "runs") return
    const to = now - this.#offset
    this.told.push(...this.#all.filter((at) => at > this.#from && at <= to))
    this.#from = Math.max(this.#from, to)
  }

  pause(until = Infinity): void {
    this.#mode = "paused"
    this.#pausedUntil = until
  }

  goOn(at: number): void {
    this.#mode = "runs"
    this.#from = Math.max(this.#from, at - this.#offset - 1)
  }

  begin(now: number): void {
    this.#mode = "runs"
    this.#from = Math.max(this.#from, now)
  }

  end(): void {
    this.#mode = "over"
  }
}

describe("four hundred lives in zones whose clocks change", () => {
  const ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Africa/Cairo"]
  const TIMES = ["0 30 2 * * *", "0 15 2 * * *", "0 0,20,40 0-3 * * *", "0 10 0,2 * * 0,5", "0 30 1-3 * * *"]
  const COMMANDS = ["none", "none", "none", "pause", "pauseUntil", "resume", "resume", "skip", "run"] as const
  const RARE = ["rename", "again", "cancel", "restore", "restore", "backfill"] as const

  it("tell each lost instant once, in its turn, and are found to be sound", () => {
    let toldInAll = 0
    for (let seed = 1; seed <= 400; seed++) {
      const random = randomOf(seed)
      const zone = pick(random, ZONES)
      const offsetMs = pick(random, [0, 0, 90_000])
      const changes: Partial<TaskDefinition> = {
        ...nightly(pick(random, TIMES), zone),
        overlap: pick(random, ["allowAll", "skip", "bufferOne", "cancelOther"]),
        catchUp: pick(random, ["none", "latest", "earliest", "all"]),
        catchUpWindowMs: 30 * DAY,
        ...(offsetMs === 0 ? {} : { offsetMs })
      }
      let now = Date.UTC(2026, Math.floor(random() * 12), 1 + Math.floor(random() * 28), Math.floor(random() * 24))
      const task = new Life().until(now)
      task.schedule(changes)
      const lost = LostInstants.of(definition(changes))
      assert.isNotNull(lost)
      const all = lost?.between(now, now + 4 * 366 * DAY) ?? []
      const owed = new Owed(all, offsetMs, now)
      for (let step = 0; step < 40; step++) {
        now += Math.floor(pick(random, [HOUR, 6 * HOUR, DAY, 3 * DAY, 30 * DAY]) * random())
        // Now and then just before, at, or after a change of the clocks.
        const near = all.find((at) => at > now)
        if (near !== undefined && random() < 0.2) now = near + offsetMs + pick(random, [-1, 0, 1, HOUR])
        task.until(now)
        while (task.wake() !== "");
        owed.wake(now)
        const kind = random() < 0.85 ? pick(random, COMMANDS) : pick(random, RARE)
        const accepted = (answer: string): boolean => !answer.startsWith("refused")
        switch (kind) {
          case "none":
            break
          case "pause":
            if (accepted(task.command({ type: "pause", until: null }))) owed.pause()
            break
          case "pauseUntil": {
            const until = now + Math.floor(random() * 5 * DAY) + 1
            if (accepted(task.command({ type: "pause", until }))) owed.pause(until)
            break
          }
          case "resume":
            if (accepted(task.command({ type: "resume" }))) owed.goOn(now)
            break
          case "skip": {
            const at = task.state?._tag === "live" ? task.state.nextAt : null
            if (at !== null) task.command({ type: "skip", at })
            break
          }
          case "run":
            task.run()
            break
          case "backfill":
            task.command({ type: "backfill", from: now - 3 * DAY, to: now, atOnce: random() < 0.5 })
            break
          case "rename":
          case "again": {
            const changed = {
              definition: definition({ ...changes, taskName: `name ${step}` }),
              timed: kind === "again"
            }
            const apply = () => ({ _tag: "Success", success: changed }) as never
            const isOk = accepted(task.command({ type: "change", ifRevision: undefined, apply }))
            if (!isOk || kind === "rename") break
            owed.begin(now)
            if (task.state?.phase === "paused") owed.pause(pausedUntil(task.state))
            break
          }
          case "cancel":
            if (accepted(task.cancel())) owed.end()
            break
          case "restore":
            if (accepted(task.command({ type: "restore", allowPast: false }))) owed.begin(now)
            break
        }
      }
      const told = task.log.flatMap((event) =>
        event.type === "skipped" && event.reason === "dstGap" ? [event.nominalAt] : []
      )
      assert.deepStrictEqual(told, owed.told.map(fromMillis), `seed ${seed}`)
      assert.deepStrictEqual(findings(task.log), [], `seed ${seed}`)
      toldInAll += told.length
      // Who reads the log again comes to the same instants to come.
      const again = task.log.reduce<TaskState | undefined>(
        (state, event, index) => evolve(state, event, { sequence: index + 1 }, RULES.leaseMs),
        undefined
      )
      assert.deepStrictEqual(
        [again?._tag === "live" && again.lostAt, again?._tag === "live" && again.nextAt],
        [task.state?._tag === "live" && task.state.lostAt, task.state?._tag === "live" && task.state.nextAt]
      )
    }
    assert.isAbove(toldInAll, 150)
  })
})

const pausedUntil = (state: TaskState | undefined): number =>
  state?._tag === "live" ? (state.pausedUntil ?? Infinity) : Infinity
