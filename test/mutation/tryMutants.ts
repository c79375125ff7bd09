/**
 * The process in which mutants live, told what to do by `mutate.ts`: it loads the tests of a room once, surveys which tests
 * come by which mutants, and tries one mutant after another. Whoever started it ends it when it is silent for too long.
 */
import { ROOMS } from "./Catalogue.ts"
import { loader } from "./Load.ts"
import type { PlayedTest } from "./Stage.ts"
import * as Switch from "./Switch.ts"

export interface Surveyed {
  readonly file: string
  readonly name: string
  /** How much a play of it takes, counted in turns of loops and visits of places: the same on every machine. */
  readonly cost: number
  /** Why it fails without any mutant; null when it does not. */
  readonly fails: string | null
  /** None where it costs too much. */
  readonly comesBy: ReadonlyArray<number>
}

export type Asked =
  | {
      readonly ask: "survey"
      /** Tests that cost more are left out. */
      readonly most: number
    }
  | {
      readonly ask: "try"
      readonly id: number
      /** In the order in which they are to be played. */
      readonly tests: ReadonlyArray<Chosen>
      /** With modules of their own, in which the mutant lives from the first line on. */
      readonly anew: boolean
    }

/** A test by its place in the survey, and its cost there. */
export type Chosen = readonly [at: number, cost: number]

export type Told =
  | {
      readonly told: "survey"
      readonly tests: ReadonlyArray<Surveyed>
      /** Mutants that are come by while the modules are loaded. */
      readonly whileLoading: ReadonlyArray<number>
    }
  | {
      readonly told: "tried"
      readonly id: number
      readonly by: string | null
      readonly endless: boolean
      /** Whether this process cannot be relied on any more: something of a mutant has stayed in it. */
      readonly spoilt: boolean
    }

/** What a play costs besides its turns: the scheduler of fibres, the assertions. */
const BASE = 20_000
/** How many times as long as ever a test may take with a mutant, before it is called endless. */
const LONGER = 5
/** A test that waits for what never comes is given up, milliseconds. */
const SILENCE_MS = 10_000

const room = ROOMS.find(({ source }) => source === process.argv[2])
if (room === undefined) throw new Error(`no room is called ${process.argv[2] ?? "nothing"}`)
const { all, anew } = loader(room)
Switch.note()
const loaded = await all()
const whileLoading = [...Switch.note()]
Switch.noteNothing()

class Silent extends Error {
  override readonly message = "has not ended in time"
}

const played = async (test: PlayedTest): Promise<unknown> => {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new Silent()), SILENCE_MS)
  })
  try {
    await Promise.race([test.play(), silence])
    return null
  } catch (error) {
    return error
  } finally {
    clearTimeout(timer)
  }
}

const survey = async (most: number): Promise<ReadonlyArray<Surveyed>> => {
  const tests: Array<Surveyed> = []
  for (const test of loaded) {
    Switch.revive(-1, most)
    Switch.note()
    const error = await played(test)
    const cost = Switch.turned() + BASE
    const isDear = cost > most
    tests.push({
      file: test.file,
      name: test.name,
      cost,
      fails: error === null || isDear ? null : String(error),
      comesBy: isDear ? [] : [...Switch.note()].toSorted((one, other) => one - other)
    })
  }
  Switch.noteNothing()
  return tests
}

type Tried = Omit<Extract<Told, { readonly told: "tried" }>, "told" | "id">
const SURVIVED: Tried = { by: null, endless: false, spoilt: false }

const attempt = async (id: number, test: PlayedTest, cost: number): Promise<Tried> => {
  const most = cost * LONGER
  Switch.revive(id, most)
  const error = await played(test)
  const endless = Switch.turned() > most
  if (error === null && !endless) return SURVIVED
  const by = `${test.file}: ${test.name}`
  if (error instanceof Silent) return { by, endless: true, spoilt: true }
  // Without the mutant it must pass again.
  Switch.revive(-1, Infinity)
  return { by, endless, spoilt: (await played(test)) !== null }
}

const tryWarm = async (id: number, tests: ReadonlyArray<Chosen>): Promise<Tried> => {
  for (const [at, cost] of tests) {
    const test = loaded[at]
    const tried = test === undefined ? SURVIVED : await attempt(id, test, cost)
    if (tried.by !== null) return tried
  }
  return SURVIVED
}

const tryAnew = async (id: number, tests: ReadonlyArray<Chosen>): Promise<Tried> => {
  const load = anew()
  const files = new Map<string, ReadonlyMap<string, PlayedTest>>()
  for (const [at, cost] of tests) {
    const known = loaded[at]
    if (known === undefined) continue
    Switch.revive(id, Infinity)
    try {
      const here = files.get(known.file) ?? new Map((await load(known.file)).map((test) => [test.name, test]))
      files.set(known.file, here)
      const test = here.get(known.name)
      if (test === undefined) return { by: `${known.file}: ${known.name} is not there`, endless: false, spoilt: false }
      Switch.revive(id, cost * LONGER)
      const error = await played(test)
      if (error !== null) {
        const endless = error instanceof Silent || error instanceof Switch.Endless
        return { by: `${known.file}: ${known.name}`, endless, spoilt: error instanceof Silent }
      }
    } catch (error) {
      return { by: `${known.file} cannot be loaded: ${String(error)}`, endless: false, spoilt: false }
    }
  }
  return SURVIVED
}

const tell = (told: Told): void => void process.send?.(told)

// What fibres that outlive their test throw is nobody's.
process.on("uncaughtException", () => {})
process.on("unhandledRejection", () => {})

process.on("message", (asked: Asked) => {
  if (asked.ask === "survey") {
    void survey(asked.most).then((tests) => tell({ told: "survey", tests, whileLoading }))
    return
  }
  void (asked.anew ? tryAnew(asked.id, asked.tests) : tryWarm(asked.id, asked.tests)).then((tried) =>
    tell({ told: "tried", id: asked.id, ...tried })
  )
})
