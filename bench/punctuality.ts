/** Lateness (start minus due) of 3,000 no-op tasks over 30 seconds, in milliseconds. */
import { Effect } from "effect"
import { machine, print, row, withWorld } from "./support/world.ts"

const COUNT = Number(process.argv[2] ?? 3000)
const OVER_MS = 30_000

await withWorld(async ({ core, node, scheduler }) => {
  print(`punctuality: ${machine()}, nats-server ${core.connection.info?.version ?? ""}, sync_interval always`)
  await node(["scheduler", "api"])
  await node(["worker"])
  const lateness: Array<number> = []
  let done = () => {}
  const all = new Promise<void>((resolve) => {
    done = resolve
  })
  core.connection.subscribe("scheduler.task.success", {
    callback: (_error, message) => {
      const event = message.json<{ readonly startedAt: string; readonly dueAt: string }>()
      lateness.push(Date.parse(event.startedAt) - Date.parse(event.dueAt))
      if (lateness.length === COUNT) done()
    }
  })
  const from = Date.now() + 5000
  await Effect.runPromise(
    scheduler.scheduleMany(
      Array.from({ length: COUNT }, (_, index) => ({
        taskType: "noop",
        schedule: new Date(from + Math.round((index * OVER_MS) / COUNT)).toISOString()
      }))
    )
  )
  await all
  lateness.sort((a, b) => a - b)
  const at = (share: number) => lateness[Math.min(COUNT - 1, Math.floor(COUNT * share))] ?? 0
  row("tasks", "p50 ms", "p90 ms", "p99 ms", "max ms", "early")
  row("---", "---:", "---:", "---:", "---:", "---:")
  row(COUNT, at(0.5), at(0.9), at(0.99), at(1), lateness.filter((late) => late < 0).length)
})
