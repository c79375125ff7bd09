/** What was said, in the words of the grammar: what is shown as understood. */
import type { Said } from "./Said.ts"
import { shown } from "./TimeOfDay.ts"
import { MONTHS, WEEKDAYS } from "./Vocabulary.ts"

const capital = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1)

export const joined = (words: ReadonlyArray<string>): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`

const nth = (n: number): string => {
  if (n < 0) return "last"
  const suffix =
    n % 10 === 1 && n !== 11 ? "st" : n % 10 === 2 && n !== 12 ? "nd" : n % 10 === 3 && n !== 13 ? "rd" : "th"
  return `${n}${suffix}`
}

/** Monday first; `plural` after `on`. */
const dayNames = (days: ReadonlySet<number>, plural = ""): string => {
  const all = [...days].sort((a, b) => ((a + 6) % 7) - ((b + 6) % 7))
  const key = all.join("")
  if (key === "12345") return `weekday${plural}`
  if (key === "60") return `weekend day${plural}`
  return joined(all.map((day) => capital(WEEKDAYS[day] ?? "")))
}

const monthNames = (months: ReadonlySet<number>): string =>
  joined([...months].sort((a, b) => a - b).map((month) => capital(MONTHS[month - 1] ?? "")))

const often = ({ every, weekdays }: Said): string => {
  if (every !== undefined && !(every.unit === "week" && every.count === 1 && weekdays !== undefined)) {
    const unit = every.count === 1 ? every.unit : `${every.count} ${every.unit}s`
    return `every ${unit}${weekdays === undefined ? "" : ` on ${dayNames(weekdays, "s")}`}`
  }
  return weekdays === undefined ? "" : `every ${dayNames(weekdays)}`
}

const onDays = ({ dates, every, months, nth: numbered, workingDay }: Said): string => {
  const days =
    dates !== undefined
      ? `the ${joined(dates.map((n) => (n < 0 ? "last day" : nth(n))))}`
      : numbered !== undefined
        ? `the ${joined(numbered.map((one) => `${nth(one.nth)} ${capital(WEEKDAYS[one.weekday] ?? "")}`))}`
        : workingDay !== undefined
          ? `the ${workingDay < 0 ? "last" : "first"} working day`
          : undefined
  if (days === undefined) return months === undefined ? "" : `in ${monthNames(months)}`
  if (months !== undefined) return `on ${days} of ${monthNames(months)}`
  return every === undefined ? `on ${days} of every month` : `on ${days}`
}

export const describe = (said: Said, bounds: ReadonlyArray<string>): string => {
  const { except, maxRuns, minute, phase, times, window } = said
  const words = [
    often(said),
    onDays(said),
    except === undefined ? "" : `except on ${dayNames(except, "s")}`,
    times === undefined ? "" : `at ${joined(times.map(shown))}`,
    minute === undefined ? "" : `at :${String(minute).padStart(2, "0")}`,
    window === undefined ? "" : `from ${shown(window.from)} to ${shown(window.to)}`,
    phase === undefined ? "" : `in step with ${shown(phase)}`,
    ...bounds
  ].filter((part) => part !== "")
  return `${words.join(" ")}${maxRuns === undefined ? "" : maxRuns === 1 ? ", once" : `, ${maxRuns} times`}`
}
