import { assert, describe, it } from "@effect/vitest"
import type { Schema } from "effect"
import { resultText, tookText } from "../../src/cli/showing/ResultText.ts"
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
    const step = (name: string, status: string, more: object) => ({
      name,
      type: "noop",
      status,
      executionId: null,
      ...more
    })
    const steps = [
      step("a", "completed", { result: 1 }),
      step("b", "failed", { error: { code: "x", message: "no disk" } }),
      step("c", "skipped", { reason: 'the step "b" failed' })
    ]
    const sequence = { completedSteps: 1, totalSteps: 3, failedStep: "b", steps } as unknown as Schema.Json
    const told = '1 of 3 steps completed\nb failed: no disk\nc skipped: the step "b" failed'
    assert.strictEqual(text("sequence", sequence), told)
    assert.strictEqual(resultText(anExecution({ taskType: "sequence", result: null, errorDetail: sequence })), told)
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

  it("took, over several attempts, from the beginning of the first to the end of the last", () => {
    const attempt = { attempt: 1, worker: "w", startedAt: null, finishedAt: null, errorCode: null, errorMessage: null }
    const times = { startedAt: "2026-03-08T12:00:00.000Z", completedAt: "2026-03-08T12:00:07.000Z", durationMs: 3 }
    assert.strictEqual(tookText(anExecution({ ...times, attempts: [attempt, { ...attempt, attempt: 2 }] })), "7 s")
    assert.strictEqual(tookText(anExecution({ ...times, attempts: [attempt] })), "3 ms")
  })
})
