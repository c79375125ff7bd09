/** What an audit has found, for people. */
import { type Finding, type FindingKind, FINDINGS } from "../../audit/Finding.ts"
import type { Compared, ReplayReport } from "../../audit/Replay.ts"
import type { Report } from "../../audit/Verify.ts"
import type { WhatIfReport } from "../../audit/WhatIf.ts"
import type { WhyAnswer } from "../../audit/WhyAnswer.ts"
import { labelled } from "./Output.ts"
import { durationText } from "./Times.ts"
import { counted, type Paint, visible, visibleLine } from "./Text.ts"

/** Findings that are told one by one; `--json` has more. */
const SHOWN = 50

const grouped = (count: number): string => count.toLocaleString("en")

const several = (count: number, noun: string): string => `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`

const lateness = (ms: number): string =>
  ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`

const findingLine = ({ kind, logSequence, message }: Finding, paint: Paint): string =>
  `  ${paint.red(kind.padEnd(14))}  ${paint.dim(`at ${logSequence}`)}  ${visibleLine(message)}`

export const reportText = (report: Report, paint: Paint): string => {
  const { counts, decisions, executions, findings } = report
  const skipped = Object.entries(decisions.skipped)
  const allSkipped = skipped.reduce((sum, [, count]) => sum + count, 0)
  const reasons = skipped.map(([reason, count]) => `${reason} ${grouped(count)}`).join(", ")
  const more = [
    decisions.forgone === 0 ? "" : `${several(decisions.forgone, "instant")} given up by an edit or a cancellation`,
    decisions.waiting === 0 ? "" : `${several(decisions.waiting, "task")} with an instant that waits for its owner`
  ].filter((words) => words !== "")
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const kinds = Object.entries(counts).map(
    ([kind, count]) => [kind, `${grouped(count)}  ${paint.dim(FINDINGS[kind as FindingKind])}`] as const
  )
  return [
    `log sequences ${report.from} to ${report.through}: ${several(report.commits, "commit")}, ${several(report.events, "event")}, ${counted(report.tasks, "task")}, ${counted(report.partitions, "partition")}`,
    labelled(
      [
        [
          "instants",
          `${grouped(decisions.due)} due, ${grouped(allSkipped)} skipped${reasons === "" ? "" : ` (${reasons})`}`
        ],
        [
          "late",
          decisions.late === 0
            ? undefined
            : `${grouped(decisions.late)} by more than 5 s, the most ${lateness(decisions.latestMs)}`
        ],
        ["by hand", decisions.manual === 0 ? undefined : grouped(decisions.manual)],
        ["steps", decisions.steps === 0 ? undefined : grouped(decisions.steps)],
        [
          "ended",
          `${grouped(executions.success)} well, ${grouped(executions.failure)} failed, ${several(executions.retry, "attempt")} tried again, ${grouped(executions.open)} open`
        ],
        ["beside", more.length === 0 ? undefined : more.join("; ")],
        ["zone data", report.tzdata],
        ["digest", report.digest ?? undefined]
      ],
      paint
    ),
    ...(report.accepted ?? []).map(
      ({ acceptedBy, logSequence, message, reason }) =>
        `  ${paint.yellow("accepted".padEnd(14))}  ${paint.dim(`at ${logSequence}`)}  ${visibleLine(message)} (by ${visibleLine(acceptedBy)}: ${visibleLine(reason)})`
    ),
    ...(total === 0
      ? [paint.green("no findings")]
      : [
          paint.red(`${several(total, "finding")}`),
          labelled(kinds, paint),
          ...findings.slice(0, SHOWN).map((finding) => findingLine(finding, paint)),
          ...(total > SHOWN ? [`  and ${grouped(total - Math.min(SHOWN, findings.length))} more`] : [])
        ])
  ].join("\n")
}

/** The answer to why an instant ran, or did not: a sentence, and what it rests on. */
export const whyText = (answer: WhyAnswer, paint: Paint): string => {
  const { after, before, cause, decision, local, sentence, taskId, timezone, verdict } = answer
  const around = verdict === "notAnInstant" || verdict === "lostInGap" || verdict === "otherPass"
  return [
    `${paint.bold(local)} ${paint.dim(`(${timezone})`)}`,
    visible(sentence),
    labelled(
      [
        ["decided", decision === undefined ? undefined : `${decision.decidedAt}, log sequence ${decision.logSequence}`],
        [
          "cause",
          cause === undefined
            ? undefined
            : `${visibleLine(cause.actor)} at ${cause.at}, revision ${cause.revision}, log sequence ${cause.logSequence}`
        ],
        [
          "before",
          around && before !== null ? `${before}  ${paint.dim(`nagatha audit why ${taskId} ${before}`)}` : undefined
        ],
        ["after", around && after !== null ? after : undefined]
      ],
      paint
    )
  ]
    .filter((text) => text !== "")
    .join("\n")
}

const valueText = (value: unknown): string => {
  const text = typeof value === "string" ? value : JSON.stringify(value)
  return visibleLine(text.length > 60 ? `${text.slice(0, 59)}…` : text)
}

export const replayText = (report: ReplayReport, paint: Paint): string => {
  const sideOf = ({ log, same, served }: Compared): string =>
    same
      ? `${several(log.rows, "row")}, the same  ${paint.dim(log.digest)}`
      : paint.red(`${several(log.rows, "row")} by the log, ${several(served.rows, "row")} served: not the same`)
  return [
    `log sequences 1 to ${report.through} folded anew: ${several(report.events, "event")}`,
    labelled(
      [
        ["tasks", sideOf(report.tasks)],
        ["executions", sideOf(report.executions)],
        [
          "in motion",
          report.inMotion === 0
            ? undefined
            : `${several(report.inMotion, "row")} changed meanwhile, and ${report.inMotion === 1 ? "was" : "were"} left out`
        ]
      ],
      paint
    ),
    ...report.differences
      .slice(0, SHOWN)
      .map(
        ({ field = "", id, log, of, served }) =>
          `  ${of} ${visibleLine(id)}  ${field}  log: ${valueText(log)}  served: ${valueText(served)}`
      )
  ].join("\n")
}

const skippedText = (skipped: Readonly<Record<string, number>>): string => {
  const all = Object.entries(skipped)
  const total = all.reduce((sum, [, count]) => sum + count, 0)
  return total === 0
    ? "0"
    : `${grouped(total)} (${all.map(([reason, count]) => `${reason} ${grouped(count)}`).join(", ")})`
}

export const whatIfText = (report: WhatIfReport, paint: Paint): string => {
  const { instants, was, would } = report
  const change = Object.entries(report.change).map(([key, value]) => `${key}=${value}`)
  const rows: ReadonlyArray<readonly [string, string, string]> = [
    ["", "as it was", "it would be"],
    ["due", grouped(was.due), grouped(would.due)],
    ["skipped", skippedText(was.skipped), skippedText(would.skipped)],
    ["ended well", grouped(was.success), grouped(would.success)],
    ["failed", grouped(was.failure), grouped(would.failure)],
    ["attempts", grouped(was.attempts), grouped(would.attempts)],
    ["at work", durationText(was.busyMs), durationText(would.busyMs)],
    ["most at once", grouped(was.mostAtOnce), grouped(would.mostAtOnce)]
  ]
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const notes = [
    would.assumed === 0
      ? ""
      : `${several(would.assumed, "execution")} that there never ${would.assumed === 1 ? "was" : "were"}: assumed to take as long as usual`,
    report.unlike === 0
      ? ""
      : `${several(report.unlike, "instant")} would be decided otherwise without the change as well, by what came first within a moment`,
    report.left === 0 ? "" : `${several(report.left, "task")} that messages start: left out`
  ].filter((note) => note !== "")
  return [
    `${several(report.tasks, "task")} with ${change.join(", ")}, decided anew by the rules of today`,
    ...rows.map(([label, before, after]) =>
      `  ${paint.dim(label.padEnd(widths[0] ?? 0))}  ${before.padEnd(widths[1] ?? 0)}  ${after}`.trimEnd()
    ),
    ...notes.map((note) => `  ${paint.dim(note)}`),
    report.otherwise === 0
      ? "every instant would be decided as it was"
      : `${several(report.otherwise, "instant")} would be decided otherwise`,
    ...instants
      .slice(0, SHOWN)
      .map(
        ({ at, taskId, was: before, would: after }) =>
          `  ${at}  ${visibleLine(taskId)}  ${decisionText(before)} -> ${decisionText(after)}`
      ),
    ...(report.otherwise > Math.min(SHOWN, instants.length)
      ? [`  and ${grouped(report.otherwise - Math.min(SHOWN, instants.length))} more`]
      : [])
  ].join("\n")
}

const decisionText = (decision: string): string =>
  decision === "due" || decision === "nothing" ? decision : `skipped (${decision})`
