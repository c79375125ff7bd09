/** The lines of queues at a time: offered by names, told in words. */
import { Dispatch, type QueueRules } from "../../src/actors/queue/Dispatch.ts"
import type { Place } from "../../src/actors/queue/Line.ts"
import type { QueueLimits } from "../../src/events/QueueEvent.ts"
import { fromMillis } from "../../src/recurrence/Instant.ts"
import type { WorkItem } from "../../src/work/Work.ts"
import { START } from "./task.ts"

export const workItem = (executionId: string, queue: string, attempt = 1): WorkItem => ({
  v: 1,
  partition: 0,
  taskId: "task-1",
  taskName: "",
  taskType: queue,
  taskArgs: {},
  queue,
  executionId,
  attempt,
  nominalAt: fromMillis(START),
  dueAt: fromMillis(START),
  timeoutMs: 1000,
  hardTimeoutMs: 2000
})

export class Lines {
  readonly rules = new Map<string, QueueRules>()
  readonly dispatch = new Dispatch((queue) => this.rules.get(queue) ?? { limits: {}, isPaused: false })
  now = START

  at(millis: number): this {
    this.now = START + millis
    return this
  }

  set(limits: QueueLimits, isPaused = false, queue = "q"): this {
    this.rules.set(queue, { limits, isPaused })
    this.dispatch.reconsider()
    return this
  }

  place({ key, priority = 0, queue = "q", queuedAt = this.now }: Partial<Place> = {}): Place {
    return { queue, key, priority, queuedAt }
  }

  offer(executionId: string, place: Partial<Place> = {}, attempt = 1): this {
    const whole = this.place(place)
    this.dispatch.offer({ ...whole, item: workItem(executionId, whole.queue, attempt) })
    return this
  }

  /** What goes to the workers now, in order. */
  take(): ReadonlyArray<string> {
    return this.dispatch.take(this.now).map(({ executionId }) => executionId)
  }

  claim(executionId: string, place: Partial<Place> = {}, attempt = 1): string {
    const heldMs = this.dispatch.claim(executionId, attempt, this.place(place), this.now)
    return heldMs === undefined ? "begins" : `held ${heldMs}`
  }

  /** Takes all that goes, begins it, and gives its names. */
  begin(): ReadonlyArray<string> {
    const taken = this.take()
    for (const executionId of taken) this.claim(executionId)
    return taken
  }

  end(executionId: string, attempt = 1): this {
    this.dispatch.leave(executionId, attempt)
    return this
  }

  view(queue = "q") {
    return this.dispatch.view(this.now).find((line) => line.queue === queue)
  }
}
