/**
 * A task type of its own, `word_count`, by an Effect: its arguments and its result have a shape, its tasks a queue.
 *
 *     nagatha up --plugin examples/plugins/word-count.ts
 *     nagatha schedule word_count "in 5 seconds" --args '{"text": "to be or not to be"}'
 */
import { Effect, Schema } from "effect"
import { defineTaskType, TaskFailed } from "nagatha-scheduler"

export default defineTaskType({
  name: "word_count",
  description: "Counts the words of a text.",
  args: Schema.Struct({
    text: Schema.String.annotate({ description: "what to count in" }),
    atLeast: Schema.optionalKey(Schema.Int)
  }),
  result: Schema.Struct({ words: Schema.Int, different: Schema.Int }),
  retry: { maxRetries: 1 },
  run: ({ atLeast = 0, text }) =>
    Effect.gen(function* () {
      const words = text.split(/\s+/).filter((word) => word !== "")
      if (words.length < atLeast) {
        // Trying again would not make it longer.
        const error = { code: "tooShort", message: `${words.length} words; at least ${atLeast} are expected` }
        return yield* new TaskFailed({ error, retryable: false })
      }
      return { words: words.length, different: new Set(words).size }
    })
})
