/**
 * What a node measures, and the text in which Prometheus reads it.
 *
 * Cheap where it is fed: a label's series is made once, an update is two look-ups. Bounded: of the names that users give
 * (task types, queues) so many are told apart, in the order in which they come; all others count as `other`. What is known
 * anyway (`collect`) is asked for only when somebody reads.
 */
import { Cause, Context, Effect, Metric, type Scope } from "effect"
import { PrometheusMetrics } from "effect/observability"
import { METRICS, type MetricOf, type Part } from "./Metrics.ts"

/** Names of a label that are told apart. */
export const MOST_NAMES = 32
/** The name under which all further ones count. */
export const OTHER = "other"
/** How long what is asked for at a reading may take; what does not answer keeps its last value. */
const COLLECT_MS = 2000

type Series = Metric.Metric<number, unknown>

export type Labels<Label extends string> = Readonly<Record<Label, string>>

/** A label's values in every combination. */
const combinations = (labels: MetricOf["labels"]): ReadonlyArray<Record<string, string>> | undefined => {
  let all: ReadonlyArray<Record<string, string>> = [{}]
  for (const [label, values] of Object.entries(labels)) {
    if (typeof values === "string") return undefined
    all = all.flatMap((one) => values.map((value) => ({ ...one, [label]: value })))
  }
  return all
}

const made = ({ boundaries, help, kind, name }: MetricOf, attributes: Record<string, string>): Series => {
  const options = { description: help, attributes }
  if (kind === "counter") return Metric.counter(name, { ...options, incremental: true })
  if (kind === "gauge") return Metric.gauge(name, options)
  return Metric.histogram(name, { ...options, boundaries })
}

export class Meter {
  readonly #context = Context.make(Metric.MetricRegistry, new Map())
  readonly #series = new Map<string, Map<string, Series>>()
  readonly #names = new Map<string, Set<string>>()
  readonly #collectors = new Set<Effect.Effect<void>>()
  readonly #begun = new Set<Part>()

  /** A part of the node is there: what it knows is shown from now on, also while it is nothing. */
  begin(part: Part): void {
    if (this.#begun.has(part)) return
    this.#begun.add(part)
    for (const metric of METRICS) {
      if (metric.part !== part) continue
      for (const labels of combinations(metric.labels) ?? []) this.#seriesOf(metric, labels).valueUnsafe(this.#context)
    }
  }

  /** Adds to a counter, sets a gauge, or notes a value of a histogram. */
  update(metric: MetricOf<never>, value: number): void
  update<Label extends string>(metric: MetricOf<Label>, value: number, labels: Labels<Label>): void
  update(metric: MetricOf, value: number, labels: Labels<string> = {}): void {
    this.#seriesOf(metric, labels).updateUnsafe(value, this.#context)
  }

  /** The same for one set of labels, for whoever does it often. */
  series<Label extends string>(metric: MetricOf<Label>, labels: Labels<Label>): (value: number) => void {
    const series = this.#seriesOf(metric, labels)
    return (value) => series.updateUnsafe(value, this.#context)
  }

  /** The counter stands at what is told, which never becomes less. */
  reached(metric: MetricOf<never>, count: number): void {
    const series = this.#seriesOf(metric, {})
    const state = series.valueUnsafe(this.#context) as Metric.CounterState<number>
    series.updateUnsafe(Math.max(0, count - state.count), this.#context)
  }

  #seriesOf(metric: MetricOf, labels: Labels<string>): Series {
    let key = ""
    const bounded: Record<string, string> = {}
    for (const label in metric.labels) {
      const value = labels[label] ?? ""
      const shown = metric.labels[label] === "names" ? this.#named(label, value) : value
      bounded[label] = shown
      key += `${shown}\n`
    }
    let all = this.#series.get(metric.name)
    if (all === undefined) this.#series.set(metric.name, (all = new Map()))
    let series = all.get(key)
    if (series === undefined) all.set(key, (series = made(metric, bounded)))
    return series
  }

  /** Under which name a label's value counts. */
  nameOf<Label extends string>(metric: MetricOf<Label>, label: Label, value: string): string {
    return metric.labels[label] === "names" ? this.#named(label, value) : value
  }

  /** A name, while there are not too many. */
  #named(label: string, name: string): string {
    let known = this.#names.get(label)
    if (known === undefined) this.#names.set(label, (known = new Set()))
    if (known.has(name)) return name
    if (known.size >= MOST_NAMES) return OTHER
    known.add(name)
    return name
  }

  /** Runs before each reading, for as long as the scope is open. */
  collect(collector: Effect.Effect<void>): Effect.Effect<void, never, Scope.Scope> {
    return Effect.acquireRelease(
      Effect.sync(() => void this.#collectors.add(collector)),
      () => Effect.sync(() => void this.#collectors.delete(collector))
    )
  }

  /** All that was measured, in Prometheus' text format 0.0.4. */
  readonly metricsText: Effect.Effect<string> = Effect.suspend(() =>
    Effect.forEach(
      this.#collectors,
      (collector) =>
        Effect.timeoutOption(collector, COLLECT_MS).pipe(
          Effect.catchCause((cause) => Effect.logWarning(`a metric cannot be told: ${Cause.pretty(cause)}`))
        ),
      { concurrency: "unbounded", discard: true }
    )
  ).pipe(Effect.map(() => PrometheusMetrics.formatUnsafe(this.#context)))
}
