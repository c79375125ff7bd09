/** What is answered to a request, whatever carries it: JSON, or why it was refused. */
import { type Effect, Schema } from "effect"
import { Refused } from "../actors/door/TaskRequest.ts"
import { shownIssue } from "../work/ArgsProblem.ts"

/** A refusal as it stands in answers. */
export const errorJson = ({ code, detail, hint, message }: Refused) => ({
  code,
  message,
  ...(detail === undefined ? {} : { detail }),
  ...(hint === undefined ? {} : { hint })
})

export type Answered = { readonly answer: unknown } | { readonly error: ReturnType<typeof errorJson> }

/** Something that can be asked for by name. */
export interface Question {
  readonly name: string
  /** Throws a `Refused` where the body cannot be read. */
  answer(body: unknown): Effect.Effect<unknown, Refused>
}

/** Decodes a request, or throws what is wrong with it. */
export const decodeWith = <A>(schema: Schema.ConstraintDecoder<A>) => {
  const decode = Schema.decodeUnknownResult(schema, { onExcessProperty: "error" })
  return (value: unknown): A => {
    const decoded = decode(value)
    if (decoded._tag === "Success") return decoded.success
    throw new Refused({
      code: "invalidRequest",
      message: `the request cannot be read: ${shownIssue(decoded.failure.issue, schema.ast)}`
    })
  }
}
