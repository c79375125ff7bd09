/** A recurrence rule in the words of the grammar, where these can say it. */
import type { Rule } from "./RuleWall.ts"
import { describe } from "../words/Describe.ts"
import type { Unit } from "../words/Vocabulary.ts"

const UNIT: Readonly<Record<string, Unit>> = { DAILY: "day", WEEKLY: "week", MONTHLY: "month", YEARLY: "year" }

/** Times of day that are still worth reading. */
const MAX_TIMES = 6

/** `expression` stands for what is said too seldom to have words; a start that nobody gave matters only as a phase. */
export const ruleWords = (rule: Rule, expression: string, startIsGiven: boolean): string => {
  const unit = UNIT[rule.frequency]
  const times = rule.hours.flatMap((hour) =>
    rule.minutes.flatMap((minute) => rule.seconds.map((second) => ({ hour, minute, second })))
  )
  const rare = [rule.weekNumbers, rule.yearDays, rule.positions].some((list) => list.length > 0)
  const numbered = rule.weekdays.some(({ nth }) => nth !== 0)
  const wholeYear = unit === "year" && rule.months.length === 0
  const crossed = rule.weekdays.length > 0 && rule.monthDays.length > 0
  const mixed = numbered && rule.weekdays.some(({ nth }) => nth === 0)
  const fromEnd = rule.monthDays.some((day) => day < -1) || rule.weekdays.some(({ nth }) => nth < -1 || nth > 5)
  if (unit === undefined || rare || wholeYear || crossed || mixed || fromEnd || times.length > MAX_TIMES) {
    return `rule ${expression}`
  }
  const shown = (local: number): string => new Date(local).toISOString().slice(0, 16)
  return describe(
    {
      every: { count: rule.interval, unit },
      ...(rule.weekdays.length === 0
        ? {}
        : numbered
          ? { nth: rule.weekdays }
          : { weekdays: new Set(rule.weekdays.map(({ weekday }) => weekday)) }),
      ...(rule.monthDays.length === 0 ? {} : { dates: rule.monthDays }),
      ...(rule.months.length === 0 ? {} : { months: new Set(rule.months) }),
      ...(rule.count === null ? {} : { maxRuns: rule.count }),
      times
    },
    [
      ...(startIsGiven || rule.interval > 1 ? [`from ${shown(rule.starts)}`] : []),
      ...(rule.until === null ? [] : [`until ${shown(rule.until)}`])
    ]
  )
}
