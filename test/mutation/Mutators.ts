/**
 * What is changed in a source to see whether a test notices: each mutant is one small change, and the same source always
 * has the same mutants in the same order.
 *
 * Of changes of which one cannot live without the other only the stronger is made: a condition becomes true and false and is
 * not negated as well. Types are left alone.
 */
import type { ESTree } from "rolldown/utils"
import { childrenOf, type Node, parse } from "./Syntax.ts"

/** What kinds of changes there are; the table in `docs/mutation.md` says what each does. */
export type Mutator =
  | "condition"
  | "boundary"
  | "operator"
  | "fallback"
  | "chain"
  | "literal"
  | "words"
  | "member"
  | "call"
  | "statement"
  | "pattern"

export interface Mutant {
  readonly mutator: Mutator
  /** Name of what stands at the top of the file and holds it. */
  readonly within: string
  readonly line: number
  /** What is replaced in the source: an expression, or whole statements. */
  readonly start: number
  readonly end: number
  readonly replacement: string
  readonly kind: "expression" | "statement"
  /** For people: what stands there, and what is put in its place. */
  readonly from: string
  readonly to: string
}

/** Longest text of a change that is shown, characters. */
const SHOWN = 100

const shown = (text: string): string => {
  const line = text.replace(/\s+/g, " ").replaceAll("`", "'").trim()
  return line.length > SHOWN ? `${line.slice(0, SHOWN - 1)}…` : line
}

const BOUNDARY: Readonly<Record<string, string>> = { "<": "<=", "<=": "<", ">": ">=", ">=": ">" }
const COMPARES = new Set(["===", "!==", "<", "<=", ">", ">=", "in", "instanceof"])
const ARITHMETIC: Readonly<Record<string, string>> = { "+": "-", "-": "+", "*": "/", "/": "*", "%": "*" }
const ASSIGNMENT: Readonly<Record<string, string>> = { "+=": "-=", "-=": "+=", "*=": "/=", "/=": "*=" }
const SWAPPED = new Map(
  Object.entries({
    some: "every",
    every: "some",
    startsWith: "endsWith",
    endsWith: "startsWith",
    min: "max",
    max: "min",
    floor: "ceil",
    ceil: "floor",
    find: "findLast",
    findLast: "find",
    findIndex: "findLastIndex",
    findLastIndex: "findIndex"
  })
)
/** Calls of which the rest stands when they are left out. */
const LEFT_OUT = new Set(["filter", "sort", "toSorted", "reverse", "toReversed", "slice", "trim", "toLowerCase"])
/** Lists with more members than this lose all of them, and not one after another. */
const FEW = 4

/** All mutants of a source, in the order of their places. */
export const mutantsOf = (source: string): ReadonlyArray<Mutant> => {
  const found: Array<Mutant> = []
  const lines = [0, ...[...source.matchAll(/\n/g)].map(({ index }) => index + 1)]
  const text = ({ end, start }: Node): string => source.slice(start, end)

  const visit = (node: Node, parent: Node | null, within: string): void => {
    const add = (
      mutator: Mutator,
      place: Node,
      replacement: string,
      change: { readonly from?: string; readonly to?: string; readonly kind?: Mutant["kind"] } = {}
    ): void => {
      found.push({
        mutator,
        within,
        line: lines.findLastIndex((start) => start <= place.start) + 1,
        start: place.start,
        end: place.end,
        replacement,
        kind: change.kind ?? "expression",
        from: shown(change.from ?? text(place)),
        to: shown(change.to ?? replacement)
      })
    }
    mutate(node, parent, add, text)
    const outer = node.type === "ParenthesizedExpression" ? parent : node
    for (const child of childrenOf(node)) visit(child, outer, within)
  }

  for (const statement of parse(source).body) {
    const within = nameOf(statement)
    visit(statement, null, within)
  }
  return found.toSorted((one, other) => one.start - other.start || other.end - one.end)
}

/** The name of a statement at the top of a file. */
const nameOf = (statement: Node): string => {
  const declared =
    statement.type === "ExportNamedDeclaration" && statement.declaration !== null ? statement.declaration : statement
  if (declared.type === "VariableDeclaration") {
    const id = declared.declarations[0]?.id
    return id?.type === "Identifier" ? id.name : "top"
  }
  return (declared.type === "FunctionDeclaration" || declared.type === "ClassDeclaration") && declared.id
    ? declared.id.name
    : "top"
}

type Add = (
  mutator: Mutator,
  place: Node,
  replacement: string,
  change?: { readonly from?: string; readonly to?: string; readonly kind?: Mutant["kind"] }
) => void
type Text = (node: Node) => string

const mutate = (node: Node, parent: Node | null, add: Add, text: Text): void => {
  switch (node.type) {
    case "BinaryExpression":
      return binary(node, parent, add, text)
    case "LogicalExpression":
      return logical(node, parent, add, text)
    case "IfStatement":
    case "ConditionalExpression":
      return condition(node.test, ["true", "false"], add)
    case "WhileStatement":
      return condition(node.test, ["false"], add)
    case "UnaryExpression":
      return unary(node, parent, add, text)
    case "UpdateExpression":
      return add(
        "operator",
        node,
        text(node).replace(/\+\+|--/, (it) => (it === "++" ? "--" : "++"))
      )
    case "AssignmentExpression": {
      const other = ASSIGNMENT[node.operator]
      if (other !== undefined) add("operator", node, `${text(node.left)} ${other} ${text(node.right)}`)
      return
    }
    case "Literal":
      return literal(node, parent, add, text)
    case "TemplateLiteral":
      if (parent?.type === "TaggedTemplateExpression") return
      return add(/\s/.test(node.quasis.map(({ value }) => value.raw).join("")) ? "words" : "literal", node, '""')
    case "ArrayExpression":
    case "ObjectExpression":
      return members(node, add, text)
    case "CallExpression":
      return call(node, add, text)
    case "ChainExpression":
      return chain(node, add, text)
    case "SwitchCase":
      return switchCase(node, add, text)
    case "ExpressionStatement":
    case "ThrowStatement":
    case "BreakStatement":
    case "ContinueStatement":
      // A `break` at the end of a case leads where falling through leads to, or is the case itself (see above).
      return add("statement", node, "", { kind: "statement", to: "nothing" })
    case "ReturnStatement":
      if (node.argument === null) add("statement", node, "", { kind: "statement", to: "nothing" })
      return
  }
}

const binary = (node: Extract<Node, { type: "BinaryExpression" }>, parent: Node | null, add: Add, text: Text): void => {
  const sides = (operator: string): string => `${text(node.left)} ${operator} ${text(node.right)}`
  const boundary = BOUNDARY[node.operator]
  if (boundary !== undefined) add("boundary", node, sides(boundary))
  const other = ARITHMETIC[node.operator]
  if (other !== undefined && !isText(node)) add("operator", node, sides(other))
  // Beside `&&` and `||`, and as a condition, the whole becomes true and false already.
  if (!COMPARES.has(node.operator) || isCondition(node, parent)) return
  add("condition", node, "true")
  add("condition", node, "false")
}

/** Whether something is added to a text: no number then. */
const isText = (node: Node): boolean =>
  (node.type === "Literal" && typeof node.value === "string") ||
  node.type === "TemplateLiteral" ||
  (node.type === "BinaryExpression" && node.operator === "+" && (isText(node.left) || isText(node.right)))

const isCondition = (node: Node, parent: Node | null): boolean =>
  parent !== null &&
  (isOperand(parent) ||
    ((parent.type === "IfStatement" || parent.type === "ConditionalExpression" || parent.type === "WhileStatement") &&
      bare(parent.test) === node))

/** Whether what is inside is an operand of `&&` or `||`. */
const isOperand = (parent: Node | null): boolean => parent?.type === "LogicalExpression" && parent.operator !== "??"

/** Without parentheses around it. */
const bare = (node: Node): Node => (node.type === "ParenthesizedExpression" ? bare(node.expression) : node)

/** Each operand of a chain is left out, and the whole becomes what one operand can make of it. */
const logical = (node: ESTree.LogicalExpression, parent: Node | null, add: Add, text: Text): void => {
  if (node.operator === "??") {
    add("fallback", node, text(node.left))
    add("fallback", node, text(node.right))
    return
  }
  add("condition", node, text(node.left))
  const left = bare(node.left)
  if (left.type !== "LogicalExpression" || left.operator !== node.operator) add("condition", node, text(node.right))
  if (!isOperand(parent)) add("condition", node, node.operator === "&&" ? "false" : "true")
}

const condition = (whole: Node, values: ReadonlyArray<"true" | "false">, add: Add): void => {
  const test = bare(whole)
  for (const value of values) {
    // The one that `&&` and `||` become by themselves.
    if (test.type === "LogicalExpression" && value === (test.operator === "&&" ? "false" : "true")) continue
    add("condition", test, value)
  }
}

const unary = (node: ESTree.UnaryExpression, parent: Node | null, add: Add, text: Text): void => {
  if (node.operator === "-" || (node.operator === "!" && !isCondition(node, parent))) {
    add("operator", node, text(node.argument))
  }
}

const literal = (node: Extract<Node, { type: "Literal" }>, parent: Node | null, add: Add, text: Text): void => {
  if ("regex" in node) return pattern(node, add, text)
  const { value } = node
  if (typeof value === "boolean") return add("literal", node, String(!value))
  if (typeof value === "number") {
    if (value === 0) return add("literal", node, "1")
    if (value === 1) return add("literal", node, "0")
    return add("literal", node, `${text(node)} + 1`)
  }
  if (typeof value !== "string" || parent?.type === "ExpressionStatement") return
  if (value === "") return add("literal", node, '"mutant"')
  add(/\s/.test(value.trim()) ? "words" : "literal", node, '""')
}

const pattern = (node: ESTree.RegExpLiteral, add: Add, text: Text): void => {
  const { flags, pattern: body } = node.regex
  if (body.startsWith("^")) add("pattern", node, `/${body.slice(1)}/${flags}`)
  if (/[^\\]\$$/.test(body)) add("pattern", node, `/${body.slice(0, -1)}/${flags}`)
  if (flags.includes("i")) add("pattern", node, text(node).replace(/[a-z]*$/, flags.replace("i", "")))
}

const members = (node: ESTree.ArrayExpression | ESTree.ObjectExpression, add: Add, text: Text): void => {
  const list: ReadonlyArray<Node | null> = node.type === "ArrayExpression" ? node.elements : node.properties
  const [open, close] = node.type === "ArrayExpression" ? ["[", "]"] : ["{", "}"]
  if (node.type === "ArrayExpression" && list.length > FEW) return add("member", node, "[]")
  for (const member of list) {
    if (member === null || (member.type === "Property" && member.method)) continue
    const rest = list.filter((one) => one !== member).map((one) => (one === null ? "" : text(one)))
    add("member", node, `${open}${rest.join(", ")}${close}`, { from: text(member), to: "nothing" })
  }
}

const call = (node: ESTree.CallExpression, add: Add, text: Text): void => {
  const { callee } = node
  if (callee.type !== "MemberExpression" || callee.computed || callee.optional || node.optional) return
  const { name } = callee.property as { readonly name: string }
  const dot = (): string => `${text(callee.object)}.`
  const other = SWAPPED.get(name)
  if (other !== undefined) {
    const rest = text(node).slice(callee.property.end - node.start)
    add("call", node, `${dot()}${other}${rest}`, { from: `${name}${rest}`, to: `${other}${rest}` })
  }
  if (LEFT_OUT.has(name)) {
    add("call", node, text(callee.object), {
      from: text(node).slice(callee.object.end - node.start),
      to: "nothing"
    })
  }
}

/** Each `?.` of a chain becomes a plain step. */
const chain = (node: ESTree.ChainExpression, add: Add, text: Text): void => {
  const whole = text(node)
  for (let at: Node = node.expression; ;) {
    if ((at.type === "MemberExpression" || at.type === "CallExpression") && at.optional) {
      const before: Node = at.type === "MemberExpression" ? at.object : at.callee
      const from = before.end - node.start
      const rest = whole
        .slice(from)
        .replace(/^([\s)!]*)\?\.(?=([[(])?)/, (_, gap, bracket) => (bracket === undefined ? `${gap}.` : gap))
      add("chain", node, `${whole.slice(0, from)}${rest}`)
    }
    if (at.type === "MemberExpression") at = at.object
    else if (at.type === "CallExpression") at = at.callee
    else if (at.type === "TSNonNullExpression") at = at.expression
    else return
  }
}

/** A case falls through to the next. */
const switchCase = (node: ESTree.SwitchCase, add: Add, text: Text): void => {
  const [first] = node.consequent
  const last = node.consequent.at(-1)
  if (first === undefined || last === undefined || node.test === null) return
  const place = { ...node, start: first.start, end: last.end }
  add("statement", place, "", { kind: "statement", from: `case ${text(node.test)}`, to: "nothing" })
}
