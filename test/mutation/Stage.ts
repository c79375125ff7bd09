/**
 * What test files import in place of vitest while mutants are tried: it keeps their tests, each of which can then be played
 * any number of times. Assertions are vitest's own. A test is played with the hooks around it, alone, and anew each time.
 */
export { assert, assertType, chai, createExpect, expect, expectTypeOf, inject, should, vi, vitest } from "vitest"

type Body = (...args: ReadonlyArray<unknown>) => unknown
type Hook = () => unknown

export interface PlayedTest {
  readonly file: string
  readonly name: string
  /** Rejects when the test fails. */
  readonly play: () => Promise<void>
}

interface Block {
  readonly name: string
  readonly outer: Block | null
  readonly before: Array<Hook>
  readonly after: Array<Hook>
}

let file = ""
let block: Block = { name: "", outer: null, before: [], after: [] }
let kept: Array<PlayedTest> = []

/** The tests that the modules of a test file register while they are loaded. */
export const testsOf = async (name: string, load: () => Promise<unknown>): Promise<ReadonlyArray<PlayedTest>> => {
  file = name
  kept = []
  block = { name: "", outer: null, before: [], after: [] }
  await load()
  return kept
}

const outwards = (from: Block): ReadonlyArray<Block> => [from, ...(from.outer === null ? [] : outwards(from.outer))]

const play = async (body: Body, args: ReadonlyArray<unknown>, around: ReadonlyArray<Block>): Promise<void> => {
  const stop = new AbortController()
  const finished: Array<Hook> = []
  const context = { signal: stop.signal, onTestFinished: (hook: Hook) => void finished.push(hook), task: {} }
  for (const { before } of around.toReversed()) for (const hook of before) await hook()
  try {
    await body(...args, context)
  } finally {
    stop.abort()
    for (const hook of finished.toReversed()) await hook()
    for (const { after } of around) for (const hook of after.toReversed()) await hook()
  }
}

const keep = (name: string, body: Body, args: ReadonlyArray<unknown> = []): void => {
  const around = outwards(block)
  const names = around.map((one) => one.name).filter((one) => one !== "")
  kept.push({ file, name: [...names.toReversed(), name].join(" > "), play: () => play(body, args, around) })
}

/** `it(name, body)`, `it(name, options, body)` and `it(name, body, options)`. */
const bodyIn = (rest: ReadonlyArray<unknown>): Body =>
  rest.find((one): one is Body => typeof one === "function") as Body

const titled = (title: string, row: unknown, index: number): string => `${title} [${index} ${JSON.stringify(row)}]`

const each =
  (register: (name: string, body: Body, args: ReadonlyArray<unknown>) => void) =>
  (rows: ReadonlyArray<unknown>) =>
  (name: string, ...rest: ReadonlyArray<unknown>): void => {
    for (const [index, row] of rows.entries()) {
      register(titled(name, row, index), bodyIn(rest), Array.isArray(row) ? row : [row])
    }
  }

const leaveOut = (): void => {}

const register = (name: string, ...rest: ReadonlyArray<unknown>): void => keep(name, bodyIn(rest))

export const it = Object.assign(register, {
  each: each(keep),
  for:
    (rows: ReadonlyArray<unknown>) =>
    (name: string, ...rest: ReadonlyArray<unknown>) => {
      for (const [index, row] of rows.entries()) keep(titled(name, row, index), bodyIn(rest), [row])
    },
  skip: leaveOut,
  skipIf: (condition: unknown) => (condition ? leaveOut : register),
  runIf: (condition: unknown) => (condition ? register : leaveOut),
  only: register,
  fails: leaveOut
})
export const test = it

const inBlock = (name: string, body: Body, args: ReadonlyArray<unknown> = []): void => {
  const outer = block
  block = { name, outer, before: [], after: [] }
  body(...args)
  block = outer
}

export const describe = Object.assign(
  (name: string, ...rest: ReadonlyArray<unknown>): void => inBlock(name, bodyIn(rest)),
  { each: each(inBlock), skipIf: (condition: unknown) => (condition ? leaveOut : describe) }
)
export const suite = describe

export const beforeEach = (hook: Hook): void => void block.before.push(hook)
export const afterEach = (hook: Hook): void => void block.after.push(hook)
export const beforeAll = beforeEach
export const afterAll = afterEach
export const onTestFinished = leaveOut
export const TestRunner = { getCurrentSuite: () => ({ tasks: [] }) }
