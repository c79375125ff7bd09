/**
 * `npm run mutation`: changes the rules in thousands of places, one at a time, and lists the changes that no test notices.
 * Ends with 1 where one of them is not explained in `docs/mutation.md`.
 */
import { type ChildProcess, fork } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { catalogueOf, type Numbered, type Room, ROOMS, type Source } from "./Catalogue.ts"
import { explained, nameOf } from "./Explained.ts"
import { openResults, refusedBefore, type Result } from "./Results.ts"
import type { Asked, Chosen, Surveyed, Told } from "./tryMutants.ts"
import { refused } from "./Types.ts"

const { values } = parseArgs({
  options: {
    /** Sources whose names hold one of these words. */
    files: { type: "string", multiple: true, default: [] },
    /** Every Nth mutant only. */
    sample: { type: "string", default: "1" },
    /** How much of tests is played for one mutant, in millions of turns; whatever comes cheapest first. */
    patience: { type: "string", default: "40" },
    /** What was noticed before is not tried again. */
    again: { type: "boolean", default: false },
    /** A file for all results. */
    json: { type: "string" }
  }
})
const PATIENCE = Number(values.patience) * 1_000_000
/** A process that says nothing for so long is caught in an endless loop, milliseconds. */
const SILENCE_MS = 60_000
/** Mutants that are tried with modules of their own in one process: modules are never forgotten. */
const ANEW_AT_MOST = 60

const say = (text: string): void => void process.stderr.write(`${text}\n`)
const begin = performance.now()
const results = openResults(values.again)

/** A process with the tests of a room; begun anew when it has ended. */
const player = (room: Room) => {
  let child: ChildProcess | null = null
  const end = (): void => {
    child?.kill("SIGKILL")
    child = null
  }
  const ask = (asked: Asked): Promise<Told | null> =>
    new Promise((done) => {
      child ??= fork(join(import.meta.dirname, "tryMutants.ts"), [room.source], {
        execArgv: ["--conditions=nagatha-source", "--max-old-space-size=2500"],
        env: { ...process.env, NODE_ENV: "test", VITEST: "true" },
        stdio: ["ignore", "ignore", "ignore", "ipc"]
      })
      const at = child
      const finish = (told: Told | null): void => {
        clearTimeout(timer)
        at.off("message", finish)
        at.off("exit", gone)
        if (told === null) end()
        done(told)
      }
      const gone = (): void => finish(null)
      const timer = setTimeout(gone, asked.ask === "survey" ? 30 * SILENCE_MS : SILENCE_MS)
      at.on("message", finish)
      at.on("exit", gone)
      at.send(asked)
    })
  return { ask, end }
}

interface Survey {
  readonly tests: ReadonlyArray<Surveyed>
  readonly whileLoading: ReadonlySet<number>
}

const surveyed = async (room: Room, { ask }: ReturnType<typeof player>): Promise<Survey> => {
  const told = await ask({ ask: "survey", most: PATIENCE })
  if (told?.told !== "survey") throw new Error(`the tests of ${room.tests} could not be played`)
  const failed = told.tests.filter(({ fails }) => fails !== null)
  if (failed.length > 0) {
    throw new Error(
      failed.map(({ fails, file, name }) => `${file}: ${name} fails without any mutant: ${fails}`).join("\n")
    )
  }
  return { tests: told.tests, whileLoading: new Set(told.whileLoading) }
}

/** The cheapest of the tests that come by what is asked for, as far as patience goes. */
const chosen = (tests: ReadonlyArray<Surveyed>, comesBy: (mutant: number) => boolean): ReadonlyArray<Chosen> => {
  let left = PATIENCE
  return tests
    .flatMap((test, at) => (test.comesBy.some(comesBy) ? [[at, test.cost] as const] : []))
    .toSorted(([, one], [, other]) => one - other)
    .filter(([, cost]) => {
      left -= cost
      return left >= 0
    })
}

const tryRoom = async (room: Room): Promise<ReadonlyArray<Result>> => {
  const isAsked = ({ file }: Source): boolean =>
    values.files.length === 0 || values.files.some((word) => file.includes(word))
  const sources = catalogueOf(room).filter(isAsked)
  if (sources.length === 0) return []
  const notCompiled = await refusedBefore(sources, refused)
  const all = sources.flatMap((source) => source.mutants.map((mutant) => ({ mutant, source })))
  const asked = all
    .filter(({ mutant }) => !notCompiled.has(mutant.id))
    .filter((_, index) => index % Number(values.sample) === 0)
  say(`${room.source}: ${all.length} mutants, of which ${notCompiled.size} do not compile; ${asked.length} are tried`)
  const missing = asked.filter(({ mutant, source }) => results.of(source, mutant) === undefined)
  if (missing.length > 0) await tryAll(room, missing)
  return asked.flatMap(({ mutant, source }) => results.of(source, mutant) ?? [])
}

const tryAll = async (
  room: Room,
  missing: ReadonlyArray<{ readonly mutant: Numbered; readonly source: Source }>
): Promise<void> => {
  const play = player(room)
  const survey = await surveyed(room, play)
  say(`${room.source}: ${survey.tests.length} tests, none of which fails without a mutant`)
  let anew = 0
  let done = 0

  const tried = async (
    id: number,
    tests: ReadonlyArray<Chosen>,
    isAnew: boolean
  ): Promise<Pick<Result, "outcome" | "by">> => {
    for (const isLast of [false, true]) {
      if (isAnew && anew++ % ANEW_AT_MOST === ANEW_AT_MOST - 1) play.end()
      const told = await play.ask({ ask: "try", id, tests, anew: isAnew })
      if (told === null) return { outcome: "endless", by: "nothing was heard of it" }
      if (told.told !== "tried") break
      if (told.spoilt) play.end()
      if (told.spoilt && !told.endless && !isLast) continue
      if (told.by === null) return { outcome: "survived", by: null }
      return { outcome: told.endless ? "endless" : "killed", by: told.by }
    }
    throw new Error(`mutant ${id} was not tried`)
  }

  for (const { mutant, source } of missing) {
    const { id } = mutant
    const tests = chosen(survey.tests, (one) => one === id)
    const isLoaded = survey.whileLoading.has(id)
    let what: Pick<Result, "outcome" | "by"> = { outcome: "uncovered", by: null }
    if (tests.length > 0) what = await tried(id, tests, false)
    if (isLoaded && what.by === null) {
      const ofItsSource = new Set(source.mutants.map((one) => one.id))
      const near = tests.length > 0 ? tests : chosen(survey.tests, (one) => ofItsSource.has(one))
      const whole = near.length > 0 ? near : chosen(survey.tests, () => true)
      what = await tried(id, whole, true)
    }
    const result = results.keep(source, mutant, what)
    done += 1
    if (result.by === null) say(`${result.outcome} ${result.file}:${result.line} ${nameOf(result)}`)
    if (done % 100 === 0) say(`${done} of ${missing.length}, ${Math.round((performance.now() - begin) / 1000)} s`)
  }
  play.end()
}

const all: Array<Result> = []
for (const room of ROOMS) all.push(...(await tryRoom(room)))

const reasons = new Set(explained().map(nameOf))
const count = (some: ReadonlyArray<Result>, ...outcomes: ReadonlyArray<Result["outcome"]>): number =>
  some.filter(({ outcome }) => outcomes.includes(outcome)).length
const row = (name: string, some: ReadonlyArray<Result>): string => {
  const noticed = count(some, "killed", "endless")
  const survivors = some.filter(({ by }) => by === null)
  const figures = [
    some.length,
    count(some, "killed"),
    count(some, "endless"),
    survivors.length,
    survivors.filter((one) => reasons.has(nameOf(one))).length,
    `${((100 * noticed) / Math.max(1, some.length)).toFixed(1)} %`
  ]
  return `${name.padEnd(40)}${figures.map((figure) => String(figure).padStart(10)).join("")}`
}
const files = [...new Set(all.map(({ file }) => file))]
const riddles = all.filter((one) => one.by === null && !reasons.has(nameOf(one)))
const heads = ["mutants", "killed", "endless", "survived", "explained", "score"]
process.stdout.write(
  [
    ...riddles.map(
      (one) => `${one.outcome} src/${one.file}:${one.line} ${one.mutator} in ${one.within}: ${one.from} → ${one.to}`
    ),
    `${"".padEnd(40)}${heads.map((head) => head.padStart(10)).join("")}`,
    ...files.map((file) =>
      row(
        file,
        all.filter((one) => one.file === file)
      )
    ),
    ...ROOMS.map(({ source }) =>
      row(
        source,
        all.filter(({ file }) => file.startsWith(source))
      )
    ),
    row("all", all),
    `${Math.round((performance.now() - begin) / 1000)} s`,
    ""
  ].join("\n")
)
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(all, null, 1))
process.exitCode = riddles.length > 0 ? 1 : 0
