/**
 * Variables of the environment in texts of a configuration: `${VAR}`, `${VAR:-default}`, `${env:VAR}`; `$${` is a `${` as it
 * stands, a bare `$VAR` is text. A variable that is not set, and has no default, is an error.
 */
import { Result } from "effect"

/** Variables of the environment. */
export type Variables = Readonly<Record<string, string | undefined>>

const VARIABLE = /(\$?)\$\{([^}]*)\}/g
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/** A text with its variables filled in; fails with what is wrong with it. */
export const expanded = (text: string, variables: Variables): Result.Result<string, string> => {
  let wrong: string | undefined
  const filled = text.replace(VARIABLE, (whole, escape: string, inner: string) => {
    if (escape !== "") return whole.slice(1)
    const at = inner.indexOf(":-")
    const name = (at < 0 ? inner : inner.slice(0, at)).replace(/^env:/, "")
    if (!NAME.test(name)) {
      wrong ??= `${whole} is not understood; write \${VAR}, \${VAR:-default} or \${env:VAR}`
      return ""
    }
    const value = variables[name]
    if (value !== undefined && (value !== "" || at < 0)) return value
    if (at >= 0) return inner.slice(at + 2)
    wrong ??= `the variable ${name} is not set; set it where the worker runs, or write \${${name}:-default}`
    return ""
  })
  return wrong === undefined ? Result.succeed(filled) : Result.fail(wrong)
}
