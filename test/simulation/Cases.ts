/**
 * Plans made by hand, for what chance brings about too rarely: they are always run, and planted bugs are tried on them first.
 */
import type { Fault } from "./Fault.ts"
import type { Plan, WorldOptions } from "./Plan.ts"
import type { TaskWish, Wish } from "./Wish.ts"

const options: WorldOptions = {
  start: "2026-03-02T09:00:00.000Z",
  durationMs: 90_000,
  nodes: 1,
  everybodyOwns: false,
  workers: 1,
  concurrency: 1,
  partitions: 1,
  leaseMs: 3000,
  startedGraceMs: 100,
  maxTurn: 64,
  maxLost: 5,
  requestTimeoutMs: 2000,
  maxCommitBytes: 1_000_000,
  patience: 2048,
  inOrder: true,
  takes: [1, 5],
  skews: {}
}

interface Case {
  /** It decides how long runs take, and how they end. */
  readonly seed: number
  readonly options?: Partial<WorldOptions>
  readonly wishes: ReadonlyArray<Wish>
  readonly faults: ReadonlyArray<Fault>
}

const made = (one: Case): Plan => ({ ...one, options: { ...options, ...one.options } })

const every = (seconds: number, request: object = {}): TaskWish => ({
  at: 1000,
  task: 0,
  verb: "schedule",
  request: { taskType: "sim", schedule: `every ${seconds} seconds`, maxRetries: 3, ...request }
})

const fault = (at: number, kind: Fault["kind"], target: string, forMs: number, amount = 0): Fault => ({
  at,
  kind,
  target,
  forMs,
  amount
})

export const CASES: ReadonlyArray<Plan> = [
  /** Several own everything; the only one that knows of a task cannot say so to the log any more. */
  ...["n0", "n1", "n2"].map((target, index) =>
    made({
      seed: 1 + index,
      options: { nodes: 3, everybodyOwns: true },
      wishes: [every(20)],
      faults: [fault(2000, "cutOut", target, 60_000)]
    })
  ),
  /** A machine that sleeps while a timer does: nothing else wakes the owner. */
  made({ seed: 1, wishes: [every(45)], faults: [fault(12_000, "suspend", "n0", 30_000)] }),
  /** A worker dies; its lease ends, and the next one is due, while the owner does not run. */
  ...Array.from({ length: 3 }, (_, index) =>
    made({
      seed: 1 + index,
      wishes: [every(20, { overlap: "terminateOther", catchUp: "all" })],
      faults: [21_000, 41_000, 61_000].flatMap((due) => [
        fault(due + 700, "crash", "w0", 2000),
        fault(due + 1500, "pause", "n0", 18_800)
      ])
    })
  ),
  /** The clocks go forward over a task that skips what does not exist, after two minutes: to an owner that is there, dies, sleeps, or steps. */
  ...(["crash", "suspend", "step", "loss", "late", "outage"] as const).map((kind, index) =>
    made({
      seed: 1 + index,
      options: { start: "2026-03-29T00:58:00.000Z", durationMs: 200_000, nodes: 1 + (index % 2), concurrency: 4 },
      wishes: [
        ...[0, 1, 2, 3].map((task): Wish => ({
          at: 1000 + 1000 * task,
          task,
          verb: "schedule",
          request: {
            taskType: "sim",
            schedule: "*/20 1-59 1-3 * * *",
            timezone: "Europe/Berlin",
            dstGap: "skip",
            overlap: (["skip", "bufferAll", "allowAll", "cancelOther"] as const)[task] ?? "skip",
            catchUp: (["none", "latest", "earliest", "all"] as const)[(task + index) % 4] ?? "all",
            ...(task === 1 ? { spreadMs: 5000 } : {}),
            ...(task === 2 && index > 2 ? { endAt: "2026-03-29T01:00:30.000Z" } : {}),
            ...(task === 3 ? { maxRuns: 7 } : {})
          }
        })),
        ...(index < 3
          ? ([
              { at: 100_000 + 15_000 * index, task: 0, verb: "pause", forMs: 10_000 },
              { at: 100_000, task: 1, verb: "skip", ahead: 1 },
              { at: 90_000, task: 2, verb: "cancel" },
              { at: 100_000 + 15_000 * index, task: 2, verb: "restore" },
              { at: 150_000, task: 3, verb: "backfill", backMs: 60_000, atOnce: true }
            ] as const)
          : [])
      ],
      faults: [
        fault(
          115_000,
          kind,
          kind === "outage" ? "" : "n0",
          kind === "step" ? 60_000 : 45_000,
          kind === "step" ? -9000 : 0.5
        )
      ]
    })
  ),
  /** A one-time task whose request is sent again when its instant has passed. */
  ...Array.from({ length: 3 }, (_, index) =>
    made({
      seed: 1 + index,
      wishes: [1, 2, 3].map((task) => ({
        at: 1000 * task,
        task,
        verb: "schedule",
        request: { taskType: "sim", schedule: `2026-03-02T09:00:0${4 + task}.000Z` }
      })),
      faults: [fault(500, "again", "", 60_000, 1)]
    })
  ),
  /** Executions that run, or wait, are cancelled one by one; the task is cancelled, and comes back. */
  ...Array.from({ length: 3 }, (_, index) =>
    made({
      seed: 1 + index,
      options: { concurrency: 4 },
      wishes: [
        every(5, { overlap: "bufferAll" }),
        ...[1, 2, 3, 4, 5, 6, 7, 8].map((nth): Wish => ({
          at: 1000 + nth * 5000 + 700,
          task: 0,
          verb: "cancelExecution",
          which: nth % 2 === 0 ? 0 : 0.99
        })),
        { at: 50_000, task: 0, verb: "cancel" },
        { at: 60_000, task: 0, verb: "restore" }
      ],
      faults: []
    })
  ),
  /** More is due than a worker can do: what is urgent goes first, and a queue is paused with some of it released. */
  made({
    seed: 1,
    wishes: [
      { at: 0, verb: "setQueue", queue: "sim", limits: { keyConcurrency: 1 } },
      every(2, { overlap: "allowAll" }),
      { ...every(2, { overlap: "allowAll", priority: 20 }), task: 1 },
      { ...every(5, { overlap: "allowAll", key: "k1" }), task: 2 },
      { at: 30_000, verb: "pauseQueue", queue: "sim" },
      { at: 45_000, verb: "resumeQueue", queue: "sim" }
    ],
    faults: []
  }),
  /** One owner after another, with long runs of one queue that only one of them may be in. */
  made({
    seed: 1,
    options: { nodes: 2, workers: 3, concurrency: 2, startedGraceMs: 0, partitions: 2, leaseMs: 10_000 },
    wishes: [
      { at: 0, verb: "setQueue", queue: "sim", limits: { concurrency: 1 } },
      ...[0, 1, 2].map((task) => ({ ...every(5, { overlap: "allowAll" }), task }))
    ],
    faults: [1, 2, 3, 4, 5].map((nth) => fault(nth * 15_000, "crash", nth % 2 === 1 ? "n0" : "n1", 5000))
  }),
  /** Nobody is there for a while: what was missed is run late at a pace, the newest of it, beside what is on time. */
  ...Array.from({ length: 2 }, (_, index) =>
    made({
      seed: 1 + index,
      wishes: [
        every(5, { catchUp: "all", catchUpRate: { count: 1, perMs: 8000 }, catchUpMax: 1 }),
        { ...every(3, { overlap: "bufferAll", catchUp: "all", catchUpRate: { count: 1, perMs: 2000 } }), task: 1 }
      ],
      faults: [fault(8000, "outage", "", 20_000), fault(30_000, "pause", "w0", 8000)]
    })
  ),
  /** Every attempt may be lost, and none is made up for. */
  ...Array.from({ length: 2 }, (_, index) =>
    made({
      seed: 1 + index,
      options: { maxLost: 1 },
      wishes: [every(10, { overlap: "allowAll", pauseAfterFailures: 3 })],
      faults: [1, 2, 3, 4, 5, 6].map((nth) => fault(1000 + nth * 10_000 + 400, "crash", "w0", 1000))
    })
  )
]
