/** Recurrence rules: the examples of RFC 5545, and rrule-temporal as an oracle. */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { RRuleTemporal } from "rrule-temporal"
import { Temporal } from "temporal-polyfill"
import * as Occurrences from "../../src/recurrence/Occurrences.ts"
import * as When from "../../src/recurrence/When.ts"
import { pick, randomOf } from "../support/random.ts"

const runs = (start: string, rule: string, count: number): ReadonlyArray<string> | string => {
  const read = When.parse(`DTSTART:${start} RRULE:${rule}`, {
    now: Date.UTC(1997, 0, 1),
    zone: "UTC",
    taskId: "task",
    allowPast: true
  })
  if (Result.isFailure(read)) return read.failure.problem
  return Occurrences.upcoming(read.success.recurrence, Date.UTC(1990, 0, 1), count, "UTC").map(({ at }) =>
    at.slice(0, 16).replace("T09:00", "")
  )
}

/** Section 3.8.5.3; each begins on Tuesday 2 September 1997 at 9:00 unless it says otherwise. */
const RFC: ReadonlyArray<readonly [rule: string, first: string, start?: string]> = [
  [
    "FREQ=DAILY;COUNT=10",
    "1997-09-02 1997-09-03 1997-09-04 1997-09-05 1997-09-06 1997-09-07 1997-09-08 1997-09-09 1997-09-10 1997-09-11"
  ],
  ["FREQ=DAILY;INTERVAL=2", "1997-09-02 1997-09-04 1997-09-06"],
  ["FREQ=DAILY;INTERVAL=10;COUNT=5", "1997-09-02 1997-09-12 1997-09-22 1997-10-02 1997-10-12"],
  [
    "FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA",
    "1998-01-01 1998-01-02 1998-01-03",
    "19980101T090000"
  ],
  ["FREQ=WEEKLY;COUNT=3", "1997-09-02 1997-09-09 1997-09-16"],
  ["FREQ=WEEKLY;INTERVAL=2;WKST=SU", "1997-09-02 1997-09-16 1997-09-30"],
  [
    "FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH",
    "1997-09-02 1997-09-04 1997-09-09 1997-09-11 1997-09-16 1997-09-18 1997-09-23 1997-09-25 1997-09-30 1997-10-02"
  ],
  ["FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=MO,WE,FR", "1997-09-01 1997-09-03 1997-09-05 1997-09-15", "19970901T090000"],
  [
    "FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH",
    "1997-09-02 1997-09-04 1997-09-16 1997-09-18 1997-09-30 1997-10-02 1997-10-14 1997-10-16"
  ],
  [
    "FREQ=MONTHLY;COUNT=10;BYDAY=1FR",
    "1997-09-05 1997-10-03 1997-11-07 1997-12-05 1998-01-02 1998-02-06 1998-03-06 1998-04-03 1998-05-01 1998-06-05",
    "19970905T090000"
  ],
  [
    "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU",
    "1997-09-07 1997-09-28 1997-11-02 1997-11-30 1998-01-04 1998-01-25 1998-03-01 1998-03-29 1998-05-03 1998-05-31",
    "19970907T090000"
  ],
  [
    "FREQ=MONTHLY;COUNT=6;BYDAY=-2MO",
    "1997-09-22 1997-10-20 1997-11-17 1997-12-22 1998-01-19 1998-02-16",
    "19970922T090000"
  ],
  [
    "FREQ=MONTHLY;BYMONTHDAY=-3",
    "1997-09-28 1997-10-29 1997-11-28 1997-12-29 1998-01-29 1998-02-26",
    "19970928T090000"
  ],
  [
    "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15",
    "1997-09-02 1997-09-15 1997-10-02 1997-10-15 1997-11-02 1997-11-15 1997-12-02 1997-12-15 1998-01-02 1998-01-15"
  ],
  [
    "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1",
    "1997-09-30 1997-10-01 1997-10-31 1997-11-01 1997-11-30 1997-12-01 1997-12-31 1998-01-01 1998-01-31 1998-02-01",
    "19970930T090000"
  ],
  [
    "FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15",
    "1997-09-10 1997-09-11 1997-09-12 1997-09-13 1997-09-14 1997-09-15 1999-03-10 1999-03-11 1999-03-12 1999-03-13",
    "19970910T090000"
  ],
  ["FREQ=MONTHLY;INTERVAL=2;BYDAY=TU", "1997-09-02 1997-09-09 1997-09-16 1997-09-23 1997-09-30 1997-11-04"],
  [
    "FREQ=YEARLY;COUNT=10;BYMONTH=6,7",
    "1997-06-10 1997-07-10 1998-06-10 1998-07-10 1999-06-10 1999-07-10 2000-06-10 2000-07-10 2001-06-10 2001-07-10",
    "19970610T090000"
  ],
  [
    "FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3",
    "1997-03-10 1999-01-10 1999-02-10 1999-03-10 2001-01-10 2001-02-10 2001-03-10 2003-01-10 2003-02-10 2003-03-10",
    "19970310T090000"
  ],
  [
    "FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200",
    "1997-01-01 1997-04-10 1997-07-19 2000-01-01 2000-04-09 2000-07-18 2003-01-01 2003-04-10 2003-07-19 2006-01-01",
    "19970101T090000"
  ],
  ["FREQ=YEARLY;BYDAY=20MO", "1997-05-19 1998-05-18 1999-05-17", "19970519T090000"],
  ["FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "1997-05-12 1998-05-11 1999-05-17", "19970512T090000"],
  ["FREQ=YEARLY;BYMONTH=3;BYDAY=TH", "1997-03-13 1997-03-20 1997-03-27 1998-03-05", "19970313T090000"],
  ["FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8", "1997-06-05 1997-06-12 1997-06-19", "19970605T090000"],
  ["FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "1998-02-13 1998-03-13 1998-11-13 1999-08-13 2000-10-13"],
  ["FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13", "1997-09-13 1997-10-11 1997-11-08", "19970913T090000"],
  [
    "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
    "1996-11-05 2000-11-07 2004-11-02",
    "19961105T090000"
  ],
  ["FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "1997-09-04 1997-10-07 1997-11-06", "19970904T090000"],
  [
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2",
    "1997-09-29 1997-10-30 1997-11-27 1997-12-30 1998-01-29",
    "19970929T090000"
  ],
  ["FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T170000Z", "1997-09-02 1997-09-02T12:00 1997-09-02T15:00"],
  [
    "FREQ=MINUTELY;INTERVAL=15;COUNT=6",
    "1997-09-02 1997-09-02T09:15 1997-09-02T09:30 1997-09-02T09:45 1997-09-02T10:00 1997-09-02T10:15"
  ],
  ["FREQ=MINUTELY;INTERVAL=90;COUNT=4", "1997-09-02 1997-09-02T10:30 1997-09-02T12:00 1997-09-02T13:30"],
  [
    "FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,12,13,14,15,16",
    "1997-09-02 1997-09-02T09:20 1997-09-02T09:40 1997-09-02T10:00"
  ],
  [
    "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO",
    "1997-08-05 1997-08-10 1997-08-19 1997-08-24",
    "19970805T090000"
  ],
  [
    "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU",
    "1997-08-05 1997-08-17 1997-08-19 1997-08-31",
    "19970805T090000"
  ],
  ["FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", "2007-01-15 2007-01-30 2007-02-15 2007-03-15 2007-03-30", "20070115T090000"]
]

describe("recurrence rules", () => {
  it("are those of the RFC", () => {
    for (const [rule, expected, start = "19970902T090000"] of RFC) {
      const first = expected.split(" ")
      assert.deepStrictEqual(runs(start, rule, first.length), first, rule)
    }
  })

  /**
   * Yearly rules are left to the table: rrule-temporal 2.2.8 leaves the plain day out of `BYDAY=2MO,TU`, takes
   * `BYMONTHDAY` with `BYDAY` for either of them where the RFC says both, and a `BYWEEKNO` without a day for all seven.
   */
  it("agree with rrule-temporal on random rules", () => {
    const random = randomOf(5)
    const numbers = (least: number, most: number, negative = false): string =>
      [
        ...new Set(
          Array.from({ length: 1 + Math.floor(random() * 3) }, () => {
            const value = least + Math.floor(random() * (most - least + 1))
            return negative && random() < 0.3 ? -value : value
          })
        )
      ].join(",")
    const dayNames = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
    const START = "20260105T093000"
    const from = Temporal.ZonedDateTime.from("2026-01-01T00:00:00[UTC]")
    let compared = 0
    for (let count = 0; count < 700; count++) {
      const frequency = pick(random, ["MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY"])
      const day = () =>
        (frequency === "MONTHLY" && random() < 0.5 ? pick(random, ["1", "2", "-1", "-2"]) : "") + pick(random, dayNames)
      const parts = [
        `FREQ=${frequency}`,
        ...(random() < 0.5 ? [`INTERVAL=${1 + Math.floor(random() * 5)}`] : []),
        ...(random() < 0.3 ? [`BYMONTH=${numbers(1, 12)}`] : []),
        ...(["MONTHLY", "DAILY"].includes(frequency) && random() < 0.4 ? [`BYMONTHDAY=${numbers(1, 31, true)}`] : []),
        ...(random() < 0.4 ? [`BYDAY=${[...new Set([day(), day()])].join(",")}`] : []),
        ...(random() < 0.3 ? [`BYHOUR=${numbers(0, 23)}`] : []),
        ...(random() < 0.2 ? [`BYMINUTE=${numbers(0, 59)}`] : [])
      ]
      if (random() < 0.2 && parts.some((part) => part.startsWith("BY")))
        parts.push(`BYSETPOS=${pick(random, ["1", "-1", "2"])}`)
      if (random() < 0.2) parts.push(`COUNT=${1 + Math.floor(random() * 20)}`)
      const rule = parts.join(";")
      const theirs: Array<string> = []
      try {
        const oracle = new RRuleTemporal({ rruleString: `DTSTART:${START}Z\nRRULE:${rule}` })
        let at = oracle.next(from, true)
        while (at !== null && theirs.length < 8) {
          theirs.push(at.toInstant().toString().slice(0, 16).replace("T09:00", ""))
          at = oracle.next(at, false)
        }
      } catch {
        // It gives up after 10,000 steps: then it is no oracle.
        continue
      }
      const ours = runs(START, rule, 8)
      if (theirs.length === 0) assert.strictEqual(ours, "this rule never occurs", rule)
      else assert.deepStrictEqual(ours, theirs, rule)
      compared += 1
    }
    assert.isAbove(compared, 500)
  }, 120_000)
})
