import { defineConfig } from "vitest/config"

/** What needs more than Node, npm and nats-server: clients in other languages. */
export default defineConfig({
  test: {
    root: new URL("../..", import.meta.url).pathname,
    include: ["test/foreign/*.foreign.ts"],
    globalSetup: ["test/support/natsProgram.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 1
  }
})
