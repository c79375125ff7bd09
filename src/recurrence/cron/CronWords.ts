/** A cron expression in words, by cronstrue. */
import cronstrue from "cronstrue"

export const cronWords = (expression: string): string => {
  const fields = expression.split(" ")
  // Sunday has two numbers, which are one day.
  const days = [...new Set((fields.at(-1) ?? "*").split(",").map((day) => (day === "7" ? "0" : day)))]
  try {
    const text = cronstrue.toString([...fields.slice(0, -1), days.join(",")].join(" "), {
      use24HourTimeFormat: true,
      dayOfWeekStartIndexZero: true
    })
    const words = text.slice(0, 1).toLowerCase() + text.slice(1)
    return /^at [\d:, and]+$/.test(words) ? `${words}, every day` : words
  } catch {
    // It throws text at what it does not know (`L-3`): the expression speaks for itself then.
    return `cron ${expression}`
  }
}
