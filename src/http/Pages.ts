/**
 * What is there without a token: a page at `/`, the login page with its script and style, and, where they were built, the
 * files of the dashboard. They hold no data. All are read once, at the start, and served by their exact names: no path leads
 * to any other file.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { extname, join, relative, sep } from "node:path"
import { page } from "./DocsPage.ts"

export interface PageFile {
  readonly type: string
  readonly body: Uint8Array
  /** Whether its name changes with its content. */
  readonly lasting: boolean
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".webmanifest": "application/manifest+json"
}

const bytes = (words: string): Uint8Array => new TextEncoder().encode(words)
const file = (type: string, body: string): PageFile => ({ type: TYPES[type] ?? "", body: bytes(body), lasting: false })

const STYLE = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{margin:0}main{max-width:62rem;margin:0 auto;padding:1.5rem}
code,pre{font-family:ui-monospace,monospace;font-size:.9em}pre{overflow:auto;padding:.75rem;background:color-mix(in srgb,currentColor 7%,transparent)}
table{border-collapse:collapse;width:100%;font-size:.9em}th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0}
section{border-top:1px solid color-mix(in srgb,currentColor 20%,transparent);margin-top:1.5rem}nav ul{columns:2;list-style:none;padding:0;font-size:.9em}
.method{display:inline-block;min-width:4.5em;font:600 .85em ui-monospace,monospace}input{font:inherit;width:100%;max-width:30rem}button{font:inherit}summary{cursor:pointer}
`

const HOME = page(
  "Nagatha Scheduler",
  `<h1>Nagatha Scheduler</h1><p>It runs. This build brings no dashboard.</p>
<ul><li><a href="/docs">The HTTP API</a> (needs a session: open the link that <code>nagatha up</code> has printed, or <a href="/login">log in</a>)</li>
<li>On the command line: <code>nagatha list</code>, <code>nagatha --help</code></li></ul>`
)

const LOGIN = page(
  "Log in: Nagatha Scheduler",
  `<h1>Log in</h1><p id="said" role="status">Give the token: it is in the file <code>token</code> of the data directory.</p>
<form id="login"><p><label>Token<br><input type="password" id="secret" autocomplete="current-password" required></label></p>
<p><button>Log in</button></p></form><noscript><p>This page needs its script.</p></noscript>`,
  '<script src="/login.js" defer></script>'
)

const LOGIN_SCRIPT = `const said = document.getElementById("said")
const login = async (secret) => {
  const answer = await fetch("/api/v1/session", {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ secret })
  })
  if (answer.ok) return location.replace("/")
  const problem = await answer.json().catch(() => ({}))
  said.textContent = [problem.detail ?? "this did not work", problem.remedy].filter(Boolean).join(": ")
}
const secret = location.hash.slice(1)
// Out of the address, and so out of the history, before anything else.
history.replaceState(null, "", "/login")
if (secret !== "") login(secret)
document.getElementById("login").addEventListener("submit", (event) => {
  event.preventDefault()
  login(document.getElementById("secret").value.trim())
})
`

const own: Readonly<Record<string, PageFile>> = {
  "/": file(".html", HOME),
  "/login": file(".html", LOGIN),
  "/login.js": file(".js", LOGIN_SCRIPT),
  "/nagatha.css": file(".css", STYLE)
}

/** Pages by their exact paths; `dashboard` is a directory that may not be there. */
export const read = (dashboard: string): ReadonlyMap<string, PageFile> => {
  const files = new Map(Object.entries(own))
  if (!existsSync(join(dashboard, "index.html"))) return files
  for (const entry of readdirSync(dashboard, { recursive: true, withFileTypes: true })) {
    const type = TYPES[extname(entry.name)]
    if (!entry.isFile() || type === undefined) continue
    const at = join(entry.parentPath, entry.name)
    const path = `/${relative(dashboard, at).split(sep).join("/")}`
    const lasting = path.startsWith("/assets/")
    files.set(path === "/index.html" ? "/" : path, { type, body: readFileSync(at), lasting })
  }
  return files
}
