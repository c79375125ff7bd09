/**
 * An MCP server as a child process, spoken to over its standard streams: one line, one message.
 *
 * The server and its descendants are a guarded group (`ProcessGroup.ts`): they end with this process, however it ends.
 * Closing asks first (end of input, then TERM) and then kills. A line that is no message is reported and passed over; a
 * line longer than `MAX_LINE_BYTES` ends the connection.
 */
import { type JSONRPCMessage, ReadBuffer, serializeMessage, type Transport } from "@modelcontextprotocol/client"
import { Output } from "../Output.ts"
import { type GroupProcess, spawnGroup } from "../shell/ProcessGroup.ts"

/** Longest message of a server, in bytes. */
export const MAX_LINE_BYTES = 10 * 1024 * 1024

/** How long a server may take to end when asked, before the next, harder step; milliseconds. */
const ASK_MS = 1000

/** What is kept of what a server writes to its standard error, in bytes. */
const STDERR_BYTES = 4096

export interface StdioServer {
  readonly argv: readonly [string, ...ReadonlyArray<string>]
  readonly cwd: string
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>
}

export class StdioTransport implements Transport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: (message: JSONRPCMessage) => void
  /** By these two names the client knows a transport over standard streams. */
  readonly stderr = null
  pid: number | null = null
  /** How the process ended, in words; undefined while it runs. */
  ended: string | undefined
  readonly #server: StdioServer
  readonly #lines = new ReadBuffer({ maxBufferSize: MAX_LINE_BYTES })
  readonly #said = new Output(STDERR_BYTES)
  #group: GroupProcess | undefined
  #exited: Promise<void> | undefined

  constructor(server: StdioServer) {
    this.#server = server
  }

  /** What is started. */
  get program(): string {
    return this.#server.argv[0]
  }

  /** The end of what the server wrote to its standard error. */
  get said(): string {
    return this.#said.kept().text.trim()
  }

  start(): Promise<void> {
    const { argv, cwd, env } = this.#server
    return new Promise((resolve, reject) => {
      const group = spawnGroup({ argv, workingDir: cwd, env }, "mcp_server")
      const { child } = group
      this.#group = group
      this.pid = child.pid ?? null
      child.on("spawn", resolve)
      this.#exited = new Promise((gone) => {
        child.on("error", (error) => {
          this.ended ??= error.message
          reject(error)
          gone()
        })
        child.on("exit", (code, signal) => {
          this.ended ??= code === null ? `ended by ${signal ?? "a signal"}` : `exited with ${code}`
          group.signal("SIGKILL")
          group.letGo()
          gone()
        })
      })
      child.on("close", () => this.onclose?.())
      child.stdin.on("error", (error) => this.onerror?.(error))
      child.stderr.on("data", (chunk: Buffer) => this.#said.push(chunk)).on("error", () => {})
      child.stdout.on("data", (chunk: Buffer) => this.#read(chunk)).on("error", () => {})
    })
  }

  #read(chunk: Buffer): void {
    try {
      this.#lines.append(chunk)
    } catch {
      this.ended ??= `sent a line of more than ${MAX_LINE_BYTES} bytes`
      this.#group?.signal("SIGKILL")
      return
    }
    for (;;) {
      try {
        const message = this.#lines.readMessage()
        if (message === null) return
        this.onmessage?.(message)
      } catch (cause) {
        this.onerror?.(cause instanceof Error ? cause : new Error(String(cause)))
      }
    }
  }

  send(message: JSONRPCMessage): Promise<void> {
    const stdin = this.#group?.child.stdin
    if (stdin === undefined || !stdin.writable) return Promise.reject(new Error("the server is not running"))
    return new Promise((resolve) => {
      if (stdin.write(serializeMessage(message))) resolve()
      else stdin.once("drain", resolve).once("close", resolve)
    })
  }

  async close(): Promise<void> {
    const group = this.#group
    if (group === undefined) return
    const soon = () => new Promise<void>((resolve) => setTimeout(resolve, ASK_MS).unref())
    group.child.stdin.end()
    await Promise.race([this.#exited, soon()])
    if (this.ended === undefined) {
      group.signal("SIGTERM")
      await Promise.race([this.#exited, soon()])
    }
    group.signal("SIGKILL")
    await this.#exited
    group.letGo()
    for (const stream of group.child.stdio) stream?.destroy()
    this.#lines.clear()
  }
}
