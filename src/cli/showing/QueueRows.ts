/** Queues in words: what they allow, and what holds back what waits. Pure. */
import type { HeldBy, QueueLimits } from "../../events/QueueEvent.ts"
import type { QueueView } from "../../Scheduler.ts"
import { rateText } from "../asking/Rates.ts"
import { visibleLine } from "./Text.ts"
import { durationText } from "./Times.ts"

/** `2 at once, 100/1m, 1 at once for each key`; `none` where nothing is limited. */
export const limitsText = ({ concurrency, keyConcurrency, keyRate, rate }: QueueLimits): string =>
  [
    concurrency === undefined ? undefined : `${concurrency} at once`,
    rate === undefined ? undefined : rateText(rate),
    keyConcurrency === undefined ? undefined : `${keyConcurrency} at once for each key`,
    keyRate === undefined ? undefined : `${rateText(keyRate)} for each key`
  ]
    .filter((text) => text !== undefined)
    .join(", ") || "none"

const WHY: Readonly<Record<HeldBy, string>> = {
  paused: "the queue is paused",
  concurrency: "as many run as the queue allows",
  rate: "as many have begun as the queue's rate allows",
  keyConcurrency: "as many run as the queue allows for its key",
  keyRate: "as many have begun as the queue's rate allows for its key"
}

/** Why an execution that is due has not begun. */
export const heldText = (by: HeldBy): string => WHY[by]

const SHORT: Readonly<Record<HeldBy, string>> = {
  paused: "paused",
  concurrency: "concurrency",
  rate: "rate",
  keyConcurrency: "key concurrency",
  keyRate: "key rate"
}

/** `3 rate, 1 key concurrency`; empty where nothing is held back. */
export const heldCounts = ({ held }: QueueView): string =>
  Object.entries(held)
    .map(([by, count]) => `${count} ${SHORT[by as HeldBy]}`)
    .join(", ")

/** `for 5 min by cli:ann: the database moves`; undefined where it is not paused. */
export const pauseText = ({ paused }: QueueView, now: number): string | undefined => {
  if (paused === null) return undefined
  const since = durationText(Math.max(0, now - Date.parse(paused.since)))
  return `for ${since} by ${visibleLine(paused.by)}${paused.reason === null ? "" : `: ${visibleLine(paused.reason)}`}`
}
