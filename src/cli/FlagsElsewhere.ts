/** Flags that a command has not, while the command beside it has: where what is asked for is to be said. */

interface Place {
  /** The command that has them not. */
  readonly command: string
  readonly flags: ReadonlyArray<string>
  readonly why: string
  readonly hint: (flags: string) => string
}

const PLACES: ReadonlyArray<Place> = [
  {
    command: "update",
    flags: ["timezone", "dst-gap", "dst-overlap"],
    why: "a schedule goes with its zone and its rules for the clocks",
    hint: (flags) => `nagatha reschedule ID WHEN ${flags}; nagatha info ID shows WHEN as it is, to say it again`
  },
  {
    command: "update",
    flags: ["schedule", "when", "after"],
    why: "a schedule is given as a whole",
    hint: () => "nagatha reschedule ID WHEN"
  },
  {
    command: "update",
    flags: [
      "message",
      "notification-type",
      "target",
      "channel",
      "url",
      "method",
      "command",
      "working-dir",
      "env",
      "server-name",
      "tool-name",
      "plugin-name",
      "command-name"
    ],
    why: "the arguments of a task are changed as a whole",
    hint: () => "nagatha update ID --args JSON; nagatha info ID --json shows them as they are (taskArgs)"
  },
  {
    command: "reschedule",
    flags: [
      "start-at",
      "end-at",
      "max-runs",
      "spread",
      "exclude",
      "name",
      "description",
      "args",
      "queue",
      "priority",
      "key",
      "tag",
      "retries",
      "backoff",
      "backoff-factor",
      "max-backoff",
      "jitter",
      "no-retry-on",
      "timeout",
      "hard-timeout",
      "overlap",
      "catch-up",
      "catch-up-window",
      "catch-up-max",
      "catch-up-rate",
      "expires",
      "pause-after"
    ],
    why: "that is changed beside the schedule",
    hint: (flags) => `nagatha update ID ${flags}`
  }
]

const nameOf = (option: string): string => option.replace(/^--/, "")

/** Where all these flags belong, which a command has not; undefined where one of them is no other's either. */
export const elsewhere = (
  command: string,
  options: ReadonlyArray<string>
): { readonly message: string; readonly hint: string } | undefined => {
  const places = PLACES.filter((place) => place.command === command).map((place) => ({
    ...place,
    asked: options.filter((option) => place.flags.includes(nameOf(option)))
  }))
  const found = places.filter(({ asked }) => asked.length > 0)
  if (found.length === 0 || found.flatMap(({ asked }) => asked).length < options.length) return undefined
  const said = found.map(({ asked, why }) => `${command} has no flag ${asked.join(", ")}: ${why}`)
  const hints = found.map(({ asked, hint }) => hint(asked.map((option) => `${option} …`).join(" ")))
  return { message: said.join("; "), hint: hints.join("; ") }
}
