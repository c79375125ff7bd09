/** `nagatha doctor`: looks at the whole set-up and says what to do; exit code 1 where something is a problem. */
import { Effect, Option } from "effect"
import { Command } from "effect/cli"
import { withDeployment } from "../Backend.ts"
import { dataDirectoryHere } from "../../access/DataDirectory.ts"
import type { Check } from "../machine/Deployment.ts"
import { CliFailure, ExitCode } from "../Failure.ts"
import { dataDirectory, json } from "../asking/Flags.ts"
import { colors, labelled, out, outJson } from "../showing/Output.ts"
import { indented, type Paint, visible, visibleLine } from "../showing/Text.ts"

const mark = (state: Check["state"], paint: Paint): string => {
  if (state === "ok") return paint.green("ok     ")
  return state === "warning" ? paint.yellow("warning") : paint.red("problem")
}

const checkLines = (check: Check, paint: Paint): string => {
  const first = `  ${mark(check.state, paint)}  ${paint.bold(check.name)}: ${visible(check.found)}`
  return check.remedy === undefined ? first : `${first}\n${indented(`do: ${visible(check.remedy)}`, 11)}`
}

export const doctor = Command.make(
  "doctor",
  {
    data: dataDirectory("The data directory to look at"),
    json
  },
  Effect.fnUntraced(function* (input) {
    const dataDir = dataDirectoryHere(Option.getOrUndefined(input.data))
    const report = yield* withDeployment((deployment) => deployment.doctor(dataDir))
    const problems = report.checks.filter(({ state }) => state === "problem").length
    if (input.json) yield* outJson({ ok: problems === 0, ...report })
    else {
      const paint = yield* colors
      const settings = report.settings.map(
        ({ name, source, value }) => [name, `${visibleLine(value)}  ${paint.dim(`(${source})`)}`] as const
      )
      yield* out(
        [
          paint.bold("settings"),
          labelled(settings, paint),
          "",
          paint.bold("checks"),
          ...report.checks.map((check) => checkLines(check, paint))
        ].join("\n")
      )
    }
    if (problems > 0) {
      return yield* new CliFailure({
        code: "problems",
        message: problems === 1 ? "there is a problem" : `there are ${problems} problems`,
        exitCode: ExitCode.failed
      })
    }
  })
).pipe(Command.withExamples([{ command: "nagatha doctor" }, { command: "nagatha doctor --json" }]))
