/** The OpenAPI document: sound to a linter, whole against the command line, and true to what is answered. */
import { assert, describe, it } from "@effect/vitest"
import { Ajv2020 } from "ajv/dist/2020.js"
import { Effect } from "effect"
import { type AnyCommand } from "../../src/cli/Verbs.ts"
import { everything } from "../../src/cli/Tree.ts"
import * as Api from "../../src/http/Api.ts"
import { OPERATIONS } from "../../src/http/operations/Operations.ts"
import { Scheduler } from "../../src/Scheduler.ts"
import { CATALOGUE } from "../../src/service/Catalogue.ts"
import { anApi } from "../support/http.ts"

/** What is used of the linter, which is loaded by its name. */
interface Linter {
  createConfig(config: { readonly extends: ReadonlyArray<string> }): Promise<unknown>
  lintFromString(asked: { readonly source: string; readonly config: unknown; readonly absoluteRef: string }): Promise<
    ReadonlyArray<{
      readonly ruleId: string
      readonly message: string
      readonly location: ReadonlyArray<{ readonly pointer?: string }>
    }>
  >
}
const LINTER: string = "@redocly/openapi-core"

const linted = async (text: string) => {
  const { createConfig, lintFromString } = (await import(LINTER)) as Linter
  const config = await createConfig({ extends: ["recommended-strict"] })
  return lintFromString({ source: text, config, absoluteRef: "openapi.json" })
}

const { document } = Api.make({ version: "1.2.3", url: "http://127.0.0.1:5555", cookie: "nagatha_session" })

/** Commands that are no business of a service that is asked over HTTP, and why. */
const NOT_OVER_HTTP: Readonly<Record<string, string>> = {
  apply: "compares files of the asker's machine with what is there, and sends schedule, update and cancel",
  "admin accept-log":
    "gives up part of a damaged log: the decision of whoever looks after the machine, not of every page with a session",
  up: "starts the service that would answer",
  down: "stops this machine's deployment: whoever may ask for tasks must not thereby end the service",
  "node start": "starts a process on the machine of whoever calls it",
  doctor: "looks at the machine of whoever calls it: files, programs, settings",
  metrics: "is served at /metrics, as text for Prometheus, beside the operations",
  "mcp-servers list": "reads mcp.json of the machine of whoever calls it",
  "mcp-servers check": "starts the MCP servers of the machine of whoever calls it",
  "mcp-servers tools": "starts MCP servers on the machine of whoever calls it",
  "mcp-servers call": "runs a tool on the machine of whoever calls it; a task of the type mcp_tool does it on a worker",
  "plugins list": "loads plugin files of the machine of whoever calls it",
  demo: "starts a deployment of its own",
  completions: "is about the shell of whoever calls it"
}

const leaves = (command: AnyCommand, words: ReadonlyArray<string>): ReadonlyArray<string> => {
  const below = command.subcommands.flatMap(({ commands }) => commands as ReadonlyArray<AnyCommand>)
  if (below.length === 0) return [words.join(" ")]
  return below.flatMap((one) => (one.name === "scheduler" ? [] : leaves(one, [...words, one.name])))
}

describe("the document", () => {
  it("is sound: nothing that the linter's strict rules find", async () => {
    const problems = await linted(JSON.stringify(document))
    assert.deepStrictEqual(
      problems.map(({ location, message, ruleId }) => `${ruleId} ${location[0]?.pointer ?? ""}: ${message}`),
      []
    )
  })

  it("would be found unsound: the linter sees what is wrong", async () => {
    const broken = JSON.stringify(document).replace('"operationId":"listTasks"', '"operationId":"getTask"')
    const problems = await linted(broken)
    assert.include(
      problems.map(({ ruleId }) => ruleId),
      "operation-operationId-unique"
    )
  })

  it("has every command of the command line, or says why not", async () => {
    const commands = leaves(await everything(), [])
    const offered = new Set(OPERATIONS.flatMap(({ cli }) => (Array.isArray(cli) ? (cli as ReadonlyArray<string>) : [])))
    const missing = commands.filter((one) => !offered.has(one) && NOT_OVER_HTTP[one] === undefined)
    assert.deepStrictEqual(missing, [], "commands without an operation")
    const unknown = [...offered, ...Object.keys(NOT_OVER_HTTP)].filter((one) => !commands.includes(one))
    assert.deepStrictEqual(unknown, [], "operations and exceptions of commands that there are not")
    for (const { cli, id } of OPERATIONS) {
      if (!Array.isArray(cli)) assert.isNotEmpty((cli as { readonly none: string }).none, id)
      else assert.isNotEmpty(cli, id)
    }
  })

  it("has every command and question of the catalogue, but for those that HTTP asks otherwise", () => {
    const asked = new Set(OPERATIONS.flatMap(({ fields }) => [JSON.stringify(Object.keys(fields).sort())]))
    // One task is asked with its runs; the past of events is a page of the log; to accept a log see above.
    const otherwise = ["command.acceptLog", "query.task", "query.events", "query.queues", "query.status"]
    const missing = CATALOGUE.filter(
      ({ kind, name }) => (kind === "command" || kind === "query") && !name.endsWith(".answer")
    )
      .filter(({ name }) => !otherwise.includes(name))
      .filter(({ schema }) => {
        const { fields } = schema as unknown as { readonly fields: object }
        return !asked.has(JSON.stringify(Object.keys(fields).sort()))
      })
    assert.deepStrictEqual(
      missing.map(({ name }) => name),
      []
    )
  })

  it.live("is true: answers fit the schemas that it names", () =>
    Effect.gen(function* () {
      const { ask } = yield* anApi()
      yield* ask("POST", "/api/v1/tasks", {
        body: { taskType: "notification", taskArgs: { message: "x" }, schedule: "every day at 9", taskId: "clock" }
      })
      yield* ask("POST", "/api/v1/tasks/clock/run")
      const ajv = new Ajv2020({ strict: false, validateFormats: false })
      ajv.addSchema(document, "openapi.json")
      const check = (path: string, method: string, status: number, body: unknown) => {
        const pointer = [path, method, "responses", String(status), "content", "application/json", "schema"]
          .map((token) => token.replaceAll("~", "~0").replaceAll("/", "~1"))
          .map(encodeURIComponent)
        const validate = ajv.compile({ $ref: `openapi.json#/paths/${pointer.join("/")}` })
        assert.isTrue(validate(body), `${path}: ${JSON.stringify(validate.errors)}`)
      }
      for (const [path, asked] of [
        ["/api/v1/tasks", "/api/v1/tasks"],
        ["/api/v1/tasks/{taskId}", "/api/v1/tasks/clock"],
        ["/api/v1/tasks/{taskId}/changes", "/api/v1/tasks/clock/changes"],
        ["/api/v1/executions", "/api/v1/executions"],
        ["/api/v1/queues", "/api/v1/queues"],
        ["/api/v1/status", "/api/v1/status"],
        ["/api/v1/schedules", "/api/v1/schedules"],
        ["/api/v1/log", "/api/v1/log"],
        ["/api/v1/schemas", "/api/v1/schemas"],
        ["/api/v1/next", "/api/v1/next?when=tomorrow"]
      ] as const) {
        const answer = yield* ask("GET", asked)
        assert.strictEqual(answer.status, 200, answer.text)
        check(path, "get", 200, answer.body)
      }
      const paused = yield* ask("POST", "/api/v1/tasks/clock/pause")
      check("/api/v1/tasks/{taskId}/pause", "post", 200, paused.body)
      const wrong = yield* ask("GET", "/api/v1/tasks?limit=0")
      const problem = ajv.compile({ $ref: "openapi.json#/components/schemas/Problem" })
      assert.isTrue(problem(wrong.body), JSON.stringify(problem.errors))
    }).pipe(Effect.provide(Scheduler.layerMemory(), { local: true }))
  )
})
