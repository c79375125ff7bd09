/** The flags of `schedule`: what may be said about a task on the command line, with the defaults that the service fills in. */
import { Argument, type Command, Flag } from "effect/cli"
import { CatchUp, ExecutionOverlap } from "../../events/TaskDefinition.ts"
import { GapPolicy, OverlapPolicy } from "../../recurrence/Recurrence.ts"
import { NotificationChannel, NotificationType } from "../../work/notification/NotificationArgs.ts"
import { choice, count, duration, present, text, texts, timezone } from "./Flags.ts"

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
  tag: texts("tag", "TEXT", "Tag to find it by; may be repeated"),
  retries: count("retries", 0, 100, "Retries after the first attempt (default: 3)").pipe(Flag.optional),
  backoff: duration("backoff", "Delay before the first retry, doubled for each further one (default: 1s)"),
  timeout: duration("timeout", "An attempt is asked to stop after this (default: 5m)"),
  hardTimeout: duration("hard-timeout", "An attempt is killed after this (default: 10m)"),
  overlap: choice(
    "overlap",
    ExecutionOverlap.literals,
    "What a run does that is due while an earlier one goes on (default: skip)"
  ),
  catchUp: choice("catch-up", CatchUp.literals, "Which runs missed while nothing ran are run late (default: latest)"),
  catchUpWindow: duration("catch-up-window", "How far back a missed run may lie (default: 1d)"),
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
