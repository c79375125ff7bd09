/** What a process that a task starts sees of the worker's environment: a few named variables, no secrets. */

/** What is handed on, and all of `LC_*`. */
const INHERITED: ReadonlySet<string> = new Set(["PATH", "HOME", "LANG", "TZ", "TMPDIR", "USER", "LOGNAME", "SHELL"])

const DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"

/** The variables of `from` that commands may see. */
export const inheritedEnv = (from: Readonly<Record<string, string | undefined>>): Record<string, string> => {
  const env: Record<string, string> = { PATH: DEFAULT_PATH }
  for (const [name, value] of Object.entries(from)) {
    if (value !== undefined && (INHERITED.has(name) || name.startsWith("LC_"))) env[name] = value
  }
  return env
}
