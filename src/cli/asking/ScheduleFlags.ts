/** The flags of `schedule`: what may be said about a task on the command line, with the defaults that the service fills in. */
import { Argument, type Command, Flag } from "effect/cli"
import { CatchUp, ExecutionOverlap } from "../../events/TaskDefinition.ts"
import { GapPolicy, OverlapPolicy } from "../../recurrence/Recurrence.ts"
import { NotificationChannel, NotificationType } from "../../work/notification/NotificationArgs.ts"
import { MAX_PRIORITY } from "../../events/TaskDefinition.ts"
import { choice, count, duration, number, present, rate, text, texts, timezone } from "./Flags.ts"

export const scheduleFlags = {
  type: Argument.String("TYPE").pipe(
    Argument.withDescription(
      "notification, shell_command, mcp_tool, http_request, plugin_command, sequence, or another registered task type"
    ),
    Argument.optional
  ),
  when: Argument.String("WHEN").pipe(
    Argument.withDescription('When, such as "in 30 minutes", "every weekday at 9:00", "0 2 * * *", 2030-01-31T09:00'),
    Argument.optional
  ),
  after: text("after", "ID", "In place of WHEN: each time this task has succeeded, or one of several (a,b)"),
  name: text("name", "TEXT", "Name to find it by (default: the task type)"),
  description: text("description", "TEXT", "What it is for"),
  timezone,
  message: text("message", "TEXT", "notification: what to say"),
  notificationType: choice("notification-type", NotificationType.literals, "notification: its kind (default: info)"),
  target: text("target", "TEXT", "notification: whom it is for, in the receiver's own words"),
  url: text("url", "URL", "http_request: what to call"),
  method: text("method", "METHOD", "http_request: GET (default), POST, …"),
  channel: Flag.Literals("channel", NotificationChannel.literals).pipe(
    Flag.withDescription("notification: where to deliver besides NATS; may be repeated"),
    Flag.atLeast(0)
  ),
  command: text("command", "TEXT", "shell_command: what to run, by /bin/sh"),
  workingDir: text("working-dir", "DIR", "shell_command: directory on the worker in which it runs"),
  env: texts("env", "K=V", "shell_command: environment variable; may be repeated"),
  serverName: text("server-name", "NAME", "mcp_tool: server in mcp.json of the worker"),
  toolName: text("tool-name", "NAME", "mcp_tool: which of its tools to call"),
  pluginName: text("plugin-name", "NAME", "plugin_command: plugin of the worker"),
  commandName: text("command-name", "NAME", "plugin_command: which of its commands to run"),
  args: text(
    "args",
    "JSON",
    "A JSON object: what the tool or the plugin's command is given; for other types their arguments, to which flags are added"
  ),
  file: text("file", "FILE", "Read the task from a JSON or YAML file, - for standard input; flags replace its fields"),
  queue: text("queue", "NAME", "Line of work in which it waits (default: the task type's)"),
  priority: count(
    "priority",
    -MAX_PRIORITY,
    MAX_PRIORITY,
    "Its runs go before others of the queue as if they had waited so many seconds longer (default: 0; below 0: shorter)"
  ).pipe(Flag.optional),
  key: text("key", "KEY", "Whom it is for, such as a customer: the queue's limits for each key go by it"),
  tag: texts("tag", "TEXT", "Tag to find it by; may be repeated"),
  retries: count("retries", 0, 100, "Retries after the first attempt (default: 3)").pipe(Flag.optional),
  backoff: duration("backoff", "Delay before the first retry (default: 1s)"),
  backoffFactor: number("backoff-factor", 1, 100, "By how much each further delay is longer (default: 2)"),
  maxBackoff: duration("max-backoff", "Longest delay before a retry (default: 10m)"),
  jitter: number("jitter", 0, 1, "Share by which each delay varies (default: 0.1)"),
  noRetryOn: texts("no-retry-on", "CODE", "Error code that no retry mends: it fails at once; may be repeated"),
  timeout: duration("timeout", "An attempt is asked to stop after this (default: 5m)"),
  hardTimeout: duration("hard-timeout", "An attempt is killed after this (default: 10m)"),
  overlap: choice(
    "overlap",
    ExecutionOverlap.literals,
    "What a run does that is due while an earlier one goes on (default: skip)"
  ),
  catchUp: choice("catch-up", CatchUp.literals, "Which runs missed while nothing ran are run late (default: latest)"),
  catchUpWindow: duration("catch-up-window", "How far back a missed run may lie (default: 1d)"),
  catchUpMax: count("catch-up-max", 1, 1_000_000, "With --catch-up all: run late at most the newest so many").pipe(
    Flag.optional
  ),
  catchUpRate: rate("catch-up-rate", "With --catch-up all: run late at most so many in a time, such as 10/1m"),
  startAt: text("start-at", "INSTANT", 'Nothing runs before, such as 2030-01-31T09:00 or "next monday at 9"'),
  endAt: text("end-at", "INSTANT", "Nothing runs after"),
  maxRuns: count("max-runs", 1, 1_000_000_000, "Completed after so many runs").pipe(Flag.optional),
  spread: duration(
    "spread",
    "Due up to so much later, by the same delay each time: what is due together does not begin together"
  ),
  expires: duration("expires", "Given up when nobody has begun it so long after it was due (default: never)"),
  pauseAfter: count("pause-after", 1, 1000, "Pause it after so many failures in a row (default: never)").pipe(
    Flag.optional
  ),
  exclude: texts(
    "exclude",
    "CALENDAR",
    "Calendar on whose days it does not run (see nagatha calendar); may be repeated"
  ),
  dstGap: choice("dst-gap", GapPolicy.literals, "What a time that does not exist does (default: nextValid)"),
  dstOverlap: choice("dst-overlap", OverlapPolicy.literals, "What a time that happens twice does (default: first)"),
  id: text("id", "ID", "Own task id: the same task again under it changes nothing, a different one is refused"),
  commandId: text("command-id", "ID", "Id of this command: sent again, it is carried out at most once"),
  allowPast: present("allow-past", "Take an instant that has passed, and run at once"),
  dryRun: present("dry-run", "Say what would be done, and do nothing")
}

export type ScheduleInput = Command.Command.Config.Infer<typeof scheduleFlags>
