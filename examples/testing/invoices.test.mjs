import assert from "node:assert/strict"
import { test } from "node:test"
import { Schema } from "effect"
import { defineTaskType, testScheduler } from "nagatha-scheduler"

const sent = []
const remind = defineTaskType({
  name: "remind",
  description: "Reminds a customer of an open invoice.",
  args: Schema.Struct({ customer: Schema.String }),
  result: Schema.Struct({ count: Schema.Int }),
  run: async ({ customer }, { attempt }) => {
    if (attempt === 1) throw new Error("the mail server is asleep")
    sent.push(customer)
    return { count: sent.length }
  }
})

test("a customer is reminded on the first of each month, also when the mail server is asleep at first", async () => {
  const world = await testScheduler({ startAt: "2026-03-15T00:00:00Z", taskTypes: [remind] })

  await world.scheduler.schedule({
    taskType: "remind",
    taskArgs: { customer: "Ann" },
    schedule: "every month on the 1st at 9:00",
    timezone: "Europe/Berlin"
  })
  const runs = await world.advance("30d")

  assert.equal(runs[0].at, "2026-04-01T07:00:00.000Z")
  assert.deepEqual(
    runs.map(({ outcome }) => outcome),
    ["failure", "success"]
  )
  assert.deepEqual(sent, ["Ann"])
  assert.equal(world.events.at(-1).type, "scheduler.task.success")

  await world.close()
})
