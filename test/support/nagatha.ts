/**
 * The real thing as a user has it: `bin/nagatha` as processes of their own, with a data directory that is removed at the
 * end. Whatever was started is ended with `end`, however the test went.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const PROGRAM = new URL("../../bin/nagatha", import.meta.url).pathname

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
}

/** Waits for a fact; fails with what it last saw when it does not come true. */
export const eventually = async <A>(
  what: string,
  look: () => Promise<A> | A,
  holds: (seen: A) => boolean,
  withinMs = 30_000
): Promise<A> => {
  const end = performance.now() + withinMs
  for (;;) {
    const seen = await look()
    if (holds(seen)) return seen
    if (performance.now() > end)
      throw new Error(`not within ${withinMs} ms: ${what}; last seen ${JSON.stringify(seen)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

export class Nagatha {
  readonly dataDir: string
  readonly #children = new Set<ChildProcess>()
  readonly #env: Readonly<Record<string, string>>

  constructor(env: Readonly<Record<string, string>> = {}) {
    this.dataDir = mkdtempSync(join(tmpdir(), "nagatha-e2e-"))
    this.#env = env
  }

  #spawn(args: ReadonlyArray<string>, options: RunOptions = {}): ChildProcess {
    const { NATS_URL: _url, NATS_CREDS: _creds, ...inherited } = process.env
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      env: {
        ...inherited,
        NAGATHA_DATA_DIR: this.dataDir,
        NAGATHA_TIMEZONE: "UTC",
        NATS_CONTEXT: "",
        // Any port that is free: tests run beside each other.
        NAGATHA_HTTP_PORT: "0",
        ...this.#env,
        ...options.env
      },
      stdio: ["pipe", "pipe", "pipe"]
    })
    this.#children.add(child)
    child.once("exit", () => this.#children.delete(child))
    return child
  }

  /** Runs a command to its end. */
  async run(args: ReadonlyArray<string>, options: RunOptions = {}): Promise<Ran> {
    const child = this.#spawn(args, options)
    let stdout = ""
    let stderr = ""
    child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()))
    child.stdin?.end(options.stdin ?? "")
    const [code] = (await once(child, "close")) as [number | null]
    return { code, stdout, stderr }
  }

  /** Runs a command that must succeed, and reads its JSON. */
  async json<A>(...args: ReadonlyArray<string>): Promise<A> {
    const ran = await this.run([...args, "--json"])
    if (ran.code !== 0) throw new Error(`nagatha ${args.join(" ")} ended with ${ran.code}: ${ran.stderr}`)
    return JSON.parse(ran.stdout) as A
  }

  /** Starts `nagatha up` and waits until it is ready; gives its process. */
  up(...args: ReadonlyArray<string>): Promise<ChildProcess> {
    return this.upWith({}, ...args)
  }

  /** The same with variables of its own. */
  async upWith(env: Readonly<Record<string, string>>, ...args: ReadonlyArray<string>): Promise<ChildProcess> {
    const child = this.#spawn(["up", ...args], { env })
    let told = ""
    child.stdout?.on("data", (chunk: Buffer) => (told += chunk.toString()))
    child.stderr?.on("data", (chunk: Buffer) => (told += chunk.toString()))
    await eventually(
      "nagatha up is ready",
      () => {
        if (child.exitCode !== null) throw new Error(`nagatha up ended with ${child.exitCode}: ${told}`)
        return existsSync(join(this.dataDir, "up.json")) && this.upPid() !== null
      },
      (ready) => ready,
      60_000
    )
    return child
  }

  /** Starts a command that goes on, and waits until its output says something. */
  async start(args: ReadonlyArray<string>, says: RegExp, options: RunOptions = {}): Promise<ChildProcess> {
    const child = this.#spawn(args, options)
    let told = ""
    child.stdout?.on("data", (chunk: Buffer) => (told += chunk.toString()))
    child.stderr?.on("data", (chunk: Buffer) => (told += chunk.toString()))
    await eventually(
      `${args.join(" ")} says ${String(says)}`,
      () => {
        if (child.exitCode !== null) throw new Error(`nagatha ${args.join(" ")} ended with ${child.exitCode}: ${told}`)
        return told
      },
      (text) => says.test(text)
    )
    return child
  }

  /** Follows an execution; returns when it has said something, with all that it has said when it ends. */
  async follow(executionId: string, says: RegExp): Promise<{ readonly told: Promise<string> }> {
    const child = this.#spawn(["logs", executionId, "--follow"])
    let stdout = ""
    child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()))
    const closed = once(child, "close")
    await eventually(
      `the output of ${executionId} says ${String(says)}`,
      () => stdout,
      (text) => says.test(text)
    )
    return { told: closed.then(() => stdout) }
  }

  /** Process id of the node that `up` started (the program may have handed over to another). */
  upPid(): number | null {
    try {
      const { pid } = JSON.parse(readFileSync(join(this.dataDir, "up.json"), "utf8")) as { readonly pid: number }
      return isAlive(pid) ? pid : null
    } catch {
      return null
    }
  }

  /** Process id of the nats-server that `up` started. */
  serverPid(): number | null {
    const { pid } = JSON.parse(readFileSync(join(this.dataDir, "nats.json"), "utf8")) as { readonly pid: number | null }
    return pid
  }

  /** SIGKILL to the node and to its server, at once: nothing can put its affairs in order. */
  async killAll(): Promise<void> {
    const pids = [this.upPid(), this.serverPid()].filter((pid) => pid !== null)
    for (const pid of pids) process.kill(pid, "SIGKILL")
    await eventually(
      "they are gone",
      () => pids.filter(isAlive),
      (left) => left.length === 0
    )
  }

  async end(): Promise<void> {
    const pids = [this.upPid(), ...[...this.#children].map((child) => child.pid)].filter(
      (pid) => typeof pid === "number"
    )
    for (const pid of pids) if (isAlive(pid)) process.kill(pid, "SIGTERM")
    await eventually(
      "all processes have ended",
      () => pids.filter(isAlive),
      (left) => left.length === 0,
      60_000
    )
    rmSync(this.dataDir, { recursive: true, force: true })
  }
}

/** Whether a process runs (a zombie does not). */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))
  } catch {
    return false
  }
}
