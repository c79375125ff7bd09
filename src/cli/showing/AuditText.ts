/** What an audit has found, for people. */
import { type Finding, type FindingKind, FINDINGS } from "../../audit/Finding.ts"
import type { Report } from "../../audit/Verify.ts"
import type { WhyAnswer } from "../../audit/WhyAnswer.ts"
import { labelled } from "./Output.ts"
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
