/** `nagatha audit verify`: holds the log against what it must be; exit code 1 on any finding. */
import { Effect, Option } from "effect"
import { Command } from "effect/cli"
import { json, text, timezone, zoneOf } from "../../asking/Flags.ts"
import { eachStored, position, rangeOf } from "../../asking/StoredCommits.ts"
import { byId } from "../../asking/TaskNames.ts"
import { withScheduler } from "../../Backend.ts"
import { CliFailure, ExitCode } from "../../Failure.ts"
import { reportText } from "../../showing/AuditText.ts"
import { colors, out, outJson } from "../../showing/Output.ts"
import { counted } from "../../showing/Text.ts"

export const verify = Command.make(
  "verify",
  {
    from: position("from", "Tell only what stands in the log from here on (what came before is read to know it)"),
    to: position("to", "Read no further than this (default: the end of the log)"),
    task: text("task", "ID", "Only of this task; the chain of the log is then not looked at"),
    expect: text("expect", "SHA256", "The digest of this range that was told before: another one is a finding"),
    timezone,
    json
  },
  Effect.fnUntraced(function* (input) {
    const zone = yield* zoneOf(input.timezone)
    const { Verification } = yield* Effect.promise(() => import("../../../audit/Verify.ts"))
    const report = yield* withScheduler(
      Effect.fnUntraced(function* (scheduler) {
        const asked = Option.getOrUndefined(input.task)
        const taskId =
          asked === undefined
            ? undefined
            : (yield* byId(scheduler, asked, scheduler.info({ id: asked, executions: 1 }))).task.taskId
        const { from, through } = yield* rangeOf(scheduler, input, zone)
        const verification = new Verification({
          ...(taskId === undefined ? {} : { taskId }),
          ...(from === undefined ? {} : { from })
        })
        yield* eachStored(scheduler, { through, taskId }, (commits) =>
          Effect.sync(() => {
            for (const { sequence, storedAt, text } of commits) {
              verification.text(sequence, text, Date.parse(storedAt))
            }
          })
        )
        return verification.end()
      })
    )
    const expected = Option.getOrUndefined(input.expect)?.toLowerCase()
    const isOther = expected !== undefined && expected !== report.digest
    yield* input.json
      ? outJson({ ...report, ok: report.ok && !isOther, ...(expected === undefined ? {} : { expected }) })
      : out(reportText(report, yield* colors))
    const count = Object.values(report.counts).reduce((sum, found) => sum + found, 0)
    if (isOther) {
      return yield* new CliFailure({
        code: "otherDigest",
        message: `the digest of this range is ${report.digest ?? "not known"}, not ${expected}: what stands there has been changed since`,
        exitCode: ExitCode.failed
      })
    }
    if (count > 0) {
      return yield* new CliFailure({
        code: "findings",
        message: `the log does not keep its promises: ${counted(count, "finding")}`,
        exitCode: ExitCode.failed
      })
    }
  })
).pipe(
  Command.withDescription(
    "Check that every due instant has exactly one decision, every execution one outcome, and the log its whole history"
  ),
  Command.withExamples([
    { command: "nagatha audit verify" },
    { command: "nagatha audit verify --task 4kx9 --json" },
    { command: "nagatha audit verify --to 5000 --expect 9f2c…", description: "Nothing up to there has been changed" }
  ])
)
