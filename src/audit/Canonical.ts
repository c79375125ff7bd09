/** Values as canonical JSON: keys in order, whatever the order in which they were made; and its hash. */
import { hash } from "node:crypto"

export const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner
  ) ?? "null"

export const hashOfValue = (value: unknown): string => hash("sha256", canonical(value), "hex")
