import { connect, Refused } from "nagatha-scheduler"

const scheduler = await connect() // NATS_URL, a NATS context, or the running `nagatha up`

const stop = await scheduler.subscribe("scheduler.task.*", (event) => {
  if (event.type === "scheduler.task.success") console.log(`heard: ${event.taskName} has ended well`)
})

const { taskId } = await scheduler.scheduleNotification({
  message: "Meeting reminder",
  notificationType: "info",
  schedule: "in 1 second",
  taskName: "reminder"
})
const { status, durationMs } = await scheduler.waitForTask(taskId, { timeoutMs: 30_000 })
console.log(`reminder: ${status}`, durationMs !== null)

const { taskId: nightly, nextRuns } = await scheduler.scheduleTask({
  taskType: "sequence",
  schedule: "0 2 * * *",
  timezone: "Europe/Berlin",
  taskArgs: {
    steps: [
      { name: "count", type: "shell_command", args: { command: "echo 42" } },
      { name: "tell", type: "notification", args: { message: "{{ steps.count.result.stdout }} rows" } }
    ]
  }
})
console.log(`nightly: ${nextRuns.length} runs ahead`)

await scheduler.pauseTask(nightly, { reason: "holiday" })
await scheduler.resumeTask(nightly)
await scheduler.rescheduleTask(nightly, "every weekday at 9")
await scheduler.updateTask(nightly, { taskName: "Nightly count", tags: ["reports"] })
const { executionId } = await scheduler.runTask(nightly)
console.log(`by hand: ${(await scheduler.waitForExecution(executionId)).status}`)

const answers = await scheduler.scheduleMany(
  Array.from({ length: 1000 }, (_, index) => ({
    taskId: `customer-${index}`, // scheduled once, however often this program runs
    taskType: "notification",
    taskArgs: { message: `Hello, customer ${index}` },
    schedule: "in 1 day",
    tags: ["customers"]
  }))
)
console.log(`many: ${answers.filter((answer) => !(answer instanceof Refused)).length} scheduled`)

let count = 0
for await (const task of scheduler.listTasks({ tag: "customers" })) if (task.status === "scheduled") count += 1
console.log(`list: ${count}`)

try {
  await scheduler.scheduleNotification({ message: "Never", schedule: "every mnday at 9" })
} catch (error) {
  if (!(error instanceof Refused)) throw error
  console.log(`refused: ${error.code}`)
}

await scheduler.cancelTask(nightly, { reason: "the example is over" })
await stop()
await scheduler.close()
