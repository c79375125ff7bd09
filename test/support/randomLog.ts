/** Logs that look random and are the same for the same seed: the lives of many tasks. */
import type { RecordedCommit } from "../../src/events/Commit.ts"
import type { TaskEvent } from "../../src/events/TaskEvent.ts"
import { fromMillis, toMillis } from "../../src/recurrence/Instant.ts"
import { pick, randomOf } from "./random.ts"
import { done, everySecond, failed, History, START } from "./task.ts"

export const TYPES = ["shell_command", "notification", "http_request"]
export const QUEUES = ["fast", "slow", "night"]
export const TAGS = ["a", "b", "c", "type"]
const NAMES = ["Backup db", "backup FILES", "Report [x]", "Ärger", "tea"]
export const WORKERS = ["w1", "w2", "box-3"]

export const some = <A>(random: () => number, from: ReadonlyArray<A>): ReadonlyArray<A> =>
  from.filter(() => random() < 0.4)

/** A life of a task: scheduled, run, failing now and then, paused, cancelled. */
const life = (random: () => number, taskId: string, exclude: ReadonlyArray<string> = []): ReadonlyArray<TaskEvent> => {
  const task = new History(taskId)
  let at = Math.floor(random() * 5) * 1000
  task.at(at).schedule({
    taskType: pick(random, TYPES),
    taskName: pick(random, NAMES),
    description: pick(random, ["", "every night", "für Ann"]),
    queue: pick(random, QUEUES),
    tags: some(random, TAGS),
    createdBy: pick(random, ["cli:ann", "cli:bob", "sdk"]),
    maxRetries: random() < 0.5 ? 0 : 1,
    overlap: "allowAll",
    ...(random() < 0.3 ? { offsetMs: 500, spreadMs: 1000 } : {}),
    ...(exclude.length > 0 && random() < 0.5 ? { exclude } : {}),
    recurrence: random() < 0.4 ? { kind: "once", at: fromMillis(START + 60_000) } : everySecond(30)
  })
  const causedBy = () => ({ commandId: `c-${Math.floor(random() * 1e9)}`, actor: "test" })
  for (let step = 0; step < 12; step++) {
    at += 1 + Math.floor(random() * 20_000)
    task.at(at)
    const open = task.open[0]?.split("#")[0]
    const chance = random()
    if (chance < 0.05) task.cancel()
    else if (chance < 0.15) task.decide({ type: "pause", taskId, until: null, causedBy: causedBy() })
    else if (chance < 0.2) task.decide({ type: "resume", taskId, causedBy: causedBy() })
    else if (chance < 0.3) task.run()
    else if (chance < 0.7 && open !== undefined) {
      const attempt = Number(task.open[0]?.split("#")[1]?.split(" ")[0])
      const worker = pick(random, WORKERS)
      if (task.claim(open, attempt, worker).startsWith("granted")) {
        task.at((at += Math.floor(random() * 3000))).wake()
        if (random() < 0.8) task.report(open, random() < 0.5 ? done : failed, attempt, worker)
      }
    } else task.wake()
  }
  return task.log
}

/** The lives of many tasks, mixed, as commits of a few events. */
export const randomLog = (seed: number, tasks: number): ReadonlyArray<RecordedCommit> => {
  const random = randomOf(seed)
  const lives = Array.from({ length: tasks }, (_, index) => [
    ...life(random, `task${String(index * 37).padStart(4, "0")}`)
  ])
  const commits: Array<RecordedCommit> = []
  for (let left = lives; left.length > 0; left = left.filter(({ length }) => length > 0)) {
    const events = pick(random, left).splice(0, 1 + Math.floor(random() * 3))
    const sequence = commits.length + 1
    const time = events[0]?.time ?? fromMillis(START)
    const head = { v: 1 as const, commitId: `t.${sequence}`, partition: 0, time, previousSequence: 0, previousHash: "" }
    commits.push({ sequence, hash: `h${sequence}`, storedAt: 0, commit: { ...head, events } })
  }
  return commits
}

/** The events of such lives by the time at which they happened: those of one instant together. */
export const timedEvents = (
  seed: number,
  tasks: number,
  exclude: ReadonlyArray<string>
): ReadonlyArray<{ readonly at: number; readonly events: ReadonlyArray<TaskEvent> }> => {
  const random = randomOf(seed)
  const byTime = new Map<number, Array<TaskEvent>>()
  for (let index = 0; index < tasks; index++) {
    for (const event of life(random, `task${String(index * 37).padStart(4, "0")}`, exclude)) {
      const at = toMillis(event.time)
      byTime.set(at, [...(byTime.get(at) ?? []), event])
    }
  }
  return [...byTime].toSorted(([a], [b]) => a - b).map(([at, events]) => ({ at, events }))
}
