/**
 * A notification on the desktop of whoever runs the worker: by `notify-send` on Linux, `osascript` on macOS. What is said
 * is given as arguments, never as code or markup.
 */
import { Effect } from "effect"
import { Output } from "../Output.ts"
import { inheritedEnv } from "../shell/InheritedEnv.ts"
import { runGroup } from "../shell/ProcessGroup.ts"
import { Channels } from "./ChannelSettings.ts"
import type { NotificationType } from "./NotificationArgs.ts"
import { NotDelivered, type NotificationMessage } from "./NotificationMessage.ts"

const TIMEOUT_MS = 10_000

/** How a program finds the desktop of its user. */
const SESSION = ["DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"]

const urgency: Record<NotificationType, string> = { info: "low", success: "low", warning: "normal", error: "critical" }

const titleOf = ({ notificationType }: NotificationMessage): string =>
  notificationType === "info" ? "Nagatha" : `Nagatha: ${notificationType}`

const withoutMarkup = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")

const SCRIPT = ["on run argv", "display notification (item 2 of argv) with title (item 1 of argv)", "end run"]

/** The command that shows it; undefined where no desktop of this system is known. */
export const desktopCommand = (
  notification: NotificationMessage,
  platform: NodeJS.Platform
): readonly [string, ...ReadonlyArray<string>] | undefined => {
  const { message, notificationType } = notification
  const title = titleOf(notification)
  if (platform === "linux") {
    const options = ["--app-name=Nagatha", `--urgency=${urgency[notificationType]}`]
    return ["notify-send", ...options, "--", title, withoutMarkup(message)]
  }
  if (platform === "darwin") return ["osascript", ...SCRIPT.flatMap((line) => ["-e", line]), title, message]
  return undefined
}

export const deliverToDesktop = Effect.fnUntraced(function* (notification: NotificationMessage) {
  const { desktop = false } = yield* Channels
  if (!desktop) {
    return yield* new NotDelivered({
      reason:
        'this worker shows nothing on a desktop; set "notifications": { "desktop": true } in its configuration file'
    })
  }
  const argv = desktopCommand(notification, process.platform)
  if (argv === undefined) {
    return yield* new NotDelivered({ reason: `no desktop is known for the system ${process.platform}` })
  }
  const env = inheritedEnv(process.env)
  for (const name of SESSION) {
    const value = process.env[name]
    if (value !== undefined) env[name] = value
  }
  const stderr = new Output(1024)
  const { exitCode, signal } = yield* runGroup(
    { argv, workingDir: undefined, env, stdin: undefined, stdout: new Output(1024), stderr },
    { mustEnd: Effect.void, stopped: () => {} }
  ).pipe(
    Effect.mapError(({ message }) => new NotDelivered({ reason: message })),
    Effect.timeoutOrElse({
      duration: TIMEOUT_MS,
      orElse: () => Effect.fail(new NotDelivered({ reason: `${argv[0]} did not end within ${TIMEOUT_MS} ms` }))
    })
  )
  if (exitCode === 0) return
  const said = stderr.kept().text.trim()
  const how = exitCode === null ? `ended by ${signal ?? "a signal"}` : `exited with ${exitCode}`
  const missing = exitCode === 127 ? ` (on Debian and Ubuntu it comes with the package libnotify-bin)` : ""
  return yield* new NotDelivered({ reason: `${argv[0]} ${how}${said === "" ? "" : `: ${said}`}${missing}` })
})
