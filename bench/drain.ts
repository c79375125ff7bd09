/** No-op tasks a second through a worker and back into the log: all are due before the worker starts. */
import { Effect } from "effect"
import { machine, print, rawDrain, row, withWorld } from "./support/world.ts"

const COUNT = Number(process.argv[2] ?? 20_000)
const CONCURRENCY = Number(process.argv[3] ?? 512)

await withWorld(async (world) => {
  const { core, node, scheduler } = world
  print(`drain: ${machine()}, nats-server ${core.connection.info?.version ?? ""}, sync_interval always`)
  const process_ = await node(["scheduler"])
  const { jsm, connection, subjects } = core
  let successes = 0
  let done = () => {}
  const all = new Promise<void>((resolve) => {
    done = resolve
  })
  connection.subscribe("scheduler.task.success", {
    callback: () => {
      successes += 1
      if (successes === COUNT) done()
    }
  })
  await Effect.runPromise(
    scheduler.scheduleMany(
      Array.from({ length: COUNT }, (_, index) => ({ taskType: "noop", taskName: `noop ${index}`, schedule: "now" }))
    )
  )
  for (;;) {
    const stats = (await connection.request(subjects.query("partitions"))).json<
      ReadonlyArray<{ readonly openExecutions: number }>
    >()
    if (stats.reduce((sum, { openExecutions }) => sum + openExecutions, 0) >= COUNT) break
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const log = async () => (await jsm.streams.info(subjects.logStream)).state.messages
  const before = await log()
  const began = performance.now()
  await node(["worker"], CONCURRENCY)
  const started = performance.now()
  await all
  const ended = performance.now()
  const commits = (await log()) - before
  const ours = (COUNT / (ended - started)) * 1000
  const floor = await rawDrain(world, COUNT)
  row("tasks", "tasks/s", "with the start of the worker", "tasks a commit", "raw deliver and ack", "ratio")
  row("---", "---:", "---:", "---:", "---:", "---:")
  row(COUNT, ours, (COUNT / (ended - began)) * 1000, (COUNT / commits).toFixed(1), floor, (ours / floor).toFixed(2))
  process_.kill("SIGTERM")
})
