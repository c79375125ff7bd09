/**
 * A small MCP server over standard streams with one tool, `get_current_time`, written by hand to show how little the
 * protocol is: one JSON-RPC message a line, three methods. Needs nothing but Node.
 */
import { createInterface } from "node:readline"

const PROTOCOLS = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]

const tool = {
  name: "get_current_time",
  description: "The time now, in a time zone.",
  inputSchema: {
    type: "object",
    properties: {
      timezone: { type: "string", description: "IANA time zone, such as Europe/Berlin (default: this machine's)" }
    },
    additionalProperties: false
  },
  outputSchema: {
    type: "object",
    properties: { timezone: { type: "string" }, datetime: { type: "string" }, dayOfWeek: { type: "string" } },
    required: ["timezone", "datetime", "dayOfWeek"]
  },
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false }
}

/** `2026-03-08T14:30:00+01:00`, as clocks in the zone show it. */
const now = (timezone) => {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone: timezone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    weekday: "long",
    timeZoneName: "longOffset"
  }).formatToParts(new Date())
  const part = Object.fromEntries(parts.map(({ type, value }) => [type, value]))
  const offset = part.timeZoneName.replace("GMT", "") || "+00:00"
  return {
    timezone,
    datetime: `${part.year}-${part.month}-${part.day}T${part.hour}:${part.minute}:${part.second}${offset}`,
    dayOfWeek: part.weekday
  }
}

const call = ({ name, arguments: given = {} }) => {
  if (name !== tool.name) throw { code: -32602, message: `there is no tool ${JSON.stringify(name)}, only ${tool.name}` }
  const timezone = given.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone
  try {
    const time = now(timezone)
    return { content: [{ type: "text", text: JSON.stringify(time) }], structuredContent: time }
  } catch {
    const text = `${JSON.stringify(timezone)} is not a time zone; give an IANA name such as Europe/Berlin`
    return { content: [{ type: "text", text }], isError: true }
  }
}

const answers = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion: PROTOCOLS.includes(protocolVersion) ? protocolVersion : PROTOCOLS[0],
    capabilities: { tools: {} },
    serverInfo: { name: "time-server", version: "1.0.0" }
  }),
  ping: () => ({}),
  "tools/list": () => ({ tools: [tool] }),
  "tools/call": call
}

const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)

createInterface({ input: process.stdin }).on("line", (line) => {
  let message
  try {
    message = JSON.parse(line)
  } catch {
    return send({ id: null, error: { code: -32700, message: "this line is not JSON" } })
  }
  const { id, method, params = {} } = message
  if (id === undefined) return
  const answer = answers[method]
  if (answer === undefined) return send({ id, error: { code: -32601, message: `the method ${method} is not known` } })
  try {
    send({ id, result: answer(params) })
  } catch (error) {
    send({ id, error: { code: error.code ?? -32603, message: error.message ?? String(error) } })
  }
})
