/** Recurrence rules as people paste them: `RRULE:FREQ=WEEKLY;BYDAY=MO;BYHOUR=9`, perhaps with a DTSTART before it. */
import { Result } from "effect"
import { calendarOf, other, type Reading, refused, type WhenOptions } from "../Reading.ts"
import * as Rule from "./Rule.ts"
import { ruleWords } from "./RuleWords.ts"
import { DAY } from "../zone/Wall.ts"
import * as Zone from "../zone/Zone.ts"

const START = /^DTSTART(?:;TZID=([^:\s]+))?:(\d{8}T\d{6})(Z?)\s+/i
const LOOK = /^(?:DTSTART\b|RRULE:|EXDATE\b|RDATE\b|EXRULE\b|[A-Z-]+=)/i

/** Whether a text, or a part of one between `;`, belongs to a rule. */
export const isRulePart = (text: string): boolean => /^\s*[A-Z-]+=/i.test(text)
export const isRule = (text: string): boolean => LOOK.test(text)

export const ruleText = (text: string, options: WhenOptions): Reading => {
  if (!isRule(text)) return other
  const besides = /\b(EXDATE|RDATE|EXRULE)\b/i.exec(text)
  if (besides !== null) {
    return refused(
      `${besides[0].toUpperCase()} is not read: leave days out by a calendar of exclusions, add others by "; <another schedule>"`,
      besides.index,
      besides.index + besides[0].length
    )
  }
  const start = START.exec(text)
  if (start === null && /^DTSTART/i.test(text)) {
    return refused(
      "DTSTART is written as DTSTART:20260101T090000, a blank, and then the rule",
      0,
      text.indexOf(" ") + 1 || text.length
    )
  }
  const [before = "", zone, time = "", utc] = start ?? []
  if (zone !== undefined && zone.toLowerCase() !== options.zone.toLowerCase()) {
    return refused(
      `the zone of a rule is given beside it (--timezone ${zone})`,
      text.indexOf(zone),
      text.indexOf(zone) + zone.length
    )
  }
  const given = start === null ? undefined : Rule.localOf(time.toUpperCase())
  if (given === null) return refused(`there is no time ${time}`, text.indexOf(time), text.indexOf(time) + time.length)
  const starts =
    given === undefined
      ? Math.floor(Zone.toLocal(options.zone, options.now) / DAY) * DAY
      : utc === ""
        ? given
        : Zone.toLocal(options.zone, given)
  const prefix = /^RRULE:/i.exec(text.slice(before.length))?.[0] ?? ""
  const offset = before.length + prefix.length
  const rule = untilOnTheWall(text.slice(offset), options.zone)
  const missing = given === undefined ? Rule.missingWithoutStart(rule) : null
  if (missing !== null) return refused(`${missing}, or give a DTSTART`, offset, text.length)
  const parsed = Rule.parse(rule, starts)
  if (Result.isFailure(parsed)) {
    const { end, problem, start: at } = parsed.failure
    return refused(problem, at + offset, Math.min(end + offset, text.length))
  }
  const startsAt = new Date(starts).toISOString().slice(0, 19)
  const rrule = parsed.success
  return {
    _tag: "understood",
    understood: {
      recurrence: { kind: "rule", rrule, startsAt, ...calendarOf(Rule.followsRealTime(rrule), options) },
      understoodAs: ruleWords(Rule.compile(rrule, startsAt), rrule, given !== undefined),
      notes: []
    }
  }
}

/** An UNTIL in UTC, as the RFC wants it, as the wall clock shows it then. */
const untilOnTheWall = (rule: string, zone: string): string =>
  rule.replace(/\b(UNTIL=)(\d{8}T\d{6})Z(?=;|$)/i, (all, name: string, time: string) => {
    const at = Rule.localOf(time.toUpperCase())
    return at === null ? all : `${name}${Rule.localText(Zone.toLocal(zone, at))}`
  })
