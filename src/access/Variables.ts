/** Variables of the environment. */
import { join, resolve } from "node:path"

export type Variables = Readonly<Record<string, string | undefined>>

/** The value of a variable; an empty one counts as none. */
export const filled = (value: string | undefined): string | undefined => (value === "" ? undefined : value)

/** Where programs of this user keep their configuration: `XDG_CONFIG_HOME` (ignored unless absolute), else `~/.config`. */
export const configHome = (env: Variables, home: string): string => {
  const shared = filled(env["XDG_CONFIG_HOME"])
  return shared !== undefined && resolve(shared) === shared ? shared : join(home, ".config")
}
