/** The syntax tree of a source, without its types: what there is to change. */
import { type ESTree, parseSync } from "rolldown/utils"

export type Node = ESTree.Node

/** Throws at a source that is no TypeScript. */
export const parse = (source: string): ESTree.Program => {
  const { errors, program } = parseSync("source.ts", source)
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join("\n"))
  return program
}

/** Of the nodes of types, those with a value inside. */
const TRANSPARENT = new Set([
  "TSAsExpression",
  "TSSatisfiesExpression",
  "TSNonNullExpression",
  "TSInstantiationExpression"
])
const TYPES = new Set(["typeAnnotation", "typeArguments", "typeParameters", "returnType", "superTypeArguments"])

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "type" in value && "start" in value

/** The parts of a node that have a value: no types, no names of properties, nothing of imports. */
export const childrenOf = (node: Node): ReadonlyArray<Node> => {
  if (node.type.startsWith("TS") && !TRANSPARENT.has(node.type)) return []
  if (node.type === "ImportDeclaration" || node.type === "ExportAllDeclaration") return []
  if (node.type === "ExportNamedDeclaration") return node.declaration === null ? [] : [node.declaration]
  return Object.entries(node).flatMap(([key, value]: [string, unknown]) => {
    if (TYPES.has(key)) return []
    const isName = key === "key" || (key === "property" && node.type === "MemberExpression")
    if (isName && "computed" in node && !node.computed) return []
    return Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : []
  })
}
