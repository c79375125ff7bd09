import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/natsProgram.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    // Plugins are loaded by Node itself, as a worker loads them.
    server: { deps: { external: [/nagatha-plugins-/, /examples\/plugins/] } }
  }
})
