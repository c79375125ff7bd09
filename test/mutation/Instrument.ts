/**
 * One source with all of its mutants in it: which of them is alive is chosen while it runs (`Switch.ts`), so that none of
 * them costs a load of its own.
 */
import { childrenOf, type Node, parse } from "./Syntax.ts"
import type { Mutant } from "./Mutators.ts"

/** How the changed source calls the switch, and what it imports it as. */
const NAMES = "import { isAlive as $m, remembered as $r, turn as $t } from"

interface Place {
  readonly start: number
  readonly end: number
  readonly kind: Mutant["kind"] | "loop" | "memory"
  readonly mutants: ReadonlyArray<{ readonly id: number; readonly replacement: string }>
  readonly inner: Array<Place>
}

/**
 * The source in which mutant number `first + index` of `mutants` is alive when the switch says so. Loops report each turn, so
 * that endless ones can be ended; what a module remembers from call to call (maps and sets at its top) can be forgotten.
 */
export const instrument = (
  source: string,
  mutants: ReadonlyArray<Mutant>,
  first: number,
  switchUrl: string
): string => {
  const places = new Map<string, Place & { readonly mutants: Array<{ id: number; replacement: string }> }>()
  const placeOf = (start: number, end: number, kind: Place["kind"]) => {
    const key = `${start} ${end} ${kind}`
    const known = places.get(key)
    if (known !== undefined) return known
    const made = { start, end, kind, mutants: [], inner: [] }
    places.set(key, made)
    return made
  }
  for (const [index, { end, kind, replacement, start }] of mutants.entries()) {
    placeOf(start, end, kind).mutants.push({ id: first + index, replacement })
  }
  const { body } = parse(source)
  for (const [start, end] of body.flatMap(bodiesOfLoops)) placeOf(start, end, "loop")
  for (const [start, end] of body.flatMap(memories)) placeOf(start, end, "memory")

  const top: Array<Place> = []
  const open: Array<Place> = []
  const outerFirst = (one: Place, other: Place): number =>
    one.start - other.start || other.end - one.end || ORDER.indexOf(one.kind) - ORDER.indexOf(other.kind)
  for (const place of [...places.values()].toSorted(outerFirst)) {
    while ((open.at(-1)?.end ?? Infinity) < place.end) open.pop()
    while ((open.at(-1)?.end ?? Infinity) <= place.start) open.pop()
    const outer = open.at(-1)
    if (outer === undefined) top.push(place)
    else outer.inner.push(place)
    open.push(place)
  }

  const between = (start: number, end: number, inner: ReadonlyArray<Place>): string => {
    let text = ""
    let at = start
    for (const place of inner) {
      text += source.slice(at, place.start) + changed(place)
      at = place.end
    }
    return text + source.slice(at, end)
  }
  const changed = ({ end, inner, kind, mutants: here, start }: Place): string => {
    const text = between(start, end, inner)
    switch (kind) {
      case "statement":
        // In braces of its own: an `else` that follows is not its own.
        return `{if (!(${here.map(({ id }) => `$m(${id})`).join(" || ")})) {${text}}}`
      case "expression":
        return `(${here.map(({ id, replacement }) => `$m(${id}) ? (${replacement}) : `).join("")}(${text}))`
      case "loop":
        return `{$t();${text}}`
      case "memory":
        return `$r(${text})`
    }
  }
  return `${NAMES} ${JSON.stringify(switchUrl)};${between(0, source.length, top)}`
}

const ORDER: ReadonlyArray<Place["kind"]> = ["loop", "statement", "expression", "memory"]

const LOOPS = new Set(["WhileStatement", "DoWhileStatement", "ForStatement", "ForOfStatement", "ForInStatement"])

const bodiesOfLoops = (node: Node): ReadonlyArray<readonly [number, number]> => [
  ...(LOOPS.has(node.type) && "body" in node && node.body !== null && "start" in node.body
    ? [[node.body.start, node.body.end] as const]
    : []),
  ...childrenOf(node).flatMap(bodiesOfLoops)
]

/** Empty maps and sets that a module makes at its top. */
const memories = (statement: Node): ReadonlyArray<readonly [number, number]> => {
  const declared = statement.type === "ExportNamedDeclaration" ? statement.declaration : statement
  if (declared?.type !== "VariableDeclaration") return []
  return declared.declarations.flatMap(({ init }) =>
    init?.type === "NewExpression" &&
    init.callee.type === "Identifier" &&
    ["Map", "Set"].includes(init.callee.name) &&
    init.arguments.length === 0
      ? [[init.start, init.end] as const]
      : []
  )
}
