/** `nagatha down`: stops what `nagatha up` started with a data directory. */
import { Effect, Option } from "effect"
import { Command } from "effect/cli"
import { withDeployment } from "../Backend.ts"
import { dataDirectoryHere } from "../../access/DataDirectory.ts"
import { dataDirectory, json } from "../asking/Flags.ts"
import { note, out, outJson } from "../showing/Output.ts"

export const down = Command.make(
  "down",
  {
    data: dataDirectory("The data directory it was started with"),
    json
  },
  Effect.fnUntraced(function* (input) {
    const dataDir = dataDirectoryHere(Option.getOrUndefined(input.data))
    const { pid } = yield* withDeployment((deployment) => deployment.down(dataDir))
    if (input.json) return yield* outJson({ stopped: pid !== null, pid, dataDir })
    yield* pid === null ? note(`nothing runs with the data in ${dataDir}`) : out(`stopped process ${pid}`)
  })
).pipe(Command.withExamples([{ command: "nagatha down" }, { command: "nagatha down --data ./data" }]))
