/**
 * Every metric: its name, kind, unit (in the name, after Prometheus' rules), labels, and what it tells. `docs/metrics.md`
 * is held against this list, and so are the rules and the dashboard in `examples/prometheus`.
 *
 * Labels are bounded: a closed list of values, or names of task types and queues, of which only so many are told apart
 * (`Meter`). Ids are never labels.
 */
import { SkipReason, TaskEvent } from "../events/TaskEvent.ts"

/** Which part of a node knows it. */
export type Part = "scheduler" | "worker" | "api" | "node"

/** All values that a label may have; `names`: names of task types or queues; `numbers`: of partitions. */
type LabelValues = ReadonlyArray<string> | "names" | "numbers" | "text"

export interface MetricOf<Label extends string = string> {
  readonly name: string
  readonly kind: "counter" | "gauge" | "histogram"
  readonly part: Part
  readonly help: string
  readonly labels: Readonly<Record<Label, LabelValues>>
  /** Upper bounds of a histogram. */
  readonly boundaries: ReadonlyArray<number>
}

const metric =
  (kind: MetricOf["kind"]) =>
  <const Label extends string = never>(
    name: `nagatha_${string}` | `process_${string}`,
    part: Part,
    help: string,
    more: {
      readonly labels?: Readonly<Record<Label, LabelValues>>
      readonly boundaries?: ReadonlyArray<number>
    } = {}
  ): MetricOf<Label> => ({
    name,
    kind,
    part,
    help,
    // oxlint-disable-next-line typescript/consistent-type-assertions -- no labels are all labels of `never`
    labels: more.labels ?? ({} as Readonly<Record<Label, LabelValues>>),
    boundaries: more.boundaries ?? []
  })

const counter = metric("counter")
const gauge = metric("gauge")
const histogram = metric("histogram")

const LATENESS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600]
const DURATION = [0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200]
const APPEND = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5]
const LAG = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5]
const EVENTS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096]

/** What an attempt came to: `lost` with its worker, `retry` where another follows. */
export const ATTEMPT_OUTCOMES = ["success", "retry", "failure", "cancelled", "lost"] as const
export const EXECUTION_OUTCOMES = ["success", "failure", "cancelled"] as const
export const APPEND_OUTCOMES = ["stored", "conflict", "unknown"] as const
const CLAIM_ANSWERS = ["granted", "held", "gone"] as const
const REPORT_ANSWERS = ["recorded", "refused"] as const

// What became of tasks: counted where their events are announced.
export const firingLateness = histogram(
  "nagatha_firing_lateness_seconds",
  "scheduler",
  "How late occurrences of schedules were handed to the workers after they were due. Without runs by hand, by messages, of the past at a pace, and those that wait for an earlier run.",
  { boundaries: LATENESS }
)
export const startDelay = histogram(
  "nagatha_start_delay_seconds",
  "scheduler",
  "From when an execution was due to when its first attempt began: with the limits of its queue and the wait for a worker. Known when the attempt has ended.",
  { labels: { task_type: "names" }, boundaries: LATENESS }
)
export const attemptDuration = histogram(
  "nagatha_attempt_duration_seconds",
  "scheduler",
  "How long attempts ran, by what they came to. Steps of a sequence count as attempts of the type sequence.",
  { labels: { task_type: "names", outcome: ATTEMPT_OUTCOMES }, boundaries: DURATION }
)
export const executions = counter(
  "nagatha_executions_total",
  "scheduler",
  "Executions that have ended, by how; steps of sequences are not counted apart.",
  { labels: { task_type: "names", outcome: EXECUTION_OUTCOMES } }
)
export const attemptsLost = counter(
  "nagatha_attempts_lost_total",
  "scheduler",
  "Attempts that were lost with their worker: it did not keep its claim."
)
export const skipped = counter(
  "nagatha_occurrences_skipped_total",
  "scheduler",
  "Occurrences that were decided not to run, by the reason.",
  {
    labels: {
      reason: SkipReason.literals
    }
  }
)
export const events = counter("nagatha_events_total", "scheduler", "Events that were announced, by their type.", {
  labels: {
    event: TaskEvent.members.map(({ fields }) => fields.type.literal)
  }
})

// The log, as this node writes it.
export const appends = counter(
  "nagatha_log_appends_total",
  "scheduler",
  "Commits that this node asked the log to store: stored, in conflict with another writer's (the guard), or of unknown outcome.",
  { labels: { outcome: APPEND_OUTCOMES } }
)
export const appendDuration = histogram(
  "nagatha_log_append_duration_seconds",
  "scheduler",
  "How long the log took to answer an append, whatever the outcome.",
  { boundaries: APPEND }
)
export const commitEvents = histogram(
  "nagatha_log_commit_events",
  "scheduler",
  "Events of a commit that was stored: how well decisions share a write to disk.",
  { boundaries: EVENTS }
)
export const logSequence = gauge("nagatha_log_sequence", "scheduler", "Sequence of the newest commit of the log.")

// What is owned.
export const partitions = gauge("nagatha_partitions", "scheduler", "Partitions of all tasks, whoever owns them.")
export const partitionsOwned = gauge("nagatha_partitions_owned", "scheduler", "Partitions that this node owns.")
export const partitionsHalted = gauge(
  "nagatha_partitions_halted",
  "scheduler",
  "Partitions that this node owns and in which it decides nothing, for their log cannot be gone on with."
)
const byPartition = { labels: { partition: "numbers" } } as const
export const tasks = gauge("nagatha_tasks", "scheduler", "Tasks of an owned partition that are not over.", byPartition)
export const openExecutions = gauge(
  "nagatha_open_executions",
  "scheduler",
  "Executions of an owned partition that are due and have not ended.",
  byPartition
)
export const partitionLogSequence = gauge(
  "nagatha_partition_log_sequence",
  "scheduler",
  "Log sequence of the newest commit of an owned partition.",
  byPartition
)
export const queueWaiting = gauge(
  "nagatha_queue_waiting",
  "scheduler",
  "Executions of a queue that are due and have not begun.",
  { labels: { queue: "names" } }
)
export const queueRunning = gauge("nagatha_queue_running", "scheduler", "Executions of a queue that run.", {
  labels: { queue: "names" }
})

// A worker.
export const workerConcurrency = gauge(
  "nagatha_worker_concurrency",
  "worker",
  "Attempts that the worker of this node runs at the same time at most."
)
export const workerRunning = gauge(
  "nagatha_worker_running",
  "worker",
  "Attempts in hand of the worker of this node: claimed, and their outcome not recorded yet."
)
export const deliveries = counter(
  "nagatha_worker_deliveries_total",
  "worker",
  "Attempts that were delivered to the worker of this node, again or for the first time."
)
export const redeliveries = counter(
  "nagatha_worker_redeliveries_total",
  "worker",
  "Deliveries of what had been delivered before: held back by a limit, given back, or not kept alive."
)
export const claims = counter("nagatha_worker_claims_total", "worker", "Claims of this node's worker, by the answer.", {
  labels: { answer: CLAIM_ANSWERS }
})
export const reports = counter(
  "nagatha_worker_reports_total",
  "worker",
  "Reports of this node's worker, by the answer: recorded in the log, or refused because the execution had ended otherwise.",
  { labels: { answer: REPORT_ANSWERS } }
)
export const ownerUnavailable = counter(
  "nagatha_worker_owner_unavailable_total",
  "worker",
  "Claims, reports and heartbeats (as sent, several together) that no owner answered in time."
)

// Read models.
export const projectionLogSequence = gauge(
  "nagatha_projection_log_sequence",
  "api",
  "Log sequence that the read models of this node have reached."
)
export const projectionLag = gauge(
  "nagatha_projection_lag_commits",
  "api",
  "Log sequences that the read models of this node are behind the log."
)

// The process.
export const buildInfo = gauge("nagatha_build_info", "node", "Always 1: what runs here.", {
  labels: { version: "text", node_version: "text", roles: "text" }
})
export const eventLoopLag = histogram(
  "nagatha_event_loop_lag_seconds",
  "node",
  "How much later than asked for the process came to what it had to do, measured ten times a second.",
  { boundaries: LAG }
)
export const startTime = gauge("process_start_time_seconds", "node", "When the node started, in seconds since 1970.")
export const memory = gauge("process_resident_memory_bytes", "node", "Resident memory of the process.")
export const cpu = counter("process_cpu_seconds_total", "node", "CPU time that the process has used.")

export const METRICS: ReadonlyArray<MetricOf> = [
  firingLateness,
  startDelay,
  attemptDuration,
  executions,
  attemptsLost,
  skipped,
  events,
  appends,
  appendDuration,
  commitEvents,
  logSequence,
  partitions,
  partitionsOwned,
  partitionsHalted,
  tasks,
  openExecutions,
  partitionLogSequence,
  queueWaiting,
  queueRunning,
  workerConcurrency,
  workerRunning,
  deliveries,
  redeliveries,
  claims,
  reports,
  ownerUnavailable,
  projectionLogSequence,
  projectionLag,
  buildInfo,
  eventLoopLag,
  startTime,
  memory,
  cpu
]
