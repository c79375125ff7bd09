/**
 * Every command's name, and what it is for in one line; the rest of a command, which says of itself more than that only where
 * it has to, is loaded when a word names it. So what one command needs is not what all others wait for.
 */
import type { Command } from "effect/cli"
import type { Backend } from "./Backend.ts"

/** Any command: what its flags say, only itself knows. */
// oxlint-disable-next-line typescript/no-explicit-any -- a command's name and input are invariant
export type AnyCommand = Command.Command<any, any, any, unknown, Backend | Command.Environment>

export interface Verb {
  readonly name: string
  readonly alias: string | undefined
  readonly purpose: string
  /** The whole of it; `completions` completes every command. */
  readonly load: (everything: () => Promise<AnyCommand>) => Promise<AnyCommand>
}

const verb = (name: string, purpose: string, load: Verb["load"], alias?: string): Verb => ({
  name,
  alias,
  purpose,
  load
})

export const groups: ReadonlyArray<{ readonly group: string; readonly verbs: ReadonlyArray<Verb> }> = [
  {
    group: "TASKS",
    verbs: [
      verb("schedule", "Schedule a task", () => import("./commands/schedule.ts").then(({ schedule }) => schedule)),
      verb(
        "list",
        "List tasks: all that are not over, and those that ended within a day",
        () => import("./commands/list.ts").then(({ list }) => list),
        "ls"
      ),
      verb("info", "Show everything about one task, or one execution", () =>
        import("./commands/info.ts").then(({ info }) => info)
      ),
      verb(
        "run",
        "Run tasks now, beside their schedule, also while they are paused; not counted as one of their runs",
        () => import("./commands/run.ts").then(({ run }) => run)
      ),
      verb("pause", "Pause tasks: nothing becomes due, what is open goes on, what is missed is skipped", () =>
        import("./commands/pause.ts").then(({ pause }) => pause)
      ),
      verb("resume", "Let paused tasks go on; what they have missed is not made up for", () =>
        import("./commands/resume.ts").then(({ resume }) => resume)
      ),
      verb("skip", "Leave out one occurrence of a task, and no other", () =>
        import("./commands/skip.ts").then(({ skip }) => skip)
      ),
      verb("backfill", "Run the occurrences of a task from one instant to before another, one after another", () =>
        import("./commands/backfill.ts").then(({ backfill }) => backfill)
      ),
      verb("reschedule", "Give a task a new schedule; nothing from the past runs because of it", () =>
        import("./commands/reschedule.ts").then(({ reschedule }) => reschedule)
      ),
      verb("update", "Change what is named of a task, and nothing else (its schedule: nagatha reschedule)", () =>
        import("./commands/update.ts").then(({ update }) => update)
      ),
      verb(
        "cancel",
        "Cancel tasks, or single executions: what has not begun never begins, what runs is asked to stop",
        () => import("./commands/cancel.ts").then(({ cancel }) => cancel),
        "rm"
      ),
      verb(
        "apply",
        "Make tasks as files say: creates, changes and restores them; with --prune cancels those whose file is gone",
        () => import("./commands/apply.ts").then(({ apply }) => apply)
      )
    ]
  },
  {
    group: "DOING AGAIN",
    verbs: [
      verb("retry", "Do again what has failed, was cancelled or has expired; also where its task is over", () =>
        import("./commands/retry.ts").then(({ retry }) => retry)
      ),
      verb("undo", "Take back the newest change of a task's definition; done twice, it stands again", () =>
        import("./commands/undo.ts").then(({ undo }) => undo)
      ),
      verb("revert", "Bring back what a task was at a revision; nothing from the past runs because of it", () =>
        import("./commands/undo.ts").then(({ revert }) => revert)
      ),
      verb(
        "restore",
        "Let tasks that were cancelled go on, as they were; nothing from the past runs because of it",
        () => import("./commands/restore.ts").then(({ restore }) => restore)
      )
    ]
  },
  {
    group: "WHAT RAN",
    verbs: [
      verb("history", "List executions, newest first", () =>
        import("./commands/history.ts").then(({ history }) => history)
      ),
      verb("logs", "Print the output of one execution", () => import("./commands/logs.ts").then(({ logs }) => logs)),
      verb("events", "Print events as they happen", () => import("./commands/events.ts").then(({ events }) => events)),
      verb("subscriptions", "Named subscriptions: who reads events, and how far they have come", () =>
        import("./commands/subscriptions.ts").then(({ subscriptions }) => subscriptions)
      ),
      verb("schema", "Print the JSON Schema of an event, a command, a query or a read model (needs no server)", () =>
        import("./commands/schema.ts").then(({ schema }) => schema)
      ),
      verb("audit", "Look into the log: why an instant did or did not run, and whether every promise was kept", () =>
        import("./commands/audit.ts").then(({ audit }) => audit)
      )
    ]
  },
  {
    group: "HOW MUCH AT ONCE",
    verbs: [
      verb("queue", "Queues: how much of them runs, and how fast, over all workers", () =>
        import("./commands/queue.ts").then(({ queue }) => queue)
      )
    ]
  },
  {
    group: "WHEN",
    verbs: [
      verb("next", "Explain how words, cron or dates are read, and list the coming runs (needs no server)", () =>
        import("./commands/next.ts").then(({ next }) => next)
      ),
      verb("simulate", "Look ahead: how much begins when, what stands out, and what the clocks do", () =>
        import("./commands/simulate.ts").then(({ simulate }) => simulate)
      ),
      verb("calendar", "Calendars of days on which tasks do not run", () =>
        import("./commands/calendar.ts").then(({ calendar }) => calendar)
      )
    ]
  },
  {
    group: "THIS MACHINE",
    verbs: [
      verb(
        "up",
        "Run everything on this machine: a NATS server (unless one is given), the scheduler, a worker and the HTTP API",
        () => import("./commands/up.ts").then(({ up }) => up)
      ),
      verb("down", "Stop what nagatha up has started", () => import("./commands/down.ts").then(({ down }) => down)),
      verb("node", "Nodes of a larger deployment", () => import("./commands/node.ts").then(({ node }) => node)),
      verb("status", "Show nodes, partitions, queues and how far the read models are", () =>
        import("./commands/status.ts").then(({ status }) => status)
      ),
      verb("metrics", "Print what a node measures, as Prometheus reads it", () =>
        import("./commands/metrics.ts").then(({ metrics }) => metrics)
      ),
      verb("doctor", "Check the set-up end to end, and say what to do", () =>
        import("./commands/doctor.ts").then(({ doctor }) => doctor)
      ),
      verb("admin", "What only whoever answers for the log should do", () =>
        import("./commands/admin.ts").then(({ admin }) => admin)
      ),
      verb("mcp-servers", "MCP servers of this machine's mcp.json", () =>
        import("./commands/mcp-servers.ts").then(({ mcpServers }) => mcpServers)
      ),
      verb("plugins", "Plugins: commands and task types of your own", () =>
        import("./commands/plugins.ts").then(({ plugins }) => plugins)
      ),
      verb("demo", "Show what this can do: every task type, run for real", () =>
        import("./commands/demo.ts").then(({ demo }) => demo)
      ),
      verb("completions", "Print a script that completes commands and flags in a shell", (everything) =>
        import("./commands/completions.ts").then(({ completions }) => completions(everything))
      )
    ]
  }
]
