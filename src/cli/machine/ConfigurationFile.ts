/**
 * The configuration file of this machine: `nagatha.config.json`, `.yaml` or `.yml` in the configuration directory. Flags beat the
 * environment, the environment beats the file, the file beats the defaults. What it may say (`Configuration.ts`) is loaded
 * where there is one.
 */
import { Effect } from "effect"
import { existsSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { configHome, filled, type Variables } from "../../access/Variables.ts"
import { BadConfiguration } from "./BadConfiguration.ts"
import type { Configuration } from "./Configuration.ts"

/** What the file says; `file` is null where there is none. */
export interface ConfigurationFile {
  readonly file: string | null
  readonly values: Configuration
}

export const nothing: ConfigurationFile = { file: null, values: {} }

/** `NAGATHA_CONFIG_DIR`, else `nagatha` in `XDG_CONFIG_HOME` (ignored unless absolute), else `~/.config/nagatha`. */
export const configDirectory = (env: Variables, home: string): string => {
  const own = filled(env["NAGATHA_CONFIG_DIR"])
  if (own !== undefined) return resolve(own)
  return join(configHome(env, home), "nagatha")
}

const NAMES = ["nagatha.config.json", "nagatha.config.yaml", "nagatha.config.yml"]

const bad = (file: string, reason: string) => new BadConfiguration({ file, reason })

/** What the file says, and which file that is; nothing where there is none. Two files are one too many. */
export const readConfiguration = Effect.fnUntraced(function* (
  directory: string
): Effect.fn.Return<ConfigurationFile, BadConfiguration> {
  const [file, other] = NAMES.map((name) => join(directory, name)).filter((name) => existsSync(name))
  if (file === undefined) return nothing
  if (other !== undefined) return yield* bad(file, `there is ${other} as well; keep one of them`)
  const { configurationOf } = yield* Effect.promise(() => import("./Configuration.ts"))
  const text = yield* Effect.try({
    try: () => readFileSync(file, "utf8"),
    catch: (cause) => bad(file, `cannot be read: ${String(cause)}`)
  })
  return { file, values: yield* configurationOf(file, text) }
})
