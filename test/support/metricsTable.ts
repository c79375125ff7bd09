/** The table of all metrics in `docs/metrics.md`, made from the code. */
import { METRICS, type MetricOf } from "../../src/telemetry/Metrics.ts"

export const BEGIN = "<!-- the table of metrics: npm run docs -->"
export const END = "<!-- end of the table of metrics -->"

const labels = ({ labels }: MetricOf): string =>
  Object.entries(labels)
    .map(([label, values]) => (typeof values === "string" ? `\`${label}\`` : `\`${label}\` (${values.join(", ")})`))
    .join(", ")

export const metricsTable = (): string =>
  [
    "| metric | kind | labels | told by | what it is |",
    "| --- | --- | --- | --- | --- |",
    ...METRICS.map(
      (metric) => `| \`${metric.name}\` | ${metric.kind} | ${labels(metric)} | ${metric.part} | ${metric.help} |`
    )
  ].join("\n")
