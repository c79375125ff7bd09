/** The command tree: `nagatha <verb>` and `nagatha scheduler <verb>` are the same commands. */
import { Command, GlobalFlag } from "effect/cli"
import { apply } from "./commands/apply.ts"
import { audit } from "./commands/audit.ts"
import { backfill } from "./commands/backfill.ts"
import { calendar } from "./commands/calendar.ts"
import { cancel } from "./commands/cancel.ts"
import { completions } from "./commands/completions.ts"
import { demo } from "./commands/demo.ts"
import { doctor } from "./commands/doctor.ts"
import { down } from "./commands/down.ts"
import { events } from "./commands/events.ts"
import { history } from "./commands/history.ts"
import { info } from "./commands/info.ts"
import { list } from "./commands/list.ts"
import { logs } from "./commands/logs.ts"
import { mcpServers } from "./commands/mcp-servers.ts"
import { next } from "./commands/next.ts"
import { node } from "./commands/node.ts"
import { pause } from "./commands/pause.ts"
import { plugins } from "./commands/plugins.ts"
import { queue } from "./commands/queue.ts"
import { reschedule } from "./commands/reschedule.ts"
import { resume } from "./commands/resume.ts"
import { restore } from "./commands/restore.ts"
import { retry } from "./commands/retry.ts"
import { revert, undo } from "./commands/undo.ts"
import { run } from "./commands/run.ts"
import { schedule } from "./commands/schedule.ts"
import { schema } from "./commands/schema.ts"
import { simulate } from "./commands/simulate.ts"
import { skip } from "./commands/skip.ts"
import { status } from "./commands/status.ts"
import { subscriptions } from "./commands/subscriptions.ts"
import { up } from "./commands/up.ts"
import { update } from "./commands/update.ts"
import { present } from "./asking/Flags.ts"

/** Read at the start of the run (`Presentation.ts`); declared here so that it is known everywhere. */
const NoColor = GlobalFlag.Setting("no-color")({ flag: present("no-color", "Print without colours, as NO_COLOR does") })

const verbs = [
  {
    group: "TASKS",
    commands: [schedule, list, info, run, pause, resume, skip, backfill, reschedule, update, cancel, apply]
  },
  { group: "DOING AGAIN", commands: [retry, undo, revert, restore] },
  { group: "WHAT RAN", commands: [history, logs, events, subscriptions, schema, audit] },
  { group: "HOW MUCH AT ONCE", commands: [queue] },
  { group: "WHEN", commands: [next, simulate, calendar] },
  {
    group: "THIS MACHINE",
    commands: [up, down, node, status, doctor, mcpServers, plugins, demo, completions((): Command.Command.Any => tree)]
  }
] as const

const scheduler = Command.make("scheduler").pipe(
  Command.withDescription("The same commands under their longer name"),
  Command.withSubcommands(verbs),
  Command.withExamples([{ command: "nagatha scheduler list", description: "As nagatha list" }])
)

export const tree = Command.make("nagatha").pipe(
  Command.withDescription(
    "Do this at that time: schedule tasks, see what they did, stop them.\n" +
      "  Exit codes: 0 done, 1 failed, 2 wrong usage, 3 cannot reach the service, 4 not found, 5 refused or in conflict,\n" +
      "  6 the awaited execution failed, 7 apply has something to do, 124 the outcome is unknown, 130 interrupted."
  ),
  Command.withSubcommands([...verbs, { group: "ALSO", commands: [scheduler] }]),
  Command.withExamples([
    { command: "nagatha up", description: "Run everything on this machine" },
    { command: 'nagatha schedule notification "in 30 minutes" --message "Tea is ready"', description: "A first task" },
    { command: 'nagatha next "every weekday at 9:00"', description: "How words are read" }
  ]),
  Command.withGlobalFlags([NoColor])
)
