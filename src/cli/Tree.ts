/** The command tree: `nagatha <verb>` and `nagatha scheduler <verb>` are the same commands. */
import { Command, GlobalFlag } from "effect/cli"
import { next } from "./commands/next.ts"
import { present } from "./Flags.ts"

/** Read at the start of the run (`Presentation.ts`); declared here so that it is known everywhere. */
const NoColor = GlobalFlag.Setting("no-color")({ flag: present("no-color", "Print without colours, as NO_COLOR does") })

const verbs = [next] as const

const scheduler = Command.make("scheduler").pipe(
  Command.withDescription("The same commands under their longer name"),
  Command.withSubcommands(verbs)
)

export const tree = Command.make("nagatha").pipe(
  Command.withDescription("Do this at that time: schedule tasks, see what they did, and stop them"),
  Command.withSubcommands([...verbs, scheduler]),
  Command.withGlobalFlags([NoColor])
)
