/**
 * What phrases mean in other places, and on nights when clocks change: reckoned by hand from the offsets of each zone, before
 * any answer was seen. Runs are instants (UTC), since local times of such nights name two of them or none.
 */

/** A place, when it is asked there, and what each phrase gives. */
export interface Night {
  readonly zone: string
  readonly now: string
  readonly what: string
  readonly rows: ReadonlyArray<readonly [phrase: string, runs: string]>
}

export const NIGHTS: ReadonlyArray<Night> = [
  {
    zone: "America/New_York",
    now: "2027-03-13T18:00Z",
    what: "the day before 02:00 becomes 03:00 (07:00Z)",
    rows: [
      ["every day at 2:30", "2027-03-14T07:00Z 2027-03-15T06:30Z"],
      ["every day at 3:00", "2027-03-14T07:00Z 2027-03-15T07:00Z"],
      ["every day at 2:30 and 3:00", "2027-03-14T07:00Z 2027-03-15T06:30Z 2027-03-15T07:00Z"],
      ["30 2 * * *; 45 2 * * *", "2027-03-14T07:00Z 2027-03-15T06:30Z 2027-03-15T06:45Z"],
      ["0 2 * * *", "2027-03-14T07:00Z 2027-03-15T06:00Z"],
      ["* 2 * * *", "2027-03-15T06:00Z 2027-03-15T06:01Z"],
      ["*/30 1-3 * * *", "2027-03-14T06:00Z 2027-03-14T06:30Z 2027-03-14T07:00Z 2027-03-14T07:30Z 2027-03-15T05:00Z"],
      ["every sunday at 2:30", "2027-03-14T07:00Z 2027-03-21T06:30Z"],
      ["every 2 days at 2:30", "2027-03-14T07:00Z 2027-03-16T06:30Z"],
      ["every 2 days", "2027-03-15T17:00Z 2027-03-17T17:00Z"],
      ["every 24 hours", "2027-03-14T18:00Z 2027-03-15T18:00Z"],
      ["every 6 hours from midnight", "2027-03-13T23:00Z 2027-03-14T05:00Z 2027-03-14T11:00Z"],
      ["every hour between 10pm and 3am on saturdays", "2027-03-14T03:00Z 2027-03-14T04:00Z 2027-03-14T05:00Z"],
      [
        "every 45 minutes between 0:30 and 3:30",
        "2027-03-14T05:30Z 2027-03-14T06:15Z 2027-03-14T07:00Z 2027-03-14T07:30Z"
      ],
      ["FREQ=DAILY;BYHOUR=2;BYMINUTE=30", "2027-03-14T07:00Z 2027-03-15T06:30Z"],
      ["FREQ=HOURLY;BYHOUR=1,2,3", "2027-03-14T06:00Z 2027-03-14T07:00Z 2027-03-15T05:00Z 2027-03-15T06:00Z"],
      ["in 24 hours", "2027-03-14T18:00Z"],
      ["in 1 day", "2027-03-14T17:00Z"],
      ["tomorrow", "2027-03-14T17:00Z"],
      ["next week", "2027-03-20T17:00Z"],
      ["in a week", "2027-03-20T17:00Z"],
      ["in a fortnight", "2027-03-27T17:00Z"],
      ["in a month", "2027-04-13T17:00Z"],
      ["in 168 hours", "2027-03-20T18:00Z"],
      ["in 1 day and 2 hours", "2027-03-14T19:00Z"],
      ["tomorrow at 2:30", "2027-03-14T07:00Z"],
      ["2:30am on march 14", "2027-03-14T07:00Z"],
      ["2027-03-14T02:30", "2027-03-14T07:00Z"]
    ]
  },
  {
    zone: "America/New_York",
    now: "2027-03-13T07:30Z",
    what: "at 02:30, when tomorrow has none",
    rows: [
      ["tomorrow", "2027-03-14T07:00Z"],
      ["in 1 day", "2027-03-14T07:00Z"],
      ["every 2 days", "2027-03-15T06:30Z 2027-03-17T06:30Z"]
    ]
  },
  {
    zone: "America/New_York",
    now: "2026-10-31T18:00Z",
    what: "the day before 02:00 becomes 01:00 (06:00Z)",
    rows: [
      ["every day at 1:30", "2026-11-01T05:30Z 2026-11-02T06:30Z"],
      ["30 1 * * *", "2026-11-01T05:30Z 2026-11-02T06:30Z"],
      ["0,30 1 * * *", "2026-11-01T05:00Z 2026-11-01T05:30Z 2026-11-02T06:00Z"],
      ["*/30 1 * * *", "2026-11-01T05:00Z 2026-11-01T05:30Z 2026-11-01T06:00Z 2026-11-01T06:30Z 2026-11-02T06:00Z"],
      ["FREQ=DAILY;BYHOUR=1;BYMINUTE=30", "2026-11-01T05:30Z 2026-11-02T06:30Z"],
      [
        "every hour between midnight and 3am",
        "2026-11-01T04:00Z 2026-11-01T05:00Z 2026-11-01T07:00Z 2026-11-01T08:00Z"
      ],
      ["in 24 hours", "2026-11-01T18:00Z"],
      ["in 1 day", "2026-11-01T19:00Z"],
      ["tomorrow at 1:30", "2026-11-01T05:30Z"]
    ]
  },
  {
    zone: "America/New_York",
    now: "2026-11-01T04:45Z",
    what: "at 00:45, before the hour that comes twice",
    rows: [
      ["30 * * * *", "2026-11-01T05:30Z 2026-11-01T06:30Z 2026-11-01T07:30Z"],
      ["hourly", "2026-11-01T05:00Z 2026-11-01T06:00Z 2026-11-01T07:00Z"],
      ["every hour at :30", "2026-11-01T05:30Z 2026-11-01T06:30Z 2026-11-01T07:30Z"],
      ["every 30 minutes on sundays", "2026-11-01T05:00Z 2026-11-01T05:30Z 2026-11-01T06:00Z 2026-11-01T06:30Z"],
      ["every 2 hours", "2026-11-01T06:45Z 2026-11-01T08:45Z"],
      ["FREQ=HOURLY;BYMINUTE=30", "2026-11-01T05:30Z 2026-11-01T06:30Z 2026-11-01T07:30Z"],
      ["FREQ=MINUTELY;INTERVAL=30", "2026-11-01T05:00Z 2026-11-01T05:30Z 2026-11-01T06:00Z 2026-11-01T06:30Z"],
      ["in 2 hours", "2026-11-01T06:45Z"],
      ["in 1 day", "2026-11-02T05:45Z"],
      ["at 1:30", "2026-11-01T05:30Z"]
    ]
  },
  {
    zone: "America/New_York",
    now: "2026-11-01T05:45Z",
    what: "at 01:45, the first time",
    rows: [
      ["at 1:30", "2026-11-02T06:30Z"],
      ["every day at 1:30", "2026-11-02T06:30Z 2026-11-03T06:30Z"],
      ["tomorrow", "2026-11-02T06:45Z"]
    ]
  },
  {
    zone: "America/New_York",
    now: "2026-11-01T06:15Z",
    what: "at 01:15, the second time",
    rows: [
      ["every day at 1:30", "2026-11-02T06:30Z 2026-11-03T06:30Z"],
      ["every 2 days at 1:30", "2026-11-02T06:30Z 2026-11-04T06:30Z"],
      ["in 10 minutes", "2026-11-01T06:25Z"]
    ]
  },
  {
    zone: "Australia/Lord_Howe",
    now: "2026-10-03T00:00Z",
    what: "before a gap of half an hour, 02:00 to 02:30 (15:30Z)",
    rows: [
      ["every day at 1:45", "2026-10-03T15:15Z 2026-10-04T14:45Z"],
      ["every day at 2:15", "2026-10-03T15:30Z 2026-10-04T15:15Z"],
      ["every day at 2:30", "2026-10-03T15:30Z 2026-10-04T15:30Z"],
      ["*/15 2 * * *", "2026-10-03T15:30Z 2026-10-03T15:45Z 2026-10-04T15:00Z"],
      ["FREQ=DAILY;BYHOUR=2;BYMINUTE=15", "2026-10-03T15:30Z 2026-10-04T15:15Z"],
      ["in 1 day", "2026-10-03T23:30Z"]
    ]
  },
  {
    zone: "Australia/Lord_Howe",
    now: "2027-04-03T00:00Z",
    what: "before half an hour that comes twice, 01:30 to 02:00 (15:00Z)",
    rows: [
      ["every day at 1:45", "2027-04-03T14:45Z 2027-04-04T15:15Z"],
      [
        "*/15 1 * * *",
        "2027-04-03T14:00Z 2027-04-03T14:15Z 2027-04-03T14:30Z 2027-04-03T14:45Z 2027-04-03T15:00Z 2027-04-03T15:15Z 2027-04-04T14:30Z"
      ]
    ]
  },
  {
    zone: "Australia/Lord_Howe",
    now: "2027-04-03T14:20Z",
    what: "at 01:20, before it",
    rows: [
      ["30 * * * *", "2027-04-03T14:30Z 2027-04-03T15:00Z 2027-04-03T16:00Z"],
      ["FREQ=HOURLY;BYMINUTE=30", "2027-04-03T14:30Z 2027-04-03T15:00Z 2027-04-03T16:00Z"],
      ["every hour", "2027-04-03T15:20Z 2027-04-03T16:20Z"]
    ]
  },
  {
    zone: "Pacific/Chatham",
    now: "2026-09-26T00:00Z",
    what: "before a gap that begins at 02:45 (14:00Z)",
    rows: [
      ["every day at 2:40", "2026-09-26T13:55Z 2026-09-27T12:55Z"],
      ["every day at 3:15", "2026-09-26T14:00Z 2026-09-27T13:30Z"],
      ["every day at 3:45", "2026-09-26T14:00Z 2026-09-27T14:00Z"]
    ]
  },
  {
    zone: "Pacific/Chatham",
    now: "2027-04-03T00:00Z",
    what: "before 03:45 becomes 02:45 (14:00Z)",
    rows: [
      ["every day at 3:00", "2027-04-03T13:15Z 2027-04-04T14:15Z"],
      ["*/30 3 * * *", "2027-04-03T13:15Z 2027-04-03T13:45Z 2027-04-03T14:15Z 2027-04-03T14:45Z 2027-04-04T14:15Z"],
      [
        "*/7 3 * * *",
        "2027-04-03T13:15Z 2027-04-03T13:22Z 2027-04-03T13:29Z 2027-04-03T13:36Z 2027-04-03T13:43Z 2027-04-03T13:50Z 2027-04-03T13:57Z 2027-04-03T14:15Z"
      ],
      ["tomorrow at 3:00", "2027-04-03T13:15Z"]
    ]
  },
  {
    zone: "America/Havana",
    now: "2027-03-13T12:00Z",
    what: "before a day that begins at 01:00 (05:00Z)",
    rows: [
      ["every day at midnight", "2027-03-14T05:00Z 2027-03-15T04:00Z"],
      ["every sunday at 0:30", "2027-03-14T05:00Z 2027-03-21T04:30Z"],
      ["every 2 weeks on sunday at midnight", "2027-03-14T05:00Z 2027-03-28T04:00Z"],
      ["every day at 9 from 2027-03-14", "2027-03-14T13:00Z 2027-03-15T13:00Z"]
    ]
  },
  {
    zone: "America/Havana",
    now: "2026-10-31T12:00Z",
    what: "before a midnight that comes twice (04:00Z, 05:00Z)",
    rows: [
      ["every day at midnight", "2026-11-01T04:00Z 2026-11-02T05:00Z"],
      ["0 0 * * *", "2026-11-01T04:00Z 2026-11-02T05:00Z"],
      ["every sunday at 0:30", "2026-11-01T04:30Z 2026-11-08T05:30Z"]
    ]
  },
  {
    zone: "UTC",
    now: "2026-07-15T18:00Z",
    what: "without any change",
    rows: [
      ["every day at 9", "2026-07-16T09:00Z 2026-07-17T09:00Z"],
      ["every monday at 9", "2026-07-20T09:00Z 2026-07-27T09:00Z"],
      ["at 14:30", "2026-07-16T14:30Z"],
      ["noon", "2026-07-16T12:00Z"],
      ["tomorrow", "2026-07-16T18:00Z"],
      ["tomorrow at 2pm", "2026-07-16T14:00Z"],
      ["2026-07-27T14:30", "2026-07-27T14:30Z"]
    ]
  },
  {
    zone: "Pacific/Kiritimati",
    now: "2026-07-15T18:00Z",
    what: "where it is Thursday 16 July already, 08:00",
    rows: [
      ["every day at 9", "2026-07-15T19:00Z 2026-07-16T19:00Z"],
      ["every thursday at 9", "2026-07-15T19:00Z 2026-07-22T19:00Z"],
      ["every wednesday at 9", "2026-07-21T19:00Z"],
      ["every month on the 16th at 9", "2026-07-15T19:00Z 2026-08-15T19:00Z"],
      ["every 2 days at 9", "2026-07-15T19:00Z 2026-07-17T19:00Z"],
      ["today at 9", "2026-07-15T19:00Z"],
      ["thursday at 9", "2026-07-15T19:00Z"],
      ["at 8:30", "2026-07-15T18:30Z"],
      ["at 7:30", "2026-07-16T17:30Z"],
      ["july 16 at 9", "2026-07-15T19:00Z"],
      ["tomorrow at 2pm", "2026-07-17T00:00Z"]
    ]
  },
  {
    zone: "Asia/Kathmandu",
    now: "2026-12-31T18:00Z",
    what: "at 23:45 of New Year's Eve, 5:45 ahead of UTC",
    rows: [
      ["every day at 0:00", "2026-12-31T18:15Z 2027-01-01T18:15Z"],
      ["every year on january 1 at 9", "2027-01-01T03:15Z 2028-01-01T03:15Z"],
      ["july 27 at 9", "2027-07-27T03:15Z"],
      ["december 31 at 23:50", "2026-12-31T18:05Z"],
      ["tomorrow at 9", "2027-01-01T03:15Z"]
    ]
  },
  {
    zone: "UTC",
    now: "2027-01-31T12:00Z",
    what: "on the last day of a long month",
    rows: [
      ["in a month", "2027-02-28T12:00Z"],
      ["in 3 months", "2027-04-30T12:00Z"],
      ["every month on the 31st at 9", "2027-03-31T09:00Z 2027-05-31T09:00Z"],
      ["every last day of the month at 9", "2027-02-28T09:00Z 2027-03-31T09:00Z"]
    ]
  },
  {
    zone: "UTC",
    now: "2028-02-29T12:00Z",
    what: "on 29 February",
    rows: [
      ["in a year", "2029-02-28T12:00Z"],
      ["every 4 years", "2032-02-29T12:00Z 2036-02-29T12:00Z"],
      ["every year on february 29 at noon", "2032-02-29T12:00Z 2036-02-29T12:00Z"]
    ]
  },
  {
    zone: "America/New_York",
    now: "2026-07-15T18:00:30.250Z",
    what: "in the middle of a second",
    rows: [
      ["* * * * *", "2026-07-15T18:01Z 2026-07-15T18:02Z"],
      ["every minute between 14:00 and 14:05", "2026-07-15T18:01Z 2026-07-15T18:02Z"],
      ["at 14:00", "2026-07-16T18:00Z"]
    ]
  }
]
