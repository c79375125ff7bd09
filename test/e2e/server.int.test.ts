/** What `up` says of a server that it cannot use, and what is left of its own one. */
import { assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { createServer, type Server } from "node:net"
import { join } from "node:path"
import { eventually, isAlive, Nagatha } from "../support/nagatha.ts"

/** Greets and answers pings as a server of that version does. */
const serverOfVersion = (version: string): Promise<{ readonly server: Server; readonly port: number }> =>
  new Promise((resolve) => {
    const server = createServer((socket) => {
      socket.on("error", () => undefined)
      socket.write(
        `INFO ${JSON.stringify({ server_id: "OLD", server_name: "old", version, proto: 1, headers: true, max_payload: 1048576, jetstream: true })}\r\n`
      )
      socket.on("data", (data) => {
        if (data.toString().includes("PING")) socket.write("PONG\r\n")
      })
    })
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      resolve({ server, port: typeof address === "object" && address !== null ? address.port : 0 })
    })
  })

const withNagatha = async (env: Readonly<Record<string, string>>, body: (nagatha: Nagatha) => Promise<void>) => {
  const nagatha = new Nagatha(env)
  try {
    await body(nagatha)
  } finally {
    await nagatha.end()
  }
}

describe("up", () => {
  it("refuses a given server that is too old, with both versions and the remedy", async () => {
    const { port, server } = await serverOfVersion("2.9.10")
    try {
      await withNagatha({}, async (nagatha) => {
        const ran = await nagatha.run(["up"], { env: { NATS_URL: `nats://127.0.0.1:${port}` } })
        assert.strictEqual(ran.code, 1, ran.stderr)
        assert.match(ran.stderr, /2\.9\.10.*2\.12\.0 or newer/)
        assert.match(ran.stderr, /upgrade/)
      })
    } finally {
      server.close()
    }
  }, 60_000)

  it("refuses a program that is too old, and uses no other in its place", async () => {
    await withNagatha({}, async (nagatha) => {
      const program = join(nagatha.dataDir, "old-nats-server")
      writeFileSync(program, "#!/bin/sh\necho 'nats-server: v2.9.10'\n")
      chmodSync(program, 0o755)
      const ran = await nagatha.run(["up"], { env: { NAGATHA_NATS_SERVER: program } })
      assert.strictEqual(ran.code, 1, ran.stderr)
      assert.match(ran.stderr, /2\.9\.10.*2\.12\.0 or newer/)
    })
  }, 60_000)

  it("says that a given server cannot be reached", async () => {
    await withNagatha({}, async (nagatha) => {
      const ran = await nagatha.run(["up"], { env: { NATS_URL: "nats://127.0.0.1:1" } })
      assert.strictEqual(ran.code, 3)
      assert.match(ran.stderr, /127\.0\.0\.1:1/)
    })
  }, 60_000)

  it("says that the data directory cannot be used", async () => {
    await withNagatha({}, async (nagatha) => {
      const file = join(nagatha.dataDir, "a-file")
      writeFileSync(file, "")
      const ran = await nagatha.run(["up"], { env: { NAGATHA_DATA_DIR: join(file, "below") } })
      assert.strictEqual(ran.code, 1)
      assert.match(ran.stderr, /a-file.*(cannot be used|choose)/s)
    })
  }, 60_000)

  it("in the background is refused twice on one data directory, and stopped once", async () => {
    await withNagatha({}, async (nagatha) => {
      const first = await nagatha.run(["up", "--detach"])
      assert.strictEqual(first.code, 0, first.stderr)
      const pid = nagatha.upPid()
      const second = await nagatha.run(["up", "--detach"])
      assert.strictEqual(second.code, 1)
      assert.match(
        second.stderr,
        new RegExp(`^error: (nagatha is up already, .* \\(process ${pid}\\)|.* is in use by process ${pid}: .*)\\n`)
      )
      assert.strictEqual((await nagatha.run(["down"])).stdout, `stopped process ${pid}\n`)
      const nothing = await nagatha.run(["down"])
      assert.deepStrictEqual([nothing.code, nothing.stdout], [0, ""])
      assert.match(nothing.stderr, /nothing runs/)
    })
  }, 60_000)

  it("in the background tells why it could not start, by what this start has said alone", async () => {
    await withNagatha({ NATS_URL: "nats://127.0.0.1:1" }, async (nagatha) => {
      writeFileSync(join(nagatha.dataDir, "nagatha.log"), "said before\n")
      const ran = await nagatha.run(["up", "--detach"])
      assert.strictEqual(ran.code, 3)
      assert.match(ran.stderr, /127\.0\.0\.1:1/)
      assert.notInclude(ran.stderr, "said before")
    })
  }, 60_000)

  it("stops its server with itself, in good order or not", async () => {
    await withNagatha({}, async (nagatha) => {
      await nagatha.up()
      const first = nagatha.serverPid() ?? 0
      assert.isTrue(isAlive(first))
      await nagatha.run(["down"])
      await eventually(
        "the server has stopped",
        () => isAlive(first),
        (alive) => !alive,
        10_000
      )
      await nagatha.up()
      const second = nagatha.serverPid() ?? 0
      process.kill(nagatha.upPid() ?? 0, "SIGKILL")
      await eventually(
        "the server has not been left behind",
        () => isAlive(second),
        (alive) => !alive,
        10_000
      )
    })
  }, 120_000)

  it("goes on when its server dies: what was acknowledged is there, and new work is done", async () => {
    await withNagatha({}, async (nagatha) => {
      await nagatha.up()
      const before = await nagatha.json<{ readonly taskId: string }>(
        "schedule",
        "shell_command",
        "in 6 seconds",
        "--command",
        "true"
      )
      process.kill(nagatha.serverPid() ?? 0, "SIGKILL")
      const after = await eventually(
        "a task can be scheduled again",
        () =>
          nagatha.run(["schedule", "shell_command", "now", "--command", "true", "--id", "after-the-crash", "--json"]),
        ({ code }) => code === 0
      )
      assert.include(after.stdout, "after-the-crash")
      for (const id of [before.taskId, "after-the-crash"]) {
        await eventually(
          `${id} has run`,
          () => nagatha.json<{ readonly task: { readonly status: string } }>("info", id),
          ({ task }) => task.status === "completed"
        )
      }
    })
  }, 120_000)

  it("runs detached, is found by its status, and is stopped by down", async () => {
    await withNagatha({}, async (nagatha) => {
      mkdirSync(nagatha.dataDir, { recursive: true })
      const ran = await nagatha.run(["up", "--detach"])
      assert.strictEqual(ran.code, 0, ran.stderr)
      const status = await nagatha.json<{
        readonly nodes: ReadonlyArray<{ readonly roles: ReadonlyArray<string> }>
        readonly partitions: ReadonlyArray<unknown>
      }>("status")
      assert.deepStrictEqual(
        status.nodes.map(({ roles }) => roles),
        [["scheduler", "worker", "api"]]
      )
      assert.strictEqual(status.partitions.length, 16)
      const doctor = await nagatha.run(["doctor"])
      assert.strictEqual(doctor.code, 0, doctor.stdout + doctor.stderr)
      const pid = nagatha.upPid() ?? 0
      assert.strictEqual((await nagatha.run(["down"])).code, 0)
      assert.isFalse(isAlive(pid))
      assert.strictEqual((await nagatha.run(["status"])).code, 3)
    })
  }, 120_000)
})

describe("down", () => {
  it("stops no process but the one that runs on the data directory, whatever a killed one has left written", async () => {
    await withNagatha({}, async (nagatha) => {
      await nagatha.up()
      const file = join(nagatha.dataDir, "up.json")
      const left = readFileSync(file, "utf8")
      await nagatha.killAll()
      const bystander = spawn("sleep", ["60"])
      try {
        writeFileSync(file, left.replace(/"pid": \d+/, `"pid": ${bystander.pid}`))
        const ran = await nagatha.run(["down"])
        assert.strictEqual(ran.code, 0, ran.stderr)
        assert.match(ran.stderr, /nothing runs/)
        assert.strictEqual((await nagatha.run(["up", "--detach"])).code, 0)
        const real = nagatha.upPid()
        writeFileSync(file, left.replace(/"pid": \d+/, `"pid": ${bystander.pid}`))
        assert.strictEqual((await nagatha.run(["down"])).stdout, `stopped process ${real}\n`)
        assert.isTrue(isAlive(bystander.pid ?? 0))
      } finally {
        await nagatha.run(["down"])
        bystander.kill()
      }
    })
  }, 60_000)

  it("makes no data directory where there is none", async () => {
    await withNagatha({}, async (nagatha) => {
      const elsewhere = join(nagatha.dataDir, "elsewhere")
      assert.strictEqual((await nagatha.run(["down", "--data", elsewhere])).code, 0)
      assert.isFalse(existsSync(elsewhere))
    })
  }, 60_000)
})

describe("doctor", () => {
  it("keeps passwords to itself, and says of a file that it is no data directory", async () => {
    await withNagatha({ NATS_URL: "nats://ann:secret@127.0.0.1:1,bob:hidden@127.0.0.1:2" }, async (nagatha) => {
      const file = join(nagatha.dataDir, "a-file")
      writeFileSync(file, "")
      for (const form of [[], ["--json"]]) {
        const ran = await nagatha.run(["doctor", "--data", file, ...form])
        assert.strictEqual(ran.code, 1)
        assert.include(ran.stdout, "nats://ann:…@127.0.0.1:1,bob:…@127.0.0.1:2")
        assert.notMatch(ran.stdout + ran.stderr, /secret|hidden/)
        assert.include(ran.stdout, "a-file is not a directory")
      }
    })
  }, 60_000)
})
