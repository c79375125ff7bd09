/** What can be wrong with an MCP server or a call of one of its tools. */
import { Schema } from "effect"
import { suggestion } from "../Suggestion.ts"

/**
 * The call, or the connection, has failed. `retryable`: trying again may help; otherwise what `message` names must be
 * mended first. With `delayMs` nothing was tried: come back after so many milliseconds.
 */
export class McpProblem extends Schema.TaggedError<McpProblem>()("McpProblem", {
  code: Schema.Literals([
    "mcpConfig",
    "unknownServer",
    "cannotConnect",
    "connectionLost",
    "unknownTool",
    "invalidArguments",
    "toolError",
    "serverError",
    "serverResting"
  ]),
  message: Schema.String,
  retryable: Schema.Boolean,
  delayMs: Schema.optionalKey(Schema.Int),
  detail: Schema.optionalKey(Schema.Json)
}) {}

/** Names shown at most of what there is. */
const SHOWN = 40

/** Some other name was meant: what there is, and which of it is nearest. */
export const otherwise = (name: string, known: ReadonlyArray<string>, none: string): string => {
  if (known.length === 0) return none
  const meant = suggestion(name, known)
  const all = [...known].sort()
  const listed = `there ${all.length === 1 ? "is" : "are"} ${all.slice(0, SHOWN).join(", ")}${all.length > SHOWN ? `, and ${all.length - SHOWN} more` : ""}`
  return meant === undefined ? listed : `did you mean ${JSON.stringify(meant)}? ${listed}`
}
