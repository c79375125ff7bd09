/**
 * The rules of a task held against a model of it that was written apart from them (`taskModel.ts`): both are given the same
 * random commands, reports and times, and must come to the same answers, decisions, statuses and open executions.
 *
 * A life that comes out differently is made as short as it can be, and printed with its seed.
 */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import type { TaskEvent } from "../../../src/events/TaskEvent.ts"
import type { Outcome } from "../../../src/work/Work.ts"
import { pick, randomOf } from "../../support/random.ts"
import { type Asked, done, everySecond, failed, History, START } from "../../support/task.ts"
import { MINUTE, type ModelPolicy, TaskModel } from "../../support/taskModel.ts"

const KINDS = [
  "claim",
  "claim",
  "claim",
  "beat",
  "beat",
  "report",
  "report",
  "report",
  "cancel",
  "cancelExecution",
  "cancelWaiting",
  "run",
  "retry",
  "pause",
  "pauseUntil",
  "resume",
  "skip",
  "backfill",
  "rename",
  "undo",
  "revert",
  "restore",
  "restore"
] as const
type Kind = (typeof KINDS)[number]

/** Something that happens; `a` and `b`, from 0 to 1, choose to what and how. */
interface Step {
  readonly after: number
  readonly kind: Kind
  readonly a: number
  readonly b: number
}
interface Life {
  readonly policy: ModelPolicy
  readonly steps: ReadonlyArray<Step>
}

const REPORTS: Readonly<Record<string, Outcome>> = {
  done,
  failed,
  cancelled: { outcome: "cancelled", error: { code: "cancelled", message: "" } },
  later: { outcome: "comeBackLater", delayMs: 5000, error: { code: "busy", message: "" } }
}

const lifeOf = (seed: number): Life => {
  const random = randomOf(seed)
  const policy: ModelPolicy = {
    overlap: pick(random, ["skip", "bufferOne", "bufferAll", "allowAll"]),
    catchUp: pick(random, ["none", "latest", "earliest", "all"]),
    maxRetries: pick(random, [0, 2]),
    maxRuns: pick(random, [null, null, 4]),
    expires: pick(random, [null, null, 90_000]),
    pauseAfter: pick(random, [null, null, 2])
  }
  // Ending it for good is rare, or nothing else would be seen.
  const kind = (): Kind => {
    const one = pick(random, KINDS)
    return one === "cancel" && random() < 0.7 ? "claim" : one
  }
  const steps = Array.from({ length: 70 }, () => ({
    after: pick(random, [0, 0, 1000, 4000, 9000, 20_000, MINUTE, 3 * MINUTE]),
    kind: kind(),
    a: random(),
    b: random()
  }))
  return { policy, steps }
}

/** Where the two part: at a step, and how; undefined where they never do. */
interface Parted {
  readonly at: number
  readonly how: string
}

const play = (
  life: Life,
  Model: typeof TaskModel = TaskModel
): { readonly parted: Parted | undefined; readonly seen: ReadonlyArray<string> } => {
  const { policy, steps } = life
  const task = new History()
  task.schedule({
    recurrence: everySecond(60),
    taskName: "name 0",
    overlap: policy.overlap,
    catchUp: policy.catchUp,
    catchUpWindowMs: 10 * 86_400_000,
    maxRetries: policy.maxRetries,
    maxRuns: policy.maxRuns,
    ...(policy.expires === null ? {} : { expiresMs: policy.expires }),
    ...(policy.pauseAfter === null ? {} : { pauseAfterFailures: policy.pauseAfter })
  })
  const model = new Model(policy)
  const seen: Array<string> = []
  /** The execution of each key, and the key of each execution. */
  const ids = new Map<string, string>()
  const keys = new Map<string, string>()
  let read = 0
  let asked = 0

  /** Decisions about minutes, of what the rules have said since the last time. */
  const decisions = (): ReadonlyArray<string> =>
    task.log.slice(read).flatMap((event: TaskEvent): ReadonlyArray<string> => {
      if (event.type === "due" && event.manual !== true)
        return [`${(Date.parse(event.nominalAt) - START) / MINUTE} due`]
      if (event.type !== "skipped") return []
      // A stretch stands for its minutes but for those that were left out by hand.
      const first = (Date.parse(event.nominalAt) - START) / MINUTE
      const last = (Date.parse(event.throughAt) - START) / MINUTE
      const stretch = Array.from({ length: last - first + 1 }, (_, index) => first + index)
      const left = stretch.filter((minute) => event.reason === "skippedByUser" || !byHand.has(minute))
      if (event.reason === "skippedByUser") byHand.add(first)
      else if (left.length !== event.count) return [`${first}-${last} counted as ${event.count}`]
      return left.map((minute) => `${minute} ${event.reason}`)
    })
  const byHand = new Set<number>()

  /** Names what has become due: by its minute, or in the order of what was asked for. */
  const nameNew = (handKeys: ReadonlyArray<string>) => {
    const names = [...handKeys]
    for (const event of task.log.slice(read)) {
      if (event.type !== "due") continue
      const key = event.manual === true ? names.shift() : String((Date.parse(event.nominalAt) - START) / MINUTE)
      if (key === undefined) continue
      ids.set(key, event.executionId)
      keys.set(event.executionId, key)
    }
  }

  const told = (answer: string): string => {
    const [, code] = /^refused (\w+)$/.exec(answer) ?? []
    return code ?? "ok"
  }

  const open = (): ReadonlyArray<string> =>
    task.state?._tag === "live"
      ? task.state.executions.map(({ attempt, executionId, stage, stopping }) => {
          const at = stage._tag === "buffered" ? "line" : stage._tag === "claimed" ? "held" : "free"
          return `${keys.get(executionId)}#${attempt} ${at}${stopping === undefined ? "" : " stop"}`
        })
      : []
  const modelOpen = (): ReadonlyArray<string> =>
    model.runs.map(({ attempt, holder, inLine, key, stop }) => {
      const at = inLine ? "line" : holder === undefined ? "free" : "held"
      return `${key}#${attempt} ${at}${stop ? " stop" : ""}`
    })

  /** Both sides after something has happened. */
  const compare = (
    at: number,
    theirs: string,
    ours: string,
    handKeys: ReadonlyArray<string> = []
  ): Parted | undefined => {
    nameNew(handKeys)
    const [said, meant] = [decisions(), model.decisions]
    read = task.log.length
    model.decisions = []
    seen.push(`${steps[at]?.kind} ${ours}`, ...meant.map((one) => one.replace(/^\S+/, "minute")), model.status)
    const state = task.state
    const real = {
      answer: theirs,
      phase: state?.phase,
      revision: state?.revision,
      name: state?._tag === "live" ? state.definition.taskName : model.name,
      decided: said.join(", "),
      open: open().join(", ")
    }
    const wanted = {
      answer: ours,
      phase: model.status,
      revision: model.revision,
      name: model.name,
      decided: meant.join(", "),
      open: modelOpen().join(", ")
    }
    return JSON.stringify(real) === JSON.stringify(wanted)
      ? undefined
      : { at, how: `the rules say ${JSON.stringify(real)}\n  the model says ${JSON.stringify(wanted)}` }
  }

  const settle = (now: number) => {
    task.at(now)
    while (task.wake() !== "") continue
    model.time(now)
  }

  for (const [at, step] of steps.entries()) {
    const { a, after, b, kind } = step
    const now = model.now + after
    settle(now)
    const parted = compare(at, "ok", "ok")
    if (parted !== undefined) return { parted, seen }
    const all = [...ids.keys()]
    const current = model.runs.map(({ key }) => key)
    const target =
      current.length > 0 && b < 0.85 ? pick(() => a, current) : all.length > 0 ? pick(() => a, all) : undefined
    const worker = b < 0.6 ? "w1" : "w2"
    const minute = Math.floor(now / MINUTE)
    const id = target === undefined ? "" : (ids.get(target) ?? "")
    const attempt = target === undefined ? 1 : (model.run(target)?.attempt ?? 1)
    let theirs = "ok"
    let ours = "ok"
    let handKeys: ReadonlyArray<string> = []
    const ask = (command: Asked) => {
      theirs = told(task.command(command))
    }
    switch (kind) {
      case "claim": {
        if (target === undefined) break
        const before = model.claim(target, attempt, worker)
        // Whether its delay is over depends on the jitter: nobody asks then.
        if (before === undefined) break
        ours = before
        theirs = task.claim(id, attempt, worker).split(" ")[0] ?? ""
        break
      }
      case "beat": {
        const held = target === undefined ? undefined : model.run(target)?.holder
        if (target === undefined || held === undefined) break
        ours = model.beat(target, attempt, held.worker)
        theirs = task.beat(id, attempt, held.worker)
        break
      }
      case "report": {
        const run = target === undefined ? undefined : model.run(target)
        if (target === undefined || run?.holder === undefined) break
        const said = pick(() => b, ["done", "failed", "failed", "later", "cancelled"] as const)
        task.report(id, REPORTS[said] ?? done, attempt, run.holder.worker)
        model.report(target, attempt, said)
        break
      }
      case "cancel":
        ask({ type: "cancel" })
        ours = model.cancel()
        break
      case "cancelExecution":
        if (target === undefined) break
        ask({ type: "cancelExecution", executionId: id })
        ours = model.cancelRun(target)
        break
      case "cancelWaiting":
        ask({ type: "cancelWaiting" })
        ours = model.cancelWaiting()
        break
      case "run":
        handKeys = [`hand ${(asked += 1)}`]
        ask({ type: "run", fromStep: undefined })
        ours = model.runByHand(handKeys[0] ?? "")
        break
      case "retry": {
        const ended = all.filter((key) => model.run(key) === undefined)
        const which = ended.length > 0 && b < 0.9 ? pick(() => a, ended) : target
        if (which === undefined) break
        handKeys = [`again ${(asked += 1)}`]
        ask({ type: "retry", executionId: ids.get(which) ?? "", fromStart: false, endedAt: undefined })
        ours = model.retry(which, handKeys[0] ?? "")
        break
      }
      case "pause":
      case "pauseUntil": {
        const until = kind === "pause" ? null : now + Math.ceil(a * 4 * MINUTE) + 1
        ask({ type: "pause", until: until === null ? null : START + until })
        ours = model.pause(until)
        break
      }
      case "resume":
        ask({ type: "resume" })
        ours = model.resume()
        break
      case "skip": {
        const which = minute + Math.floor(a * 4)
        ask({ type: "skip", at: START + which * MINUTE })
        ours = model.skip(which)
        break
      }
      case "backfill": {
        const from = Math.max(1, minute - Math.floor(a * 4))
        const to = from + Math.floor(b * 3)
        const group = (asked += 1)
        const key = (of: number) => `fill ${group} ${of}`
        ask({ type: "backfill", from: START + from * MINUTE, to: START + to * MINUTE, atOnce: a < 0.3 })
        ours = model.backfill(from, to, a < 0.3, key)
        handKeys = model.runs.flatMap((run) => (run.key.startsWith(`fill ${group} `) ? [run.key] : []))
        break
      }
      case "rename": {
        const taskName = `name ${(asked += 1)}`
        ask({
          type: "change",
          ifRevision: undefined,
          apply: (definition) => Result.succeed({ definition: { ...definition, taskName }, timed: false })
        })
        ours = model.rename(taskName)
        break
      }
      case "undo":
        ask({ type: "revert", toRevision: undefined, ifRevision: undefined })
        ours = model.undo()
        break
      case "revert": {
        const toRevision = 1 + Math.floor(a * (model.revision + 1))
        ask({ type: "revert", toRevision, ifRevision: undefined })
        ours = model.revert(toRevision)
        break
      }
      case "restore":
        ask({ type: "restore", allowPast: false })
        ours = model.restore()
        break
    }
    const differs = compare(at, theirs, ours, handKeys)
    if (differs !== undefined) return { parted: differs, seen }
  }
  return { parted: undefined, seen }
}

/** A shorter life in which they part as well, as long as leaving out one step more leaves one. */
const shortest = (
  life: Life,
  parted: Parted,
  Model?: typeof TaskModel
): { readonly life: Life; readonly parted: Parted } => {
  let least = { life: { ...life, steps: life.steps.slice(0, parted.at + 1) }, parted }
  for (let index = least.life.steps.length - 1; index >= 0; index--) {
    const steps = least.life.steps.filter((_, at) => at !== index)
    // What happens afterwards happens when it did.
    const shorter = {
      ...life,
      steps: steps.map((step, at) =>
        at === index ? { ...step, after: step.after + (least.life.steps[index]?.after ?? 0) } : step
      )
    }
    const found = play(shorter, Model).parted
    if (found !== undefined)
      least = { life: { ...shorter, steps: shorter.steps.slice(0, found.at + 1) }, parted: found }
  }
  return least
}

const check = (seed: number): ReadonlyArray<string> => {
  const life = lifeOf(seed)
  const { parted, seen } = play(life)
  if (parted === undefined) return seen
  const { life: short, parted: there } = shortest(life, parted)
  const steps = short.steps.map(({ a, after, b, kind }) => `  +${after} ms ${kind} ${a.toFixed(3)} ${b.toFixed(3)}`)
  throw new Error(
    `seed ${seed}, ${JSON.stringify(short.policy)}; they part at step ${there.at + 1} of\n${steps.join("\n")}\n  ${there.how}`
  )
}

describe("two thousand lives", () => {
  it("are what a naive model of a task says", () => {
    const seen = new Map<string, number>()
    for (let seed = 1; seed <= 2000; seed++) {
      for (const one of check(seed)) seen.set(one, (seen.get(one) ?? 0) + 1)
    }
    // The test would prove nothing if these had not happened.
    const wanted = [
      ...["ok", "ended", "alreadyCancelled"].map((answer) => `cancelExecution ${answer}`),
      ...["ok", "alreadyCancelled", "ended"].map((answer) => `cancel ${answer}`),
      ...["ok", "notEnded", "succeeded", "alreadyRetried"].map((answer) => `retry ${answer}`),
      ...["ok", "notOver", "invalidSchedule"].map((answer) => `restore ${answer}`),
      ...["ok", "nothingToRevert", "invalidRequest", "ended"].map((answer) => `revert ${answer}`),
      ...["ok", "nothingWaits"].map((answer) => `cancelWaiting ${answer}`),
      "undo ok",
      "run ok",
      "run ended",
      "backfill ok",
      "resume ok",
      "beat stop",
      "claim gone",
      "claim held",
      ...["due", "overlap", "catchUp", "paused", "skippedByUser"].map((reason) => `minute ${reason}`),
      "scheduled",
      "paused",
      "completed",
      "cancelled"
    ]
    for (const one of wanted) assert.isAtLeast(seen.get(one) ?? 0, 5, one)
  }, 120_000)
})

describe("a model that says something else", () => {
  it("is found out, and the life in which it shows is short", () => {
    const Wrong = class extends TaskModel {
      override resume(): string {
        const answer = super.resume()
        // As if it were made up for.
        this.decisions = this.decisions.map((one) => one.replace("paused", "due"))
        return answer
      }
    }
    const found = Array.from({ length: 50 }, (_, index) => index + 1).flatMap((seed) => {
      const life = lifeOf(seed)
      const { parted } = play(life, Wrong)
      return parted === undefined ? [] : [{ life, parted }]
    })
    assert.isAtLeast(found.length, 10)
    const lengths = found.slice(0, 5).map(({ life, parted }) => shortest(life, parted, Wrong).life.steps.length)
    assert.isAtMost(Math.min(...lengths), 4)
  })
})
