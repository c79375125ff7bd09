/** Flags that people give to the command beside the one that has them. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { runCli } from "../support/cli.ts"
import { aTask, aWorld } from "../support/scheduler.ts"

const flagsOf = Effect.fnUntraced(function* (command: string) {
  const { stdout } = yield* runCli([command, "--help"])
  return new Set([...stdout.matchAll(/^ +(?:-\w, )?(--[a-z-]+)/gm)].map(([, flag]) => flag))
})

describe("a flag that belongs to another command", () => {
  it.effect("is told with the command that has it", () =>
    Effect.gen(function* () {
      for (const [line, stderr] of [
        [
          "update teat --timezone UTC",
          "error: update has no flag --timezone: a schedule goes with its zone and its rules for the clocks\nhint: nagatha reschedule ID WHEN --timezone …; nagatha info ID shows WHEN as it is, to say it again\n"
        ],
        [
          "scheduler update teat --dst-gap=skip --dst-overlap both",
          "error: update has no flag --dst-gap, --dst-overlap: a schedule goes with its zone and its rules for the clocks\nhint: nagatha reschedule ID WHEN --dst-gap … --dst-overlap …; nagatha info ID shows WHEN as it is, to say it again\n"
        ],
        [
          "update teat --schedule hourly",
          "error: update has no flag --schedule: a schedule is given as a whole\nhint: nagatha reschedule ID WHEN\n"
        ],
        [
          "update teat --message hi",
          "error: update has no flag --message: the arguments of a task are changed as a whole\nhint: nagatha update ID --args JSON; nagatha info ID --json shows them as they are (taskArgs)\n"
        ],
        [
          "reschedule teat hourly --start-at tomorrow --name tea",
          "error: reschedule has no flag --start-at, --name: that is changed beside the schedule\nhint: nagatha update ID --start-at … --name …\n"
        ],
        // What nobody has is not told to be elsewhere.
        [
          "update teat --timezone UTC --frobnicate",
          "error: the flag --timezone is not known; the flag --frobnicate is not known\nhint: nagatha update --help shows what there is\n"
        ],
        [
          "pause teat --timezoned UTC",
          'error: the flag --timezoned is not known; did you mean "--timezone"?\nhint: nagatha pause --help shows what there is\n'
        ]
      ] as const) {
        const world = aWorld({ tasks: [aTask()] })
        const ran = yield* runCli(line.split(" "), { world })
        assert.deepStrictEqual({ code: ran.code, stderr: ran.stderr }, { code: 2, stderr }, line)
        assert.deepStrictEqual(world.changed, [])
      }
      const { stderr } = yield* runCli(["update", "teat", "--timezone", "UTC", "--json"])
      assert.match(JSON.parse(stderr).error.hint, /^nagatha reschedule ID WHEN --timezone/)
    })
  )

  it.effect("is not one of the command's own, and is one of the other's", () =>
    Effect.gen(function* () {
      const [update, reschedule, schedule] = [
        yield* flagsOf("update"),
        yield* flagsOf("reschedule"),
        yield* flagsOf("schedule")
      ]
      const isTold = (command: string, flag: string) =>
        Effect.map(runCli([command, "teat", `${flag}=x`]), ({ stderr }) => /^hint: nagatha (\w+) ID/m.exec(stderr)?.[1])
      for (const flag of schedule) {
        if (flag === undefined) continue
        const there = yield* isTold("update", flag)
        if (reschedule.has(flag) && !update.has(flag)) assert.strictEqual(there, "reschedule", flag)
        if (update.has(flag)) assert.isUndefined(there, flag)
        const changed = yield* isTold("reschedule", flag)
        assert.strictEqual(changed, update.has(flag) && !reschedule.has(flag) ? "update" : undefined, flag)
      }
    })
  )
})
