/** What can be asked over HTTP, in memory: commands, questions, keys, revisions, pages, and how it is refused. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Scheduler } from "../../src/Scheduler.ts"
import { anApi, type TestApi } from "../support/http.ts"

const tea = { taskType: "notification", taskArgs: { message: "tea" }, schedule: "every day at 16:00" }

layer(Scheduler.layerMemory({ timezone: "UTC" }), { excludeTestServices: true })("over HTTP", (it) => {
  it.effect("a task is scheduled, read, changed, run, and cancelled", () =>
    Effect.gen(function* () {
      const { ask } = yield* anApi()
      const made = yield* ask("POST", "/api/v1/tasks", { body: { ...tea, taskId: "tea" } })
      assert.strictEqual(made.status, 201, made.text)
      assert.strictEqual(made.headers.get("location"), "/api/v1/tasks/tea")
      const again = yield* ask("POST", "/api/v1/tasks", { body: { ...tea, taskId: "tea" } })
      assert.strictEqual(again.status, 200)
      const got = yield* ask("GET", `/api/v1/tasks/tea?after=${made.body.logSequence}`)
      assert.strictEqual(got.body.task.taskType, "notification")
      assert.strictEqual(got.headers.get("etag"), '"1"')
      const changed = yield* ask("PATCH", "/api/v1/tasks/tea", {
        body: { taskName: "my tea" },
        headers: { "if-match": '"1"' }
      })
      assert.deepStrictEqual([changed.status, changed.headers.get("etag")], [200, '"2"'], changed.text)
      const late = yield* ask("PATCH", "/api/v1/tasks/tea", {
        body: { taskName: "your tea" },
        headers: { "if-match": '"1"' }
      })
      assert.deepStrictEqual([late.status, late.body.code], [412, "revisionConflict"])
      for (const verb of ["pause", "resume", "run", "undo"]) {
        const done = yield* ask("POST", `/api/v1/tasks/tea/${verb}`)
        assert.strictEqual(done.status, 200, `${verb} ${done.text}`)
      }
      const changes = yield* ask("GET", "/api/v1/tasks/tea/changes?limit=1")
      assert.match(
        changes.headers.get("link") ?? "",
        /^<\/api\/v1\/tasks\/tea\/changes\?limit=1&before=\d+>; rel="next"$/
      )
      const cancelled = yield* ask("POST", "/api/v1/tasks/tea/cancel", { body: { reason: "no more tea" } })
      assert.strictEqual(cancelled.body.status, "cancelled")
      const twice = yield* ask("POST", "/api/v1/tasks/tea/cancel")
      assert.deepStrictEqual([twice.status, twice.body.code], [409, "alreadyCancelled"])
      assert.strictEqual(twice.headers.get("content-type"), "application/problem+json")
      assert.strictEqual(twice.body.type, "urn:nagatha:problem:alreadyCancelled")
      const then = yield* ask("GET", `/api/v1/tasks/tea?asOf=%23${made.body.logSequence}`)
      assert.strictEqual(then.body.task.status, "scheduled", then.text)
    })
  )

  it.effect("the same key and body give the same answer, another body is refused, for tasks, queues and batches", () =>
    Effect.gen(function* () {
      const { ask } = yield* anApi()
      const headers = { "idempotency-key": "order-1" }
      const first = yield* ask("POST", "/api/v1/tasks", { body: tea, headers })
      const same = yield* ask("POST", "/api/v1/tasks", {
        body: { schedule: tea.schedule, taskArgs: tea.taskArgs, taskType: tea.taskType },
        headers
      })
      assert.deepStrictEqual(
        [same.body.taskId, same.body.logSequence],
        [first.body.taskId, first.body.logSequence],
        same.text
      )
      const other = yield* ask("POST", "/api/v1/tasks", { body: { ...tea, schedule: "every day at 17:00" }, headers })
      assert.deepStrictEqual([other.status, other.body.code], [422, "keyReused"], other.text)
      const path = `/api/v1/tasks/${String(first.body.taskId)}/pause`
      const paused = yield* ask("POST", path, { body: { reason: "a" }, headers })
      assert.strictEqual(paused.status, 200)
      yield* ask("POST", `/api/v1/tasks/${String(first.body.taskId)}/resume`)
      assert.strictEqual(
        (yield* ask("POST", path, { body: { reason: "a" }, headers })).body.logSequence,
        paused.body.logSequence
      )
      assert.strictEqual((yield* ask("POST", path, { body: { reason: "b" }, headers })).body.code, "keyReused")
      const queue = yield* ask("PATCH", "/api/v1/queues/mail", { body: { concurrency: 2 }, headers })
      assert.strictEqual(queue.status, 200, queue.text)
      assert.strictEqual(
        (yield* ask("PATCH", "/api/v1/queues/mail", { body: { concurrency: 2 }, headers })).body.logSequence,
        queue.body.logSequence
      )
      assert.strictEqual(
        (yield* ask("PATCH", "/api/v1/queues/mail", { body: { concurrency: 3 }, headers })).body.code,
        "keyReused"
      )
      const batch = { requests: [tea, { ...tea, schedule: "never" }] }
      const many = yield* ask("POST", "/api/v1/batch", { body: batch, headers })
      assert.strictEqual(many.body[1].error.code, "invalidSchedule", many.text)
      const manyAgain = yield* ask("POST", "/api/v1/batch", { body: batch, headers })
      assert.strictEqual(manyAgain.body[0].answer.taskId, many.body[0].answer.taskId)
    })
  )

  it.effect("lists are filtered, counted, and turned page by page", () =>
    Effect.gen(function* () {
      const { ask } = yield* anApi()
      for (const tag of ["a", "b", "c"]) {
        yield* ask("POST", "/api/v1/tasks", { body: { ...tea, taskId: `list-${tag}`, tags: ["list", tag] } })
      }
      const first = yield* ask("GET", "/api/v1/tasks?tag=list&limit=2&count=true")
      assert.deepStrictEqual([first.body.items.length, first.body.total], [2, 3], first.text)
      const next = /^<([^>]+)>; rel="next"$/.exec(first.headers.get("link") ?? "")?.[1] ?? ""
      const second = yield* ask("GET", next)
      assert.deepStrictEqual([second.body.items.length, second.headers.get("link")], [1, null], second.text)
      const one = yield* ask("GET", "/api/v1/tasks?tag=list&tag=b")
      assert.deepStrictEqual(
        one.body.items.map(({ taskId }: { readonly taskId: string }) => taskId),
        ["list-b"]
      )
      const counted = yield* ask("GET", "/api/v1/counts/tasks?tag=list&by=type")
      assert.strictEqual(counted.body.by.type.notification, 3)
    })
  )

  it.effect("what cannot be is a problem with its place, its value, and the remedy", () =>
    Effect.gen(function* () {
      const { ask } = yield* anApi()
      const cases: ReadonlyArray<readonly [Parameters<TestApi["ask"]>, number, string, RegExp]> = [
        [["GET", "/api/v1/tasks?limit=many"], 400, "invalidRequest", /limit.*many/],
        [["GET", "/api/v1/tasks?colour=red"], 400, "invalidRequest", /colour/],
        [["GET", "/api/v1/tasks?cursor=abc"], 400, "invalidRequest", /cursor/],
        [["GET", "/api/v1/tasks/nothing-like-it"], 404, "notFound", /nothing-like-it/],
        [["GET", "/api/v1/nothing"], 404, "notFound", /\/api\/v1\/nothing/],
        [["GET", "/API/v1/tasks"], 404, "notFound", /case-sensitive/],
        [["GET", "/api/v1/tasks/"], 404, "notFound", /without a slash/],
        [["GET", "/api//v1/tasks"], 404, "notFound", /path/],
        [["PUT", "/api/v1/tasks", { body: {} }], 405, "methodNotAllowed", /HEAD, POST, GET|HEAD, GET, POST/],
        [["OPTIONS", "/api/v1/tasks"], 405, "methodNotAllowed", /OPTIONS/],
        [["POST", "/health/live", { body: {} }], 405, "methodNotAllowed", /HEAD, GET/],
        [["POST", "/api/v1/tasks", { body: "{" }], 400, "invalidRequest", /not JSON/],
        [["POST", "/api/v1/tasks", { body: "[]" }], 400, "invalidRequest", /object/],
        [["POST", "/api/v1/tasks", { body: { ...tea, schedule: "every mnday" } }], 400, "invalidSchedule", /monday/],
        [
          ["POST", "/api/v1/tasks", { body: { ...tea, taskType: "notificatoin" } }],
          400,
          "unknownTaskType",
          /notification/
        ],
        [["POST", "/api/v1/tasks", { body: { ...tea, colour: 1 } }], 400, "invalidRequest", /colour/],
        [
          ["POST", "/api/v1/tasks", { body: tea, headers: { "content-type": "text/plain" } }],
          415,
          "unsupportedMediaType",
          /text\/plain/
        ],
        [
          ["POST", "/api/v1/tasks", { body: tea, headers: { "content-encoding": "gzip" } }],
          415,
          "unsupportedMediaType",
          /gzip/
        ],
        [
          ["POST", "/api/v1/tasks", { body: { ...tea, taskArgs: { message: "x".repeat(1_100_000) } } }],
          413,
          "tooLarge",
          /1048576/
        ],
        [["POST", "/api/v1/tasks/x/pause", { body: { taskId: "y" } }], 400, "invalidRequest", /taskId/],
        [
          ["POST", "/api/v1/tasks/x/pause", { headers: { "idempotency-key": "with blank" } }],
          400,
          "invalidRequest",
          /Idempotency-Key/
        ],
        [["POST", "/api/v1/tasks/x/pause", { headers: { "if-match": '"1"' } }], 400, "invalidRequest", /If-Match/],
        [["PATCH", "/api/v1/tasks/x", { body: {}, headers: { "if-match": "W/1" } }], 400, "invalidRequest", /ETag/],
        [["GET", "/api/v1/tasks/x", { headers: { "if-match": '"1"' } }], 400, "invalidRequest", /If-Match/],
        [
          ["PATCH", "/api/v1/tasks/x", { body: { taskName: "y", ifRevision: 2 }, headers: { "if-match": '"1"' } }],
          400,
          "invalidRequest",
          /ifRevision/
        ],
        [
          ["PATCH", "/api/v1/tasks/x?taskName=y", { body: { taskName: "x" } }],
          400,
          "invalidRequest",
          /"place":"query taskName"/
        ],
        [["GET", "/api/v1/tasks/%zz"], 400, "badRequest", /"place":"path".*%25|%25.*"place":"path"/],
        [["GET", "/api/v1/tasks/%ff"], 400, "badRequest", /UTF-8/],
        [["GET", "/api/v1/tasks?name=100%"], 400, "badRequest", /"place":"query"/],
        [["GET", `/api/v1/tasks/${"x".repeat(600)}`], 404, "notFound", /nothing at/],
        [["POST", "/api/v1/executions/x/retry", { body: { colour: 1 } }], 400, "invalidRequest", /colour/],
        [["GET", "/api/v1/events", { headers: { accept: "image/png" } }], 406, "noSuchForm", /event-stream/],
        [["GET", "/api/v1/events?cursor=x"], 400, "invalidRequest", /cursor/],
        [["GET", "/api/v1/live?patterns=_INBOX.%3E"], 400, "invalidRequest", /_INBOX/],
        [["GET", "/api/v1/schemas/nothing"], 404, "notFound", /schemas/]
      ]
      for (const [asked, status, code, says] of cases) {
        const answer = yield* ask(...asked)
        const where = `${asked[0]} ${asked[1]}: ${answer.text.slice(0, 300)}`
        assert.strictEqual(answer.status, status, where)
        assert.strictEqual(answer.headers.get("content-type"), "application/problem+json", where)
        assert.strictEqual(answer.body.code, code, where)
        assert.strictEqual(answer.body.status, status, where)
        assert.match(answer.text, says, where)
        for (const field of ["type", "title", "detail"]) assert.isNotEmpty(answer.body[field], where)
        if (status === 405) assert.isNotEmpty(answer.headers.get("allow") ?? "")
      }
    })
  )

  it.effect("queues, calendars, words, subscriptions, schemas, the log and the state of the service are there", () =>
    Effect.gen(function* () {
      const { ask } = yield* anApi()
      const days = { days: ["12-25"] }
      assert.strictEqual((yield* ask("PUT", "/api/v1/calendars/holidays", { body: days })).status, 200)
      assert.strictEqual((yield* ask("GET", "/api/v1/calendars")).body[0].calendar, "holidays")
      assert.strictEqual((yield* ask("DELETE", "/api/v1/calendars/holidays")).status, 200)
      yield* ask("PATCH", "/api/v1/queues/post", { body: { concurrency: 1 } })
      assert.strictEqual((yield* ask("POST", "/api/v1/queues/post/pause", { body: { reason: "x" } })).body.paused, true)
      assert.strictEqual((yield* ask("GET", "/api/v1/queues/post")).body.paused.reason, "x")
      const next = yield* ask("GET", "/api/v1/next?when=every%20friday%20at%2017:00&count=2&timezone=Europe/Berlin")
      assert.strictEqual(next.body.runs.length, 2, next.text)
      const made = yield* ask("POST", "/api/v1/subscriptions", { body: { name: "pager", patterns: ["failure"] } })
      assert.strictEqual(made.status, 201, made.text)
      assert.strictEqual((yield* ask("GET", "/api/v1/subscriptions")).body.length, 1)
      assert.strictEqual((yield* ask("DELETE", "/api/v1/subscriptions/pager")).status, 200)
      assert.strictEqual((yield* ask("GET", "/api/v1/schemas/event.success")).body.title, "event.success")
      assert.isAbove((yield* ask("GET", "/api/v1/log?limit=1")).body.items.length, 0)
      assert.strictEqual((yield* ask("GET", "/api/v1/status")).body.partitions.length, 1)
      assert.strictEqual((yield* ask("GET", "/api/v1/nodes")).body.length, 1)
      const ready = yield* ask("GET", "/health/ready", { bare: true })
      assert.deepStrictEqual([ready.status, ready.body.ready], [200, true], ready.text)
    })
  )
})
