/**
 * A program of its own that asks for one task over plain NATS: says when it is connected, waits for a word on standard
 * input, and prints the answer. Arguments: URL, user, password, the request as JSON.
 */
import { connect } from "@nats-io/transport-node"
import { once } from "node:events"

const [servers, user, pass, request] = process.argv.slice(2)
const connection = await connect({ servers, user, pass, inboxPrefix: "_INBOX_client" })
process.stdout.write("ready\n")
await once(process.stdin, "data")
const answer = await connection.request("nagatha.command.schedule", request, { timeout: 20_000 })
process.stdout.write(`${answer.string()}\n`)
await connection.drain()
process.stdin.destroy()
