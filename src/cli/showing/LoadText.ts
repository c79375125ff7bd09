/** The load to come, for people: a heat map of the hours, and what stands out. */
import type { LoadReport } from "../../audit/Load.ts"
import { instantText } from "../../audit/Told.ts"
import { labelled } from "./Output.ts"
import { counted, type Paint, visibleLine } from "./Text.ts"
import { durationText } from "./Times.ts"

const SHADES = [" ", "░", "▒", "▓", "█"] as const
/** Tasks and changes of the clocks that are told one by one. */
const SHOWN = 5

const grouped = (count: number): string => Math.round(count).toLocaleString("en")

const shade = (count: number, most: number): string =>
  count === 0 ? SHADES[0] : (SHADES[Math.max(1, Math.ceil((count / most) * (SHADES.length - 1)))] ?? "█")

const heatMap = ({ heat }: LoadReport, paint: Paint): ReadonlyArray<string> => {
  const most = Math.max(1, ...heat.flat())
  const axis = `    ${Array.from({ length: 6 }, (_, ten) => `:${String(ten * 10).padEnd(9, " ")}`).join("")}`
  return [
    paint.dim(axis.trimEnd()),
    ...heat.map((row, hour) => {
      const total = row.reduce((sum, count) => sum + count, 0)
      return `${paint.dim(String(hour).padStart(2, "0"))}  ${row.map((count) => shade(count, most)).join("")}  ${grouped(total)}`.trimEnd()
    }),
    paint.dim(`    ${SHADES.slice(1).join(" ")}  up to ${grouped(most)} runs at a minute of the day, in all`)
  ]
}

type LeftOut = Readonly<Record<"paused" | "byMessage", number>>

export const loadText = (report: LoadReport, leftOut: LeftOut, paint: Paint): string => {
  const { clocks, from, herd, overlapping, runs, tasks, timezone, to } = report
  const at = (instant: string) => instantText(timezone, Date.parse(instant))
  const out = [
    leftOut.paused === 0 ? "" : `${counted(leftOut.paused, "task")} paused`,
    leftOut.byMessage === 0 ? "" : `${counted(leftOut.byMessage, "task")} started by messages`
  ].filter((words) => words !== "")
  const lines = [
    `${grouped(runs)} runs of ${counted(tasks, "task")} from ${at(from)} to ${at(to)} (${timezone})`,
    labelled(
      [
        ["left out", out.length === 0 ? undefined : out.join(", ")],
        [
          "most in a minute",
          report.peakMinutes
            .slice(0, 3)
            .map((one) => `${grouped(one.runs)} at ${at(one.at)}`)
            .join(", ") || undefined
        ],
        [
          "most in an hour",
          report.peakHours
            .slice(0, 3)
            .map((one) => `${grouped(one.runs)} from ${at(one.at)}`)
            .join(", ") || undefined
        ],
        [
          "at work",
          report.atWork === 0
            ? undefined
            : `${report.atWork.toFixed(2)} executions at a time on average, by how long they usually take`
        ],
        [
          "busiest",
          report.busiest
            .slice(0, SHOWN)
            .map((one) => `${visibleLine(one.taskId)} ${grouped(one.runs)}`)
            .join(", ") || undefined
        ]
      ],
      paint
    ),
    "",
    ...heatMap(report, paint)
  ]
  if (herd !== null) {
    const most = herd.most.map(({ taskId }) => visibleLine(taskId)).join(" ")
    lines.push(
      "",
      `${paint.yellow("herd")}: ${Math.round(herd.share * 100)} % of all runs begin at minute ${herd.minute} of the hour, of ${counted(herd.tasks, "task")}. Spread them: nagatha update ID --spread 5m (most of it: ${most}); nagatha simulate --spread 5m shows what that changes`
    )
  }
  if (overlapping.length > 0) {
    lines.push(
      "",
      `${paint.yellow("overlaps")}: ${counted(overlapping.length, "task")} usually longer at work than until the next run`,
      ...overlapping
        .slice(0, SHOWN)
        .map(
          ({ everyMs, overlap, taskId, usualMs }) =>
            `  ${visibleLine(taskId)}  every ${durationText(everyMs)}, takes ${durationText(usualMs)}; its policy: ${overlap}`
        )
    )
  }
  if (clocks.length > 0) {
    lines.push("", "the clocks change:")
    for (const { at: instant, lost, moved, onceOnly, shiftMs, timezone: zone, twice } of clocks.slice(0, 4 * SHOWN)) {
      const does = [
        lost === 0 ? "" : `${counted(lost, "task")} do not run what does not exist then`,
        moved === 0 ? "" : `${counted(moved, "task")} run that after the gap`,
        onceOnly === 0 ? "" : `${counted(onceOnly, "task")} run once in what happens twice`,
        twice === 0 ? "" : `${counted(twice, "task")} run both times`
      ].filter((words) => words !== "")
      const way = shiftMs > 0 ? "forward" : "back"
      lines.push(
        `  ${instantText(zone, Date.parse(instant))} (${zone}) ${way} by ${durationText(Math.abs(shiftMs))}: ${does.join("; ")}`
      )
    }
  }
  return lines.join("\n")
}
