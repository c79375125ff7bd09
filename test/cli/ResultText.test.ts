import { assert, describe, it } from "@effect/vitest"
import type { Schema } from "effect"
import { resultText } from "../../src/cli/ResultText.ts"
import { anExecution } from "../support/scheduler.ts"

const text = (taskType: string, result: Schema.Json, output: string | null = null) =>
  resultText(anExecution({ taskType, result, output }))

describe("what an execution gave", () => {
  it("is shown as people want to see it, by its type", () => {
    assert.strictEqual(
      text("mcp_tool", {
        content: [
          { type: "text", text: "a" },
          { type: "text", text: "b" }
        ]
      }),
      "a\nb"
    )
    assert.strictEqual(text("sequence", { completedSteps: 2, totalSteps: 3, steps: [] }), "2 of 3 steps completed")
    assert.strictEqual(text("http_request", { status: 200, headers: {}, body: "hi\n" }), "status 200\nhi")
    assert.strictEqual(text("http_request", { status: 200, headers: {}, body: { a: 1 } }), 'status 200\n{\n  "a": 1\n}')
    assert.strictEqual(text("custom", { a: 1 }), '{"a":1}')
    assert.include(text("custom", { a: "x".repeat(200) }) ?? "", "{\n")
  })

  it("is shown whole where an answer is not only text, and cannot steer the terminal", () => {
    assert.include(text("mcp_tool", { content: [{ type: "image", data: "" }] }) ?? "", '"image"')
    assert.strictEqual(text("mcp_tool", { content: [{ type: "text", text: "\u001b[2J" }] }), "\\x1b[2J")
    assert.notInclude(text("custom", "\u001b[2J") ?? "", "\u001b")
  })

  it("is not shown where there is nothing, or the output has it already", () => {
    assert.isUndefined(text("notification", null))
    assert.isUndefined(text("shell_command", { stdout: "hi" }, "hi"))
    assert.isDefined(text("plugin_command", { deleted: 1 }, "deleted a"))
  })
})
