/** The name of this process among nodes. */
import { randomBytes } from "node:crypto"
import { hostname } from "node:os"
import type { NodeIdentity } from "../../nats/NatsService.ts"

/** A name for this process that no other has. */
export const newIdentity = (roles: ReadonlyArray<string>, version: string, now: Date): NodeIdentity => ({
  nodeId: `n${randomBytes(6).toString("hex")}`,
  host: hostname().replace(/[^A-Za-z0-9_-]/g, "-"),
  pid: process.pid,
  roles,
  startedAt: now.toISOString(),
  version
})
