/** What is refused, and how: on Wednesday 15 July 2026 at 14:00 in New York. Checked by hand, row by row. */

/** A phrase, the part of it that is marked, and what is said about it. */
export const REFUSED: ReadonlyArray<readonly [phrase: string, marked: string, problem: string]> = [
  ["2026-07-27", "2026-07-27", "a date needs a time: 2026-07-27T09:00"],
  ["in -5 minutes", "in", '"in" is not understood'],
  ["in 99999999999 days", "in 99999999999 days", "that is more than 10 years away"],
  ["run at 14:30 daily", "run", 'unknown word "run"'],
  ["at 25:00", "25:00", "25:00 is no time of day: hours are 0 to 23, minutes 0 to 59"],
  ["at 12:60", "12:60", "12:60 is no time of day: hours are 0 to 23, minutes 0 to 59"],
  [
    "2025-07-27T14:30:00Z",
    "2025-07-27T14:30:00Z",
    "that has passed: 2025-07-27T10:30:00.000-04:00 (America/New_York), 11 months ago"
  ],
  ["20260727", "20260727", "a bare number is not read as an instant; write it as 2026-07-27T14:30:00Z"],
  ["7/27/2026", "7/27/2026", "dates with slashes mean different days to different people; write 2026-07-27T09:00"],
  ["today", "today", 'this needs a time of day: "today at 9:00"'],
  ["at 9 in the evening", "in the evening", '"in the evening" is not understood'],
  ["every hour and a half", "a", '"a" does not fit here'],
  [
    "every 7 minutes on weekdays",
    "every 7 minutes on weekdays",
    "on some days only, the minutes must divide 60 evenly; or say the times: between 9:00 and 17:00"
  ],
  ["every hour between 9 and 5", "9 and 5", 'say which half of the day: "9am" and "5pm", or "09:00" and "17:00"'],
  ["every hour at 9", "every hour at 9", "an interval has no time of day; say when it begins: from 9:00"],
  ["every other week at 9", "every other week at 9", 'say the day and the time: "every monday at 9:00"'],
  [
    "every second tuesday at 9",
    "every second tuesday",
    '"every second tuesday" has two meanings: say "every other tuesday" or "every second tuesday of the month"'
  ],
  [
    "biweekly on monday at 9",
    "biweekly",
    '"biweekly" has two meanings: say "every other week on monday at 9", or name the days: "every monday and thursday at 9"'
  ],
  ["daily", "daily", 'say a time: "daily at 9:00"'],
  ["every day", "every day", 'say a time: "every day at 9:00"'],
  ["every monday", "every monday", 'say a time: "every monday at 9:00"'],
  ["every month", "every month", 'say the day and the time: "every month on the 1st at 9:00"'],
  ["weekly", "weekly", 'say the day and the time: "every monday at 9:00"'],
  ["every morning", "every morning", 'say a time: "every morning at 9"'],
  ["every morning at 9pm", "9pm", "21:00 is not in the morning"],
  [
    "on the last day of the month at 9",
    "on the last day of the month at 9",
    'once or every month? write "every last day of the month at 9" with a time of day, or the date: 2026-07-31T09:00'
  ],
  ["twice a day", "twice a day", 'say the times: "every day at 9:00 and 17:00"'],
  ["3 times a week", "3 times a week", 'say the times: "every monday and thursday at 9:00"'],
  ["twice weekly", "twice weekly", 'say the times: "every monday and thursday at 9:00"'],
  ["every day at 9 until yesterday", "yesterday", "that is in the past"],
  [
    "every day at 9 until 2026-07-15",
    "every day at 9 until 2026-07-15",
    "no run is to come: the first would be 2026-07-16T09:00:00.000-04:00 (America/New_York), the end is 2026-07-15T23:59:59.999-04:00 (America/New_York)"
  ],
  ["every mnday at 9", "mnday", 'unknown word "mnday"; did you mean "monday"?'],
  ["every day at 25:00", "25:00", "there is no hour 25: it is 0 to 23"],
  ["every day at 9:60", "9:60", "there is no minute 60: it is 0 to 59"],
  ["every day at 13pm", "13pm", '"13pm" is no time of day: am and pm go with 1 to 12'],
  ["every day at 9 maybe", "maybe", 'unknown word "maybe"'],
  ["every", "y", "the words end too early"],
  ["every 0 minutes", "every 0 minutes", "that is no interval: it is 1 or more"],
  ["every 1.5 hours", "1.5", "a whole number is needed here"],
  ["every mnday at 9; every friday at 17", "mnday", 'unknown word "mnday"; did you mean "monday"?'],
  [
    "every monday at 9; every friday until december",
    "every friday until december",
    'say a time: "every friday until december at 9:00"'
  ],
  ["FREQ=DAILY", "FREQ=DAILY", "say the time of day: BYHOUR=9;BYMINUTE=0, or give a DTSTART"],
  ["FREQ=DAILY;BYHOUR=25", "BYHOUR=25", '"25" is no BYHOUR: it is 0 to 23'],
  [
    "FREQ=DAILY;BYHOUR=9;FOO=1",
    "FOO=1",
    '"FOO" is no part of a rule: FREQ INTERVAL COUNT UNTIL WKST BYMONTH BYWEEKNO BYYEARDAY BYMONTHDAY BYDAY BYHOUR BYMINUTE BYSECOND BYSETPOS'
  ],
  [
    "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30;BYHOUR=9",
    "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30;BYHOUR=9",
    "this rule never occurs"
  ],
  ["@every 5m", "@every 5m", 'write it in words: "every 5 minutes"'],
  ["@reboot", "@reboot", "the scheduler has no reboot to follow; say an instant or an interval"],
  ["@weekdays", "@weekdays", 'write "0 9 * * 1-5", or "every weekday at 9"'],
  ["in 1,5 hours", "1,5", "write the decimal with a point: 1.5"],
  ["day after tomorrow", "day after tomorrow", 'this needs a time of day: "day after tomorrow at 9:00"'],
  ["last friday", "last", "that is in the past"],
  [
    "friday 13",
    "friday 13",
    '"friday 13" has two meanings: write the time as 9:00 or 9am, or the date as 2026-07-17T09:00'
  ],
  ["9am to 5pm, monday to friday", "to", '"to" does not fit here'],
  ["9am to 5pm", "9am to 5pm", "this is a span of time; say when it begins"],
  ["wednesday", "wednesday", 'this needs a time of day: "wednesday at 9:00"'],
  ["today at 9am", "today at 9am", "that has passed: 2026-07-15T09:00:00.000-04:00 (America/New_York), 5 hours ago"],
  ["Dec 24 25", "Dec 24 25", 'this needs a time of day: "dec 24 25 at 9:00"'],
  ["03/04/2026", "03/04/2026", "dates with slashes mean different days to different people; write 2026-07-27T09:00"],
  ["2026-13-01", "13", "there is no month 13"],
  [
    "2026-12-24T18:00Z[Europe/Berlin]",
    "2026-12-24T18:00Z[Europe/Berlin]",
    "this is no ISO 8601 time; write it as 2026-07-27T14:30 or 2026-07-27T14:30:00Z"
  ],
  ["may", "may", 'this needs a time of day: "may at 9:00"'],
  ["sat", "sat", 'this needs a time of day: "sat at 9:00"'],
  ["in 1000000 days", "in 1000000 days", "that is more than 10 years away"],
  ["at 9 art class", "class", '"class" is not understood'],
  [
    "at 9 get",
    "get",
    "GET is no zone that can be relied on; give an IANA name beside the text (--timezone America/New_York)"
  ],
  [
    "at 9am wit",
    "wit",
    "WIT is no zone that can be relied on; give an IANA name beside the text (--timezone America/New_York)"
  ],
  ["demain à 14h", "demain à", '"demain à" is not understood'],
  ["in the morning", "in the morning", 'this needs a time of day: "in the morning at 9:00"'],
  ["tomorrow morning", "tomorrow morning", 'this needs a time of day: "tomorrow morning at 9:00"'],
  ["at 1430", "at 1430", "these words are not understood as a time"],
  ["14h30", "14h30", "these words are not understood as a time"],
  ["at 24:00", "24:00", "24:00 is no time of day: hours are 0 to 23, minutes 0 to 59"],
  ["christmas", "christmas", "these words are not understood as a time"],
  ["eod", "eod", "these words are not understood as a time"],
  ["asap", "asap", "these words are not understood as a time"],
  ["in 2 business days", "in 2 business days", "these words are not understood as a time"],
  ["the 1st", "the 1st", "these words are not understood as a time"],
  ["next month", "next month", 'this needs a time of day: "next month at 9:00"'],
  ["a week from friday", "from friday", '"from friday" is not understood'],
  [
    "last friday of the month",
    "last friday of the month",
    'once or every month? write "every last friday of the month" with a time of day, or the date: 2026-07-31T09:00'
  ],
  ["first monday of december", "first", '"first" is not understood'],
  ["tonight", "tonight", 'this needs a time of day: "tonight at 8pm"'],
  [
    "tomorrow at 9 Europe/Berlin",
    "Europe/Berlin",
    "the zone does not belong into the text: give it beside it (--timezone Europe/Berlin)"
  ],
  [
    "tomorrow at 9 PST",
    "PST",
    "PST is no zone that can be relied on; give an IANA name beside the text (--timezone America/New_York)"
  ],
  [
    "tomorrow at 9 est",
    "est",
    "EST is no zone that can be relied on; give an IANA name beside the text (--timezone America/New_York)"
  ],
  ["july 27", "july 27", 'this needs a time of day: "july 27 at 9:00"'],
  ["quarter past 3", "quarter past 3", "these words are not understood as a time"],
  ["half past 3", "half past 3", "these words are not understood as a time"],
  ["2026-W30-7", "2026-W30-7", "this is no ISO 8601 time; write it as 2026-07-27T14:30 or 2026-07-27T14:30:00Z"],
  ["20260727T143000Z", "20260727T143000Z", "these words are not understood as a time"],
  ["2026-07-27T14", "2026-07-27T14", "this is no ISO 8601 time; write it as 2026-07-27T14:30 or 2026-07-27T14:30:00Z"],
  ["begin 5 minutes", "begin", '"begin" is not understood'],
  ["what 14:30", "what", '"what" is not understood'],
  ["not tomorrow", "not", '"not" is not understood'],
  ["in 5 minutes 0 9 * * *", "0 9 * * *", '"0 9 * * *" is not understood'],
  ["@minutely", "@minutely", 'write "* * * * *", or "every minute"'],
  [
    "@secondly",
    "@secondly",
    '"@secondly" is not an alias; known are @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly'
  ],
  ["@weekends", "@weekends", 'write "0 9 * * 0,6", or "every weekend at 9"'],
  ["0 9 * *", "0 9 * *", "cron has 5 fields (or 6, with seconds first), this has 4"],
  ["0 9 * * * * *", "0 9 * * * * *", "cron has 5 fields (or 6, with seconds first), this has 7"],
  ["* * * *", "* * * *", "cron has 5 fields (or 6, with seconds first), this has 4"],
  ["*/61 * * * *", "*/61", "a step of 61 is longer than the minutes there are (60)"],
  ["*/0 * * * *", "*/0", '"0" is not a step: it is 1 or more'],
  ["60 * * * *", "60", "60 is not a minute: it is 0 to 59"],
  ["0 24 * * *", "24", "24 is not an hour: it is 0 to 23"],
  ["0 0 0 * *", "0", "0 is not a day of month: it is 1 to 31"],
  ["0 0 32 * *", "32", "32 is not a day of month: it is 1 to 31"],
  ["0 0 1 13 *", "13", "13 is not a month: it is 1 to 12"],
  ["0 0 * * 8", "8", "8 is not a day of week: it is 0 to 7"],
  ["0 0 * * 1#6", "1#6", '"1#6": a month has 1 to 5 of each weekday'],
  ["0 0 * * MONDAY", "MONDAY", '"MONDAY" is not a day of week'],
  ["-1 * * * *", "-1 * * * *", "these words are not understood as a time"],
  ["1.5 * * * *", "1.5 * * * *", "these words are not understood as a time"],
  ["1e1 * * * *", "1e1", '"1e1" is not a minute'],
  ["0 0 30 2 *", "0 0 30 2 *", '"0 0 30 2 *" never occurs'],
  ["0 0 31 4 *", "0 0 31 4 *", '"0 0 31 4 *" never occurs'],
  ["0 0 31 2,4,6,9,11 *", "0 0 31 2,4,6,9,11 *", '"0 0 31 2,4,6,9,11 *" never occurs'],
  ["1-2-3 * * * *", "1-2-3", '"1-2-3" is not a range'],
  ["1,,2 * * * *", "1,,2", "the minute has an empty entry"],
  ["*/5/2 * * * *", "*/5/2", '"*/5/2" has more than one step'],
  [
    "TZ=Europe/Berlin 0 9 * * *",
    "TZ=Europe/Berlin",
    "the zone does not belong into the text: give it beside it (--timezone Europe/Berlin)"
  ],
  [
    "CRON_TZ=UTC 0 9 * * *",
    "CRON_TZ=UTC",
    "the zone does not belong into the text: give it beside it (--timezone UTC)"
  ],
  ["# * * * *", "# * * * *", "these words are not understood as a time"],
  ["~ * * * *", "~ * * * *", "these words are not understood as a time"],
  ["R * * * *", "R * * * *", "these words are not understood as a time"],
  ["every friday at 17h", "17", '"17h" is no time of day; write it like 9:00, 9am, noon'],
  ["every evening at 13:00", "13:00", "13:00 is not in the evening"],
  ["every second weekday of the month at 9", "of", '"of" does not fit here'],
  ["every january at 9", "every january at 9", 'say the day and the time: "every july 4 at 9:00"'],
  ["every day at 9 for 0 times", "for 0 times", "that is no number of runs: it is 1 or more"],
  [
    "every day at 9 until 2026-07-01",
    "every day at 9 until 2026-07-01",
    "no run is to come: the first would be 2026-07-16T09:00:00.000-04:00 (America/New_York), the end is 2026-07-01T23:59:59.999-04:00 (America/New_York)"
  ],
  ["every 7 hours between 8am and 9am", "every 7 hours between 8am and 9am", "that is longer than the part of the day"],
  [
    "every 45 seconds on monday",
    "every 45 seconds on monday",
    "on some days only, the seconds must divide 60 evenly; or say the times: between 9:00 and 17:00"
  ],
  [
    "every 5 hours on monday",
    "every 5 hours on monday",
    "on some days only, the hours must divide 24 evenly; or say the times: between 9:00 and 17:00"
  ],
  ["every 3 hours every day", "every day", '"every day" says a second time what was said before'],
  ["weekly on monday", "weekly on monday", 'say a time: "weekly on monday at 9:00"'],
  ["weekly at 9", "weekly at 9", 'say the day and the time: "every monday at 9:00"'],
  ["monthly", "monthly", 'say the day and the time: "every month on the 1st at 9:00"'],
  ["yearly", "yearly", 'say the month, the day and the time: "every year on july 4 at 9:00"'],
  ["hourly at :75", "at :75", "there is no minute 75: it is 0 to 59"],
  ["quarterly", "quarterly", 'say the day and the time: "every quarter on the 1st at 9:00"'],
  [
    "biweekly",
    "biweekly",
    '"biweekly" has two meanings: say "every other week on monday at 9", or name the days: "every monday and thursday at 9"'
  ],
  [
    "bimonthly on the 1st",
    "bimonthly",
    '"bimonthly" has two meanings: say "every 2 months on the 1st at 9", or name the days: "every month on the 1st and 15th at 9"'
  ],
  ["semiweekly", "semiweekly", '"semiweekly" has two meanings: name the days: "every monday and thursday at 9"'],
  ["twice a week", "twice a week", 'say the times: "every monday and thursday at 9:00"'],
  ["thrice daily", "thrice daily", 'say the times: "every day at 9:00 and 17:00"'],
  ["every foo", "foo", 'unknown word "foo"'],
  ["every fortnite", "fortnite", 'unknown word "fortnite"'],
  ["every monday at", "t", "a time of day is missing: 9:00, 9am, noon"],
  ["every monday at noon and", "d", "the words end too early"],
  ["every monday every tuesday at 9", "every tuesday", '"every tuesday" says a second time what was said before'],
  ["every day at 9 at 10", "at 10", '"at 10" says a second time what was said before'],
  ["every day at nine", "nine", '"nine" is no time of day; write it like 9:00, 9am, noon'],
  ["every day at 9 on the moon", "on", '"on" does not fit here'],
  ["every -5 minutes", "-", '"-" does not fit here'],
  ["every 0 days at 9", "every 0 days", "that is no interval: it is 1 or more"],
  ["every 99999999 minutes", "every 99999999 minutes", "that is too long"],
  ["every five hundred minutes", "hundred", 'unknown word "hundred"'],
  ["every two and a half hours", "and", '"and" does not fit here'],
  ["every day at 24:00", "24:00", "there is no hour 24: it is 0 to 23"],
  ["every day at 0am", "0am", '"0am" is no time of day: am and pm go with 1 to 12'],
  ["every weekday at 25", "25", "there is no hour 25: it is 0 to 23"],
  ["evry day at 9", "evry day", '"evry day" is not understood; did you mean "every"?'],
  ["every wekday at 9", "wekday", 'unknown word "wekday"; did you mean "weekday"?'],
  ["every weekady at 9", "weekady", 'unknown word "weekady"; did you mean "weekday"?'],
  ["every monday at 9am please", "please", 'unknown word "please"'],
  ["remind me every monday at 9", "remind", 'unknown word "remind"'],
  ["every february 30 at 9", "every february 30 at 9", '"0 0 9 30 2 *" never occurs'],
  ["every 31st of april at 9", "every 31st of april at 9", '"0 0 9 31 4 *" never occurs'],
  ["mondays", "mondays", 'say a time: "mondays at 9:00"'],
  [";", ";", "there are no words"],
  ["every day at 9; garbage", "garbage", "these words are not understood as a time"],
  [
    "every monday at 9 until friday; every tuesday at 9",
    "every monday at 9 until friday",
    "no run is to come: the first would be 2026-07-20T09:00:00.000-04:00 (America/New_York), the end is 2026-07-17T23:59:59.999-04:00 (America/New_York)"
  ],
  ["FREQ=WEEKLY", "FREQ=WEEKLY", "say the time of day: BYHOUR=9;BYMINUTE=0, or give a DTSTART"],
  ["FREQ=WEEKLY;BYHOUR=9", "FREQ=WEEKLY;BYHOUR=9", "say the day of the week: BYDAY=MO, or give a DTSTART"],
  ["FREQ=MONTHLY;BYHOUR=9", "FREQ=MONTHLY;BYHOUR=9", "say the day: BYMONTHDAY=1, or BYDAY=1MO, or give a DTSTART"],
  [
    "FREQ=YEARLY;BYHOUR=9",
    "FREQ=YEARLY;BYHOUR=9",
    "say the month and the day: BYMONTH=7;BYMONTHDAY=4, or give a DTSTART"
  ],
  ["FREQ=DAILY;BYHOUR=9;UNTIL=20260701", "FREQ=DAILY;BYHOUR=9;UNTIL=20260701", "this rule never occurs"],
  ["FREQ=DAILY;BYHOUR=9;COUNT=2;UNTIL=20260717", "COUNT=2", "COUNT and UNTIL exclude each other"],
  [
    "DTSTART;TZID=Europe/Berlin:20260713T090000 RRULE:FREQ=WEEKLY",
    "Europe/Berlin",
    "the zone of a rule is given beside it (--timezone Europe/Berlin)"
  ],
  [
    "DTSTART:2026-07-13 RRULE:FREQ=WEEKLY",
    "DTSTART:2026-07-13 ",
    "DTSTART is written as DTSTART:20260101T090000, a blank, and then the rule"
  ],
  [
    "FREQ=DAILY;BYHOUR=9 EXDATE:20260716T090000",
    "EXDATE",
    'EXDATE is not read: leave days out by a calendar of exclusions, add others by "; <another schedule>"'
  ],
  ["FREQ=DALY;BYHOUR=9", "FREQ=DALY", "FREQ is one of YEARLY MONTHLY WEEKLY DAILY HOURLY MINUTELY SECONDLY"],
  ["FREQ=DAILY;BYHOUR=24", "BYHOUR=24", '"24" is no BYHOUR: it is 0 to 23'],
  [
    "FREQ=DAILY;BYHOUR=9;BYDAY=1MO",
    "BYDAY=1MO",
    "a numbered day (1MO) needs FREQ=MONTHLY, or FREQ=YEARLY without BYWEEKNO"
  ],
  ["FREQ=DAILY;BYHOUR=9;BYDAY=XX", "BYDAY=XX", '"XX" is no day: write MO TU WE TH FR SA SU, 1MO, -1FR'],
  ["FREQ=WEEKLY;BYDAY=MO;BYMONTHDAY=1;BYHOUR=9", "BYMONTHDAY=1", "BYMONTHDAY does not go with FREQ=WEEKLY"],
  ["FREQ=DAILY;BYHOUR=9;RSCALE=CHINESE", "RSCALE=CHINESE", "RSCALE (RFC 7529) is not carried out"],
  ["FREQ=DAILY;BYHOUR=9;INTERVAL=0", "INTERVAL=0", "INTERVAL is a number from 1 to 100,000"],
  ["FREQ=DAILY;BYHOUR=9;COUNT=1000000", "COUNT=1000000", "COUNT is a number from 1 to 10,000"],
  ["FREQ=DAILY;BYHOUR=9;BYHOUR=10", "BYHOUR=10", "BYHOUR is there twice"],
  ["BYDAY=MO;BYHOUR=9", "BYDAY=MO;BYHOUR=9", "FREQ is one of YEARLY MONTHLY WEEKLY DAILY HOURLY MINUTELY SECONDLY"],
  ["", "", "there are no words"],
  ["   ", "   ", "there are no words"],
  ["garbage", "garbage", "these words are not understood as a time"],
  ["call bob tomorrow maybe", "call bob", '"call bob" is not understood'],
  ["every weekday", "every weekday", 'say a time: "every weekday at 9:00"'],
  ["friday", "friday", 'this needs a time of day: "friday at 9:00"'],
  ["yesterday", "yesterday", "that is in the past"],
  ["2 hours ago", "ago", "that is in the past"],
  ["last friday at 9", "last", "that is in the past"],
  [
    "2020-01-01T00:00:00Z",
    "2020-01-01T00:00:00Z",
    "that has passed: 2019-12-31T19:00:00.000-05:00 (America/New_York), 6 years ago"
  ],
  [
    "2026-07-15T13:59",
    "2026-07-15T13:59",
    "that has passed: 2026-07-15T13:59:00.000-04:00 (America/New_York), 1 minute ago"
  ],
  ["2040-01-01T00:00:00Z", "2040-01-01T00:00:00Z", "that is more than 10 years away"],
  ["2026-13-01T09:00", "13", "there is no month 13"],
  ["2026-02-30T09:00", "30", "there is no day 30 in that month"],
  ["2026-07-27T24:00", "24", "there is no hour 24: it is 00 to 23"],
  ["2026-07-27T09:60", "60", "there is no minute 60"],
  ["2026-12-24T18:00:00+25:00", "+25:00", "there is no offset +25:00"],
  ["1784152800", "1784152800", "a bare number is not read as an instant; write it as 2026-07-27T14:30:00Z"],
  ["3/4", "3/4", "dates with slashes mean different days to different people; write 2026-07-27T09:00"],
  [
    "03/04/2026 at 9am",
    "03/04/2026",
    "dates with slashes mean different days to different people; write 2026-07-27T09:00"
  ],
  [
    "tomorrow at 2pm PST",
    "PST",
    "PST is no zone that can be relied on; give an IANA name beside the text (--timezone America/New_York)"
  ],
  ["TZ=UTC 0 9 * * *", "TZ=UTC", "the zone does not belong into the text: give it beside it (--timezone UTC)"]
]
