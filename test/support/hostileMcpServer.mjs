/**
 * An MCP server that does what servers should not: `node hostileMcpServer.mjs MODE`. With the mode `plain` it misbehaves
 * by tool; with `silent`, `exits`, `deaf` or `touchy` as a whole. Appends its pid to the file `PIDS`.
 */
import { spawn } from "node:child_process"
import { appendFileSync } from "node:fs"
import { createInterface } from "node:readline"

const mode = process.argv[2]
if (process.env.PIDS) appendFileSync(process.env.PIDS, `${process.pid}\n`)
if (mode === "exits") {
  process.stderr.write("cannot find my licence\n")
  process.exit(3)
}

const names = [
  "hang",
  "flood",
  "exit",
  "malformed",
  "late",
  "change",
  "cancelled",
  "child",
  "large",
  "picture",
  "told",
  "refuse",
  "unwise"
]
const cancelled = []
let hanging = 0
const write = (text) => process.stdout.write(text)
const send = (message) => write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
const say = (id, text) => send({ id, result: { content: [{ type: "text", text }] } })

const tools = {
  hang: () => {
    hanging += 1
  },
  flood: () => {
    const megabyte = "x".repeat(1024 * 1024)
    for (let count = 0; count < 12; count++) write(megabyte)
  },
  exit: () => process.stderr.write("out of paper\n", () => process.exit(7)),
  malformed: (id) => {
    write("this is not JSON\n{]\n\n")
    say(id, "after all")
  },
  late: (id) => {
    say(424_242, "for nobody")
    say(id, "for you")
  },
  change: (id) => {
    names.push("added")
    send({ method: "notifications/tools/list_changed" })
    say(id, "changed")
  },
  added: (id) => say(id, "I am new"),
  cancelled: (id) => say(id, JSON.stringify({ hanging, cancelled: cancelled.length })),
  child: (id) => {
    const child = spawn("sh", ["-c", "sleep 1000 & wait"], { stdio: "ignore" })
    appendFileSync(process.env.PIDS, `${child.pid}\n`)
    say(id, String(child.pid))
  },
  large: (id) => say(id, "é".repeat(500_000)),
  picture: (id) =>
    send({ id, result: { content: [{ type: "image", mimeType: "image/png", data: "A".repeat(200_000) }] } }),
  told: (id, { _meta, arguments: given }) => say(id, JSON.stringify({ meta: _meta, given, env: process.env })),
  refuse: (id) => send({ id, error: { code: -32602, message: "the argument colour is missing" } }),
  unwise: (id) => send({ id, error: { code: -32603, message: "I forgot how" } })
}

createInterface({ input: process.stdin }).on("line", (line) => {
  if (mode === "silent") return
  const { id, method, params = {} } = JSON.parse(line)
  if (method === "notifications/cancelled") return cancelled.push(params.reason ?? "")
  if (id === undefined) return
  if (method === "initialize") {
    const result = {
      protocolVersion: "2025-06-18",
      capabilities: { tools: { listChanged: true } },
      serverInfo: { name: "hostile", version: mode }
    }
    return send({ id, result })
  }
  if (method === "tools/list") {
    return send({ id, result: { tools: names.map((name) => ({ name, inputSchema: { type: "object" } })) } })
  }
  if (method === "tools/call") return tools[params.name]?.(id, params)
  if (mode === "deaf") return
  if (mode === "touchy") process.exit(1)
  send({ id, error: { code: -32601, message: "what?" } })
})
