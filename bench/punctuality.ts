/** Lateness (start minus due) of 3,000 no-op tasks over 30 seconds, in milliseconds. */
import { Effect } from "effect"
import { machine, print, quantile, rawLatency, row, withWorld } from "./support/world.ts"

const COUNT = Number(process.argv[2] ?? 3000)
const OVER_MS = 30_000

await withWorld(async (world) => {
  const { core, node, scheduler } = world
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
  const raw = await rawLatency(world, 500)
  const cells = (sorted: ReadonlyArray<number>) =>
    [0.5, 0.9, 0.99, 1].map((share) => quantile(sorted, share).toFixed(1))
  row("", "p50 ms", "p90 ms", "p99 ms", "max ms", "early")
  row("---", "---:", "---:", "---:", "---:", "---:")
  row(
    `start minus due, ${COUNT.toLocaleString("en")} tasks`,
    ...cells(lateness),
    lateness.filter((late) => late < 0).length
  )
  row("raw publish to delivery, one at a time", ...cells(raw), "")
})
