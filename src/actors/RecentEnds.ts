/**
 * What has ended lately in a partition: so that a report that is sent again is answered as the first time, and whoever
 * asks for what is over is told how it ended. The newest only; older ends stand in the log and in the read models.
 */
import type { TaskEvent } from "../events/TaskEvent.ts"
import { offerId, type Report } from "../work/Work.ts"
import type { EndedExecution } from "./task/Recall.ts"

/** Ends that are remembered. */
export const REMEMBERED = 4096

export class RecentEnds {
  readonly #ends = new Map<string, EndedExecution>()
  /** Who reported an attempt, and when that had ended. */
  readonly #reports = new Map<string, string>()

  /** Takes an event that is in the log. */
  note(event: TaskEvent, sequence: number): void {
    if (event.type === "cancelled") {
      for (const executionId of event.executions) this.#end({ executionId, how: "cancelled", sequence })
    }
    if (event.type !== "success" && event.type !== "failure" && event.type !== "retry") return
    put(this.#reports, offerId(event), `${event.worker} ${event.finishedAt}`)
    if (event.type === "retry") return
    const how = event.type === "success" ? "success" : event.error.code
    this.#end({ executionId: event.executionId, how, sequence })
  }

  ended(executionId: string): EndedExecution | undefined {
    return this.#ends.get(executionId)
  }

  /** Whether just this report is in the log. */
  holds(report: Report): boolean {
    return this.#reports.get(offerId(report)) === `${report.worker} ${report.finishedAt}`
  }

  #end(end: EndedExecution): void {
    put(this.#ends, end.executionId, end)
  }
}

/** Adds to the end; the oldest goes where there are too many. */
const put = <Value>(map: Map<string, Value>, key: string, value: Value): void => {
  map.delete(key)
  map.set(key, value)
  if (map.size <= REMEMBERED) return
  const [oldest] = map.keys()
  if (oldest !== undefined) map.delete(oldest)
}
