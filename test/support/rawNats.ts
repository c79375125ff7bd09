/**
 * The NATS protocol by hand, for asking a server what it lets a user do: its refusal comes before the answer to the next
 * PING, so nothing has to be waited for.
 */
import { connect, type Socket } from "node:net"

export interface RawNats {
  /** Lines beginning with -ERR that these protocol lines caused. */
  refusals(lines: string): Promise<ReadonlyArray<string>>
  close(): void
}

const untilPong = (socket: Socket, sent: string): Promise<string> =>
  new Promise((resolve) => {
    let heard = ""
    const done = () => {
      socket.off("data", more).off("close", done)
      resolve(heard)
    }
    const more = (bytes: Buffer) => {
      heard += bytes.toString()
      if (heard.includes("PONG\r\n")) done()
    }
    socket.on("data", more).once("close", done)
    socket.write(`${sent}PING\r\n`)
  })

const errors = (text: string): ReadonlyArray<string> => text.split("\r\n").filter((line) => line.startsWith("-ERR"))

/** Connects; without a user nobody is named. A refused login is in the refusals of the first question. */
export const rawNats = async (
  port: number,
  user?: { readonly user: string; readonly password: string }
): Promise<RawNats> => {
  const socket = connect(port, "127.0.0.1")
  socket.on("error", () => undefined)
  const login = JSON.stringify({
    verbose: false,
    pedantic: false,
    headers: true,
    ...(user === undefined ? {} : { user: user.user, pass: user.password })
  })
  const first = errors(await untilPong(socket, `CONNECT ${login}\r\n`))
  let said: ReadonlyArray<string> = first
  return {
    refusals: async (lines) => {
      const now = socket.destroyed ? [] : errors(await untilPong(socket, lines))
      const all = [...said, ...now]
      said = []
      return all
    },
    close: () => socket.destroy()
  }
}
