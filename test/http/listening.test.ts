/** How the API ends, on a real socket of this machine: whoever is being answered gets the whole answer. */
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { request } from "node:http"
import { connect } from "node:net"
import * as Listening from "../../src/http/Listening.ts"
import { Scheduler } from "../../src/Scheduler.ts"

const TOKEN = "the-token-of-this-test"

const asked = (url: string) =>
  new Promise<{ readonly status: number; readonly text: string }>((resolve, reject) => {
    const asking = request(`${url}/api/v1/nodes`, { agent: false, headers: { authorization: `Bearer ${TOKEN}` } })
    asking.once("error", reject)
    asking.once("response", (answer) => {
      let text = ""
      answer.on("data", (piece: Buffer) => (text += piece.toString()))
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }))
      answer.on("error", reject)
    })
    asking.end()
  })

const takesConnections = (url: string) =>
  new Promise<boolean>((resolve) => {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    socket.once("connect", () => (socket.destroy(), resolve(true)))
    socket.once("error", () => resolve(false))
  })

layer(Scheduler.layerMemory(), { excludeTestServices: true })("when the service stops", (it) => {
  it.effect("no connection is taken any more, and a running request gets its whole answer", () =>
    Effect.gen(function* () {
      const door = yield* Scheduler
      const begun = yield* Deferred.make<void>()
      const goOn = yield* Deferred.make<void>()
      const status = Deferred.succeed(begun, undefined).pipe(
        Effect.andThen(Deferred.await(goOn)),
        Effect.andThen(door.status)
      )
      const scope = yield* Scope.make()
      const { url } = yield* Listening.listen({
        place: { host: "127.0.0.1", port: 0, tls: undefined, names: [] },
        door: { ...door, status },
        token: TOKEN,
        newSecret: () => "secret",
        now: () => 0,
        version: "1.2.3",
        partitions: 1,
        dashboard: "/nowhere",
        metrics: Effect.succeed("")
      }).pipe(Scope.provide(scope))
      const answer = yield* Effect.forkChild(Effect.promise(() => asked(url)))
      yield* Deferred.await(begun)
      const stopped = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      yield* Effect.repeat(
        Effect.promise(() => takesConnections(url)),
        { while: (taken) => taken }
      )
      // It waits for the one that runs.
      assert.isUndefined(stopped.pollUnsafe())
      yield* Deferred.succeed(goOn, undefined)
      const { status: code, text } = yield* Fiber.join(answer)
      assert.strictEqual(code, 200, text)
      assert.strictEqual(JSON.parse(text).length, 1)
      yield* Fiber.join(stopped)
    })
  )
})
