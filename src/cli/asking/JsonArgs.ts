/** Arguments as people give them on the command line: a JSON object. */
import { Effect, Schema } from "effect"
import { TaskArgs } from "../../events/TaskDefinition.ts"
import { usage } from "../Failure.ts"

/** Whether a value may be arguments. */
export const isArgs = Schema.is(TaskArgs)

/** The object of `--args`. */
export const jsonArgs = Effect.fnUntraced(function* (text: string) {
  const value = yield* Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: (reason) =>
      usage(
        `--args is not JSON: ${reason instanceof Error ? reason.message : String(reason)}`,
        'such as --args \'{"text": "hello"}\''
      )
  })
  if (isArgs(value) && !Array.isArray(value)) return value
  const found = Array.isArray(value) ? "an array" : value === null ? "null" : `a ${typeof value}`
  return yield* usage(`--args must be a JSON object, not ${found}`, 'such as --args \'{"text": "hello"}\'')
})
