/** The rules, the dashboard and the page speak of metrics that there are. */
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { parse } from "yaml"
import { METRICS } from "../../src/telemetry/Metrics.ts"
import { knownNames, namesIn } from "../support/prometheus.ts"
import { metricsPage } from "../support/writeDocs.ts"

const textOf = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8")

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly description: string }
}
interface Panel {
  readonly title: string
  readonly targets: ReadonlyArray<{ readonly expr: string }>
}

const rules = (
  parse(textOf("examples/prometheus/alerts.yml")) as { groups: ReadonlyArray<{ rules: ReadonlyArray<Rule> }> }
).groups.flatMap(({ rules }) => rules)
const dashboard = JSON.parse(textOf("examples/prometheus/dashboard.json")) as { panels: ReadonlyArray<Panel> }

/** The values that an expression compares a label with. */
const compared = (expression: string, label: string): ReadonlyArray<string> =>
  [...expression.matchAll(new RegExp(`\\b${label}=~?"([^"]*)"`, "g"))].flatMap(([, values = ""]) => values.split("|"))

const outcomes = METRICS.flatMap(({ labels }) =>
  Object.entries(labels).flatMap(([label, values]) => (label === "outcome" && Array.isArray(values) ? values : []))
)

const known = (name: string, expressions: ReadonlyArray<string>): void => {
  for (const expression of expressions) {
    const names = namesIn(expression)
    assert.isNotEmpty(names, `${name}: ${expression}`)
    assert.deepStrictEqual(
      names.filter((one) => !knownNames.has(one)),
      [],
      name
    )
    assert.deepStrictEqual(
      compared(expression, "outcome").filter((one) => !outcomes.includes(one)),
      [],
      name
    )
  }
}

describe("the rules", () => {
  it("name metrics and outcomes that there are, and say what to do", () => {
    assert.isAtLeast(rules.length, 10)
    for (const { alert, annotations, expr, labels } of rules) {
      known(alert, [expr])
      assert.match(labels.severity, /^(critical|warning)$/)
      assert.isNotEmpty(annotations.summary)
      assert.isNotEmpty(annotations.description)
    }
  })
})

describe("the dashboard", () => {
  it("shows metrics and outcomes that there are", () => {
    assert.isAtLeast(dashboard.panels.length, 15)
    for (const { targets, title } of dashboard.panels) {
      known(
        title,
        targets.map(({ expr }) => expr)
      )
    }
  })
})

describe("the page about metrics", () => {
  it("lists all of them as the code does (npm run docs writes it), and every rule", async () => {
    const page = textOf("docs/metrics.md")
    assert.strictEqual(page, await metricsPage())
    for (const { alert } of rules) assert.include(page, `\`${alert}\``)
  })
})
