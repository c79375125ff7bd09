/** The OpenAPI document as a page: plain HTML without scripts, so that nothing of it is asked of any other server. Pure. */
type Json = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)
const objectOf = (value: unknown): Json => (isObject(value) ? value : {})
const listOf = (value: unknown): ReadonlyArray<Json> => (Array.isArray(value) ? value.filter(isObject) : [])
const text = (value: unknown): string => (typeof value === "string" ? value : "")

const SIGNS: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" }
export const escaped = (words: string): string => words.replace(/[&<>"']/g, (sign) => SIGNS[sign] ?? sign)

/** Words in which code stands between backticks. */
const prose = (words: string): string => escaped(words).replace(/`([^`]+)`/g, "<code>$1</code>")

const json = (value: unknown): string => `<pre>${escaped(JSON.stringify(value, undefined, 2))}</pre>`

const details = (summary: string, body: string): string =>
  `<details><summary>${escaped(summary)}</summary>${body}</details>`

/** A string as a shell takes it. */
const quoted = (words: string): string => `'${words.replaceAll("'", "'\\''")}'`

const curl = (method: string, path: string, operation: Json): string => {
  const parameters = listOf(operation["parameters"])
  const filled = parameters
    .filter((one) => one["in"] === "path")
    .reduce((at, one) => at.replace(`{${text(one["name"])}}`, encodeURIComponent(text(one["example"]))), path)
  const query = new URLSearchParams()
  for (const one of parameters) {
    const { example } = one
    if (one["in"] !== "query" || example === undefined) continue
    for (const value of Array.isArray(example) ? example : [example]) query.append(text(one["name"]), String(value))
  }
  const url = `$URL${filled}${query.size === 0 ? "" : `?${query.toString()}`}`
  const body = objectOf(objectOf(objectOf(operation["requestBody"])["content"])["application/json"])["example"]
  return [
    `curl -H "Authorization: Bearer $TOKEN"`,
    ...(method === "get" ? [] : [`-X ${method.toUpperCase()}`]),
    ...(body === undefined ? [] : [`-H 'Content-Type: application/json' -d ${quoted(JSON.stringify(body))}`]),
    `"${url}"`
  ].join(" ")
}

const parameterRows = (operation: Json): string => {
  const rows = listOf(operation["parameters"]).map(
    ({ description, in: where, name, required, schema }) =>
      `<tr><td><code>${escaped(text(name))}</code></td><td>${escaped(text(where))}${required === true ? ", needed" : ""}</td><td>${prose(text(description))}</td><td><code>${escaped(shape(schema))}</code></td></tr>`
  )
  return rows.length === 0
    ? ""
    : `<table><thead><tr><th>parameter</th><th>in</th><th>what</th><th>value</th></tr></thead><tbody>${rows.join("")}</tbody></table>`
}

/** What a value looks like, in a few words. */
const shape = (schema: unknown): string => {
  const { $ref: ref, anyOf, enum: values, items, type } = objectOf(schema)
  if (typeof ref === "string") return ref.slice(ref.lastIndexOf("/") + 1)
  if (Array.isArray(values)) return values.map(String).join(" | ")
  if (Array.isArray(anyOf)) return [...new Set(anyOf.map(shape))].join(" | ")
  if (type === "array") return `${shape(items)}[]`
  return typeof type === "string" ? type : "any JSON"
}

const section = (path: string, method: string, operation: Json): string => {
  const id = text(operation["operationId"])
  const body = objectOf(objectOf(objectOf(operation["requestBody"])["content"])["application/json"])["schema"]
  const answer = objectOf(objectOf(objectOf(objectOf(operation["responses"])["200"])["content"])["application/json"])[
    "schema"
  ]
  return `<section id="${escaped(id)}"><h3><span class="method">${method.toUpperCase()}</span> <code>${escaped(path)}</code></h3>
<p>${prose(text(operation["summary"]))}. ${prose(text(operation["description"]))}</p>
${parameterRows(operation)}<pre class="curl">${escaped(curl(method, path, operation))}</pre>
${body === undefined ? "" : details("Body", json(body))}${answer === undefined ? "" : details("Answer", json(answer))}</section>`
}

/** The whole page. */
export const docsPage = (document: Json): string => {
  const info = objectOf(document["info"])
  const operations = Object.entries(objectOf(document["paths"])).flatMap(([path, methods]) =>
    Object.entries(objectOf(methods)).map(([method, operation]) => ({ path, method, operation: objectOf(operation) }))
  )
  const groups = listOf(document["tags"]).map(({ description, name }) => {
    const own = operations.filter(
      ({ operation }) => Array.isArray(operation["tags"]) && operation["tags"].includes(name)
    )
    return `<h2>${escaped(text(name))}</h2><p>${prose(text(description))}</p>${own.map(({ method, operation, path }) => section(path, method, operation)).join("\n")}`
  })
  const links = operations.map(
    ({ method, operation, path }) =>
      `<li><a href="#${escaped(text(operation["operationId"]))}"><span class="method">${method.toUpperCase()}</span> ${escaped(path)}</a></li>`
  )
  const models = Object.entries(objectOf(objectOf(document["components"])["schemas"])).map(([name, schema]) =>
    details(name, json(schema))
  )
  return page(
    text(info["title"]),
    `<h1>${escaped(text(info["title"]))} ${escaped(text(info["version"]))}: the HTTP API</h1>
<p>${prose(text(info["description"]))}</p>
<p>The same for programs: <a href="/openapi.json">/openapi.json</a>. In the examples <code>$URL</code> is where this page came from, and
<code>$TOKEN</code> the file <code>token</code> of the data directory. Errors are <code>application/problem+json</code>.</p>
<nav><ul>${links.join("")}</ul></nav>
${groups.join("\n")}
<h2>Shapes</h2>${models.join("")}`
  )
}

export const page = (title: string, body: string, script = ""): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title><link rel="stylesheet" href="/nagatha.css">${script}</head>
<body><main>${body}</main></body></html>
`
