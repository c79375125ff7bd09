/** Coming runs, a line each: local time with its offset, how far off, and what the clocks do then. */
import type { Run } from "../../actors/door/TaskRequest.ts"
import { sayMessages } from "../../recurrence/MessageWords.ts"
import type { Paint } from "./Text.ts"
import { localTime, relativeTime } from "./Times.ts"

/** Lines indented by two; empty where nothing comes. `utc`: the instants in UTC beside the local ones. */
export const runLines = (
  runs: ReadonlyArray<Run>,
  zone: string,
  now: number,
  paint: Paint,
  { utc = false }: { readonly utc?: boolean } = {}
): string => {
  const lines = runs.map((run) => ({
    time: `${localTime(run.at, zone)}${utc ? `  ${run.at.replace(".000Z", "Z")}` : ""}`,
    distance: relativeTime(run.at, now),
    note: [run.dueAt === undefined ? "" : `due ${localTime(run.dueAt, zone).slice(15, 23)}`, run.note ?? ""]
      .filter((text) => text !== "")
      .join("; ")
  }))
  const width = Math.max(0, ...lines.map(({ distance }) => distance.length))
  return lines
    .map(({ time, distance, note }) =>
      note === ""
        ? `  ${time}  ${paint.dim(distance)}`
        : `  ${time}  ${paint.dim(distance.padEnd(width))}  ${paint.yellow(note)}`
    )
    .join("\n")
}

/** When a task runs that has no instants to be listed; undefined for what has, or had, some. */
export const byMessageText = (words: string, understoodAs: string): string | undefined =>
  sayMessages(words) ? understoodAs : undefined
