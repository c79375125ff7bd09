/** A recurrence as text that is read back to the same: `When.parse(render(r))`, in its zone and by its policies. */
import { type ByMessage, isByMessage, type Recurrence, type SingleRecurrence } from "./Recurrence.ts"

const single = (part: SingleRecurrence): string => {
  switch (part.kind) {
    case "once":
      return part.at
    case "interval":
      return `every ${part.everyMs / 1000} seconds from ${part.anchorAt}`
    case "cron":
      return part.expression
    case "rule":
      return `DTSTART:${part.startsAt.replace(/[-:]/g, "")} RRULE:${part.rrule}`
  }
}

const ENDS = { success: "succeeds", failure: "fails", end: "ends" } as const

const byMessage = (recurrence: ByMessage): string =>
  recurrence.kind === "subject"
    ? `on subject ${recurrence.subject}`
    : `after ${recurrence.tasks.join(", ")} ${ENDS[recurrence.on]}`

export const render = (recurrence: Recurrence): string =>
  isByMessage(recurrence)
    ? byMessage(recurrence)
    : recurrence.kind === "union"
      ? recurrence.of.map(single).join("; ")
      : single(recurrence)
