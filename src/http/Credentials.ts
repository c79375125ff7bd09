/**
 * What opens the door: the token, which stays; login secrets, each good once and for ten minutes; sessions of browsers, which
 * last twelve hours and end with the process. Secrets and sessions are in memory, as digests only.
 *
 * Comparing takes as long for a wrong token as for the right one.
 */
import { hash, timingSafeEqual } from "node:crypto"

const digest = (secret: string): Buffer => hash("sha256", secret, "buffer")

export const SECRET_MS = 10 * 60_000
export const SESSION_MS = 12 * 3_600_000
/** Most that are kept of each; the oldest go first. */
const MOST = 256

export interface CredentialsOptions {
  readonly token: string
  /** Makes a secret that nobody can guess. */
  newSecret(): string
  now(): number
  /** Whether cookies may travel over TLS only. */
  readonly secure: boolean
}

/** Secrets that end by themselves: digests, and when each ends. */
class Ending {
  readonly #ends = new Map<string, number>()
  add(secret: string, end: number): void {
    this.#ends.set(digest(secret).toString("hex"), end)
    const [oldest] = this.#ends.keys()
    if (this.#ends.size > MOST && oldest !== undefined) this.#ends.delete(oldest)
  }
  has(secret: string, now: number): boolean {
    return (this.#ends.get(digest(secret).toString("hex")) ?? 0) > now
  }
  /** Whether it was there; it is gone now. */
  take(secret: string, now: number): boolean {
    const held = this.has(secret, now)
    this.#ends.delete(digest(secret).toString("hex"))
    return held
  }
}

export class Credentials {
  readonly #options: CredentialsOptions
  readonly #token: Buffer
  readonly #secrets = new Ending()
  readonly #sessions = new Ending()
  /** Name of the session's cookie; with TLS browsers take it from nobody else. */
  readonly cookie: string

  constructor(options: CredentialsOptions) {
    this.#options = options
    this.#token = digest(options.token)
    this.cookie = options.secure ? "__Host-nagatha_session" : "nagatha_session"
  }

  isToken(presented: string): boolean {
    return timingSafeEqual(digest(presented), this.#token)
  }

  /** A secret for a login link. */
  newLogin(): string {
    const secret = this.#options.newSecret()
    this.#secrets.add(secret, this.#options.now() + SECRET_MS)
    return secret
  }

  /** The cookie of a new session, for a login secret (which is used up by it) or the token; undefined for anything else. */
  login(secret: string): string | undefined {
    const { newSecret, now, secure } = this.#options
    if (!this.#secrets.take(secret, now()) && !this.isToken(secret)) return undefined
    const session = newSecret()
    this.#sessions.add(session, now() + SESSION_MS)
    return this.#setCookie(session, SESSION_MS / 1000, secure)
  }

  isSession(cookies: string): boolean {
    const session = this.#sessionIn(cookies)
    return session !== undefined && this.#sessions.has(session, this.#options.now())
  }

  /** Ends a session; the cookie that takes its place. */
  logout(cookies: string): string {
    const session = this.#sessionIn(cookies)
    if (session !== undefined) this.#sessions.take(session, this.#options.now())
    return this.#setCookie("", 0, this.#options.secure)
  }

  #setCookie(value: string, seconds: number, secure: boolean): string {
    return `${this.cookie}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${secure ? "; Secure" : ""}`
  }

  #sessionIn(cookies: string): string | undefined {
    for (const one of cookies.split(";")) {
      const [name, value] = one.trim().split("=", 2)
      if (name === this.cookie && value !== undefined && value !== "") return value
    }
    return undefined
  }
}
