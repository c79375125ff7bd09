/** Acknowledged schedules a second: one at a time, 64 and 256 in flight, and in bulk; beside the raw guarded append of the server. */
import { Effect } from "effect"
import { machine, print, rate, row, withWorld } from "./support/world.ts"
import { publisherOf } from "../src/nats/JetStreamPublish.ts"
import { headersOf } from "../src/nats/NatsConnection.ts"

const FAR = "2030-01-01T00:00:00Z"
const request = (index: number) => ({
  taskType: "noop",
  taskName: `bench ${index}`,
  schedule: FAR,
  description: "a task of a usual size, with some words of description to it"
})

await withWorld(async ({ core, node, scheduler }) => {
  print(`schedule: ${machine()}, nats-server ${core.connection.info?.version ?? ""}, sync_interval always`)
  await node(["scheduler"])
  const body = JSON.stringify({ text: "x".repeat(400) })
  await Effect.runPromise(Effect.promise(() => core.jsm.streams.add({ name: "RAW", subjects: ["nagatha.raw.*"] })))
  const publisher = publisherOf(core, "RAW")
  const last = new Map<number, number>()
  const raw = (lane: number) =>
    Effect.runPromise(
      publisher.publish({
        subject: `nagatha.raw.${lane}`,
        payload: body,
        headers: headersOf({ "Nats-Expected-Last-Subject-Sequence": String(last.get(lane) ?? 0) })
      })
    ).then((outcome) => {
      if (outcome._tag === "stored") last.set(lane, outcome.sequence)
      else throw new Error(JSON.stringify(outcome))
    })
  const rawRate = async (count: number, lanes: number) => {
    const free = Array.from({ length: lanes }, (_, lane) => lane)
    return rate(count, lanes, async () => {
      const lane = free.pop() ?? 0
      await raw(lane)
      free.push(lane)
    })
  }
  const schedule = (index: number) => Effect.runPromise(scheduler.schedule(request(index)))
  await rate(500, 16, schedule)
  row("schedules/s", "ours", "raw guarded append of one 400-byte message", "ratio")
  row("---", "---:", "---:", "---:")
  for (const [lanes, count] of [
    [1, 1500],
    [64, 12_000],
    [256, 20_000]
  ] as const) {
    const floor = await rawRate(Math.min(count, 6000), lanes)
    const ours = await rate(count, lanes, schedule)
    row(`${lanes} in flight`, ours, floor, (ours / floor).toFixed(2))
  }
  const bulk = 40_000
  const began = performance.now()
  const answers = await Effect.runPromise(
    scheduler.scheduleMany(Array.from({ length: bulk }, (_, index) => request(index)))
  )
  const perSecond = (bulk / (performance.now() - began)) * 1000
  if (answers.some((answer) => "code" in answer)) throw new Error("a schedule was refused")
  row(`bulk call of ${bulk.toLocaleString("en")}`, perSecond, "", "")
})
