/** Where this machine's deployment keeps its data. */
import { homedir } from "node:os"
import { join, resolve } from "node:path"
import { filled, type Variables } from "./Variables.ts"

/** `NAGATHA_DATA_DIR`, else `nagatha` in `XDG_DATA_HOME` (ignored unless absolute), else `~/.local/share/nagatha`. */
export const dataDirectory = (env: Variables, home: string): string => {
  const own = filled(env["NAGATHA_DATA_DIR"])
  if (own !== undefined) return resolve(own)
  const shared = filled(env["XDG_DATA_HOME"])
  const base = shared !== undefined && resolve(shared) === shared ? shared : join(home, ".local", "share")
  return join(base, "nagatha")
}

/** The file in which a running `nagatha up` says how to reach it; readable by its owner only. */
export const upFile = (dataDir: string): string => join(dataDir, "up.json")

/** The data directory of this process: what `--data` says (undefined: nothing), else its environment. */
export const dataDirectoryHere = (asked?: string): string =>
  asked === undefined ? dataDirectory(process.env, homedir()) : resolve(asked)
