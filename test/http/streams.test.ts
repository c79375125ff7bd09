/** Streams in memory: nothing missed, nothing twice, an end, and a limit. */
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, Stream } from "effect"
import { HttpServerRequest } from "effect/http"
import { TestClock } from "effect/testing"
import * as EventStream from "../../src/http/EventStream.ts"
import { Scheduler } from "../../src/Scheduler.ts"
import { anApi, type TestApi, URL_BASE } from "../support/http.ts"

const noted = (taskId: string) => ({
  taskId,
  taskType: "notification",
  taskArgs: { message: "hello" },
  schedule: "now"
})

/** Reads a stream until its text says something; gives all of it. */
const until = (response: Response, says: RegExp) =>
  Effect.promise(async () => {
    const decoder = new TextDecoder()
    let text = ""
    // Leaving the loop ends the reading.
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk as Uint8Array)
      if (says.test(text)) break
    }
    return text
  })

const idsOf = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/^id: (.+)\ndata: /gm)].map(([, id]) => id ?? "")

const opened = Effect.fnUntraced(function* ({ open }: TestApi, path: string, headers = {}) {
  const response = yield* open(path, headers)
  assert.strictEqual(response.status, 200)
  assert.strictEqual(response.headers.get("cache-control"), "no-cache")
  return response
})

layer(Scheduler.layerMemory(), { excludeTestServices: true })("streams", (it) => {
  it.effect("events go on behind the last one that was seen", () =>
    Effect.gen(function* () {
      const api = yield* anApi()
      yield* api.ask("POST", "/api/v1/tasks", { body: noted("one") })
      const since = "/api/v1/events?since=2000-01-01T00:00:00Z"
      const first = yield* until(yield* opened(api, since), /"type":"scheduler\.task\.completed"[^\n]*"taskId":"one"/)
      const ids = idsOf(first)
      assert.isAtLeast(ids.length, 3)
      assert.match(first, /^retry: 2000\n/)
      const again = yield* until(
        yield* opened(api, since, { "last-event-id": ids[0] ?? "" }),
        /scheduler\.task\.completed/
      )
      assert.deepStrictEqual(idsOf(again), ids.slice(1))
      const wanted = yield* until(
        yield* opened(api, `${since}&patterns=success&patterns=failure&taskId=one`),
        /success/
      )
      assert.strictEqual(idsOf(wanted).length, 1)
    })
  )

  it.effect("whoever has seen nothing yet comes back to where the stream began", () =>
    Effect.gen(function* () {
      const api = yield* anApi()
      const begun = yield* until(yield* opened(api, "/api/v1/events"), /id: \d+\.\d+\n\n/)
      const place = /id: (\d+\.\d+)/.exec(begun)?.[1] ?? ""
      yield* api.ask("POST", "/api/v1/tasks", { body: noted("between") })
      const then = yield* until(yield* opened(api, "/api/v1/events", { "last-event-id": place }), /"taskId":"between"/)
      assert.match(then, /scheduler\.task\.scheduled/)
    })
  )

  it.effect("whoever loses the stream at its very beginning comes back to all of the past that was asked for", () =>
    Effect.gen(function* () {
      const api = yield* anApi()
      yield* api.ask("POST", "/api/v1/tasks", { body: noted("past") })
      const text = yield* until(
        yield* opened(api, "/api/v1/events?since=2000-01-01T00:00:00Z&taskId=past"),
        /"type":"scheduler\.task\.scheduled"/
      )
      // No place is named before the first event: behind it this event would be left out.
      const [before = ""] = text.split("data: ")
      assert.deepStrictEqual([...before.matchAll(/^id: (.+)$/gm)].length, 1, text)
      assert.strictEqual(/^id: (.+)$/m.exec(before)?.[1], idsOf(text)[0])
    })
  )

  it.effect("with nothing to say, the line says every 15 seconds how far it is", () =>
    Effect.gen(function* () {
      const door = yield* Scheduler
      const stopping = yield* Deferred.make<void>()
      const streams = EventStream.make({ most: 1, stopping, mayStay: () => true })
      const heard = Effect.fnUntraced(function* (accept: string, says: RegExp) {
        const http = HttpServerRequest.fromWeb(new Request(`${URL_BASE}/api/v1/events`, { headers: { accept } }))
        const { body } = yield* streams.events(door, http, { patterns: ["cancelled"] })
        assert.strictEqual(body._tag, "Stream")
        if (body._tag !== "Stream") return ""
        let text = ""
        const reading = yield* Stream.runForEach(Stream.decodeText(body.stream as Stream.Stream<Uint8Array>), (piece) =>
          Effect.sync(() => void (text += piece))
        ).pipe(Effect.forkScoped)
        while (!says.test(text)) {
          yield* TestClock.adjust("15 seconds")
          yield* Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))
        }
        yield* Fiber.interrupt(reading)
        return text
      })
      yield* Effect.gen(function* () {
        const sse = yield* Effect.scoped(heard("text/event-stream", /still here/))
        assert.match(sse, /^retry: 2000\nid: \d+\.\d+\n\n: still here\nid: \d+\.\d+\n\n/)
        const lines = yield* Effect.scoped(heard("application/x-ndjson", /\n/))
        const beat = JSON.parse(lines.split("\n")[0] ?? "")
        assert.deepStrictEqual(Object.keys(beat), ["cursor"])
        assert.match(beat.cursor, /^\d+\.\d+$/)
      }).pipe(Effect.provide(TestClock.layer()))
    })
  )

  it.effect("a stream ends with the session that opened it", () =>
    Effect.gen(function* () {
      const door = yield* Scheduler
      const stopping = yield* Deferred.make<void>()
      let cookie = "there"
      const streams = EventStream.make({ most: 1, stopping, mayStay: (headers) => headers["cookie"] === cookie })
      const headers = { accept: "text/event-stream", cookie }
      yield* Effect.gen(function* () {
        const http = HttpServerRequest.fromWeb(new Request(`${URL_BASE}/api/v1/events`, { headers }))
        const { body } = yield* streams.events(door, http, { patterns: ["cancelled"] })
        if (body._tag !== "Stream") return assert.fail("no stream")
        const reading = yield* Effect.forkScoped(Stream.runDrain(body.stream as Stream.Stream<Uint8Array>))
        const turn = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))
        for (let beats = 3; beats > 0; beats--) yield* Effect.andThen(TestClock.adjust("15 seconds"), turn)
        assert.isUndefined(reading.pollUnsafe())
        cookie = "gone"
        while (reading.pollUnsafe() === undefined) yield* Effect.andThen(TestClock.adjust("15 seconds"), turn)
      }).pipe(Effect.scoped, Effect.provide(TestClock.layer()))
    })
  )

  it.effect("an event that there is not is refused, and not waited for", () =>
    Effect.gen(function* () {
      const { ask } = yield* anApi()
      for (const word of ["failur", "scheduler.task.failur"]) {
        const refused = yield* ask("GET", `/api/v1/events?patterns=success&patterns=${word}`)
        assert.deepStrictEqual([refused.status, refused.body.code], [400, "invalidRequest"])
        assert.match(refused.body.detail, /no event "failur".*did you mean "failure"/)
        assert.match(refused.body.remedy, /retry.*\/api\/v1\/live/)
      }
      const headers = { accept: "application/json" }
      const page = yield* ask("GET", "/api/v1/events?patterns=scheduler.task.*&patterns=failure", { headers })
      assert.strictEqual(page.status, 200, page.text)
    })
  )

  it.effect("the same as lines of JSON, and as a page", () =>
    Effect.gen(function* () {
      const api = yield* anApi()
      yield* api.ask("POST", "/api/v1/tasks", { body: noted("lines") })
      const path = "/api/v1/events?since=2000-01-01T00:00:00Z&taskId=lines&patterns=scheduled"
      const lines = yield* opened(api, path, { accept: "application/x-ndjson" })
      assert.strictEqual(lines.headers.get("content-type"), "application/x-ndjson")
      const [line = ""] = (yield* until(lines, /\n/)).split("\n")
      assert.strictEqual(JSON.parse(line).taskId, "lines")
      const page = yield* api.ask("GET", path, { headers: { accept: "application/json" } })
      assert.strictEqual(page.body.items.length, 1)
      const rest = yield* api.ask("GET", `${path}&cursor=${String(page.body.cursor)}`, {
        headers: { accept: "application/json" }
      })
      assert.strictEqual(rest.body.items.length, 0)
    })
  )

  it.effect("what is live only is heard live", () =>
    Effect.gen(function* () {
      const api = yield* anApi()
      const live = yield* opened(api, "/api/v1/live?patterns=scheduler.notification.*")
      yield* api.ask("POST", "/api/v1/tasks", { body: noted("spoken") })
      assert.match(yield* until(live, /hello/), /"message":"hello"/)
    })
  )

  it.effect("the output of an execution that has ended ends with it", () =>
    Effect.gen(function* () {
      const api = yield* anApi()
      yield* api.ask("POST", "/api/v1/tasks", { body: noted("ended") })
      const page = yield* api.ask("GET", "/api/v1/executions?taskId=ended")
      const id = encodeURIComponent(String(page.body.items[0].executionId))
      const text = yield* Effect.promise(async () =>
        (await Effect.runPromise(api.open(`/api/v1/executions/${id}/output`))).text()
      )
      assert.match(text, /event: end\ndata: \{.*"taskId":"ended"/)
    })
  )

  it.effect("no more streams than there may be, and none when the service stops", () =>
    Effect.gen(function* () {
      const api = yield* anApi({ most: 2 })
      const one = yield* opened(api, "/api/v1/events")
      const two = yield* opened(api, "/api/v1/live")
      const third = yield* api.ask("GET", "/api/v1/events")
      assert.deepStrictEqual([third.status, third.body.code], [503, "busy"])
      assert.strictEqual(third.headers.get("retry-after"), "10")
      yield* Deferred.succeed(api.stopping, undefined)
      // Both end by themselves.
      yield* until(one, /never/)
      yield* until(two, /never/)
      assert.strictEqual((yield* api.ask("GET", "/api/v1/events")).body.code, "stopping")
    })
  )
})
