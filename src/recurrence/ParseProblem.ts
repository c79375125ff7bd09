/** Words that could not be read as a recurrence: where, why, what was meant perhaps, and what can be written. */
import { Schema } from "effect"

export class ParseProblem extends Schema.TaggedError<ParseProblem>()("ParseProblem", {
  input: Schema.String,
  /** Offsets of the part that is wrong. */
  start: Schema.Int,
  end: Schema.Int,
  problem: Schema.String,
  understoodSoFar: Schema.optionalKey(Schema.String),
  examples: Schema.Array(Schema.String)
}) {
  /** For programs: what was written, the part of it that is wrong, and why. */
  get place() {
    const { end, examples, input, problem, start, understoodSoFar } = this
    return {
      input,
      start,
      end,
      problem,
      ...(understoodSoFar === undefined ? {} : { understoodSoFar }),
      examples: [...examples]
    }
  }

  override get message() {
    const shown = this.input.replace(/\s/g, " ")
    const from = Math.min(this.start, shown.length)
    const to = Math.max(from + 1, Math.min(this.end, shown.length))
    const marks = `${" ".repeat("cannot read ".length + 1)}${"~".repeat(from)}${"^".repeat(to - from)}`
    return [
      `cannot read ${JSON.stringify(shown)}`,
      `${marks.padEnd(36)}  ${this.problem}`,
      ...(this.understoodSoFar === undefined ? [] : [`understood so far: ${this.understoodSoFar} …`]),
      `examples: ${this.examples.map((example) => JSON.stringify(example)).join(", ")}`
    ].join("\n")
  }
}
