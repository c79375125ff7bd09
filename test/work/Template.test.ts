/** References in arguments: to earlier steps and to messages; what they are filled with is never read as references again. */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { argsByMessage } from "../../src/work/MessageArgs.ts"
import { filled, takesFromMessage, withMessage } from "../../src/work/sequence/Template.ts"
import { TaskTypes } from "../../src/work/TaskTypes.ts"
import { Effect } from "effect"

const message = { id: 7, text: "a {{ steps.x.result }} {{ message.id }}", list: [{ name: "n" }], none: null }

const given = (args: Parameters<typeof withMessage>[0]) =>
  Result.match(withMessage(args, message), { onFailure: (problem) => problem, onSuccess: (value) => value })

describe("what arguments take from a message", () => {
  it("is a value where it stands alone, and text inside a text", () => {
    assert.deepStrictEqual(
      given({ a: "{{ message.id }}", b: "no. {{message.id}}", c: ["{{ message.list[0].name }}"] }),
      {
        a: 7,
        b: "no. 7",
        c: ["n"]
      }
    )
    assert.deepStrictEqual(given({ all: "{{ message }}", nothing: "{{ message.none }}" }), {
      all: message,
      nothing: null
    })
  })
  it("is not read again, and other braces stay as they are", () => {
    assert.deepStrictEqual(given({ a: "{{ message.text }}", b: "{{.Names}} {{ steps.a.result }}" }), {
      a: message.text,
      b: "{{.Names}} {{ steps.a.result }}"
    })
  })
  it("must be there", () => {
    assert.strictEqual(given({ a: "{{ message.customer }}" }), "{{ message.customer }} has no value")
    assert.isFalse(takesFromMessage({ a: "{{ messages.a }} {{ steps.b.result }}" }))
    assert.isTrue(takesFromMessage({ a: { b: ["x {{ message.a }}"] } }))
  })
  it("may stand beside what earlier steps gave", () => {
    const done = filled({ a: "{{ steps.s.result.x }} {{ message.id }} {{ message.text }}" }, () => ({ x: 1 }), message)
    assert.deepStrictEqual(done, Result.succeed({ a: `1 7 ${message.text}` }))
    assert.deepStrictEqual(
      filled({ a: "{{ message.id }}" }, () => ({})),
      Result.fail("{{ message.id }} has no value")
    )
  })
})

describe("arguments of a task that messages start", () => {
  const problem = (taskType: string, args: unknown) =>
    Effect.map(TaskTypes, (types) =>
      Result.match(argsByMessage(taskType, args, types), { onFailure: (one) => one.message, onSuccess: () => "" })
    ).pipe(Effect.provide(TaskTypes.layerDeclared()))
  it.effect("are never words of a shell", () =>
    Effect.gen(function* () {
      const text = yield* problem("shell_command", { command: "echo {{ message.name }}" })
      assert.match(text, /a shell would run what the message says; write a list of words/)
      const step = { type: "shell_command", args: { command: "echo {{ message.name }}" } }
      assert.match(yield* problem("sequence", { steps: [step] }), /steps\[0\]\.args\.command/)
      assert.match(
        yield* problem("sequence", { steps: [{ type: "sequence", args: { steps: [step] } }] }),
        /steps\[0\]\.args\.steps\[0\]\.args\.command/
      )
      for (const words of [
        ["sh", "-c", "echo {{ message.name }}"],
        ["/bin/bash", "-lc", "echo {{ message.name }}"],
        ["env", "X=1", "timeout", "5", "sh", "-c", "echo {{ message.name }}"]
      ]) {
        assert.match(yield* problem("shell_command", { command: words }), /a shell would run/)
      }
      assert.strictEqual(
        yield* problem("shell_command", { command: ["sh", "-c", 'echo "$1"', "x", "{{ message.a }}"] }),
        ""
      )
      assert.match(
        yield* problem("shell_command", { command: ["{{ message.program }}", "-x"] }),
        /command\[0\]: the message would say which program runs/
      )
      assert.strictEqual(yield* problem("shell_command", { command: ["echo", "{{ message.name }}"] }), "")
      assert.strictEqual(yield* problem("shell_command", { command: 'echo "$NAGATHA_MESSAGE"' }), "")
    })
  )
  it.effect("are checked where they take nothing, and by the worker where they do", () =>
    Effect.gen(function* () {
      assert.match(yield* problem("http_request", { url: 5 }), /url/)
      assert.strictEqual(yield* problem("http_request", { url: "{{ message.url }}" }), "")
      assert.match(yield* problem("telepathy", { to: "{{ message.to }}" }), /telepathy/)
    })
  )
})
