/** A connection of a role to a test's server, as the program makes it. */
import { NatsConnection } from "../../src/nats/NatsConnection.ts"
import type { Role } from "../../src/nats/Roles.ts"
import type { TestServer } from "./natsServer.ts"

export const connectionTo = (server: TestServer, role: Role = "core", requestTimeoutMs = 5000) =>
  NatsConnection.layer({
    servers: server.url,
    role,
    namespace: "nagatha",
    ...server.users[role],
    name: "test",
    requestTimeoutMs
  })
