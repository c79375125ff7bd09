/**
 * A task as a person would describe it, without the rules: every minute something is due, and what then becomes of it is
 * said here once more, in the plainest way. It shares no code with the rules, and knows no events; whatever it says must
 * be what the rules come to.
 *
 * Of the overlap policies it knows those under which nothing takes another's place.
 */
export const MINUTE = 60_000
const ON_TIME = 5000
const LEASE = 10_000
const MAX_LOST = 3
const RETRY_MS = 1000

export interface ModelPolicy {
  readonly overlap: "skip" | "bufferOne" | "bufferAll" | "allowAll"
  readonly catchUp: "none" | "latest" | "earliest" | "all"
  readonly maxRetries: number
  readonly maxRuns: number | null
  readonly expires: number | null
  readonly pauseAfter: number | null
}

export interface ModelRun {
  /** The minute for a run of the schedule; a name for one by hand. */
  readonly key: string
  readonly minute: number
  readonly hand: boolean
  readonly due: number
  readonly retryOf?: string
  /** In line behind another one. */
  inLine: boolean
  attempt: number
  failed: number
  lost: number
  /** Who works on it, and until when that is believed. */
  holder?: { readonly worker: string; until: number }
  /** The next try begins between these times. */
  again?: { readonly from: number; readonly to: number }
  stop: boolean
}

/** Time counts in milliseconds from the start; minute 1 is the first that is due. */
export class TaskModel {
  now = 0
  status: "scheduled" | "paused" | "completed" | "cancelled" = "scheduled"
  next: number | null = 1
  runs: Array<ModelRun> = []
  readonly ends = new Map<string, { readonly how: string; readonly first: string; readonly minute: number }>()
  /** What was decided about minutes since it was last asked. */
  decisions: Array<string> = []
  names: Array<{ readonly revision: number; readonly name: string }> = [{ revision: 1, name: "name 0" }]
  revision = 1
  readonly policy: ModelPolicy
  #pausedUntil: number | null = null
  #leftOut = new Set<number>()
  #begun = 0
  #failures = 0

  constructor(policy: ModelPolicy) {
    this.policy = policy
  }

  get name(): string {
    return this.names.at(-1)?.name ?? ""
  }

  get #isOver(): boolean {
    return this.status === "completed" || this.status === "cancelled"
  }

  // What time brings

  time(now: number): void {
    this.now = now
    // What was decided late may be too late for somebody to begin it.
    for (let before = ""; before !== this.#told();) {
      before = this.#told()
      this.#once(now)
    }
  }

  #told(): string {
    return JSON.stringify([this.status, this.next, this.runs, this.decisions])
  }

  #once(now: number): void {
    if (this.status === "paused" && this.#pausedUntil !== null && this.#pausedUntil <= now)
      this.#goOn(this.#pausedUntil)
    const { expires } = this.policy
    const late = this.runs.filter(
      (run) => expires !== null && run.attempt === 1 && !run.holder && run.due + expires <= now
    )
    this.#endAll(late, "expired")
    for (const run of this.runs.filter(({ holder }) => holder !== undefined && holder.until <= now)) {
      delete run.holder
      run.lost += 1
      if (run.stop) this.#endAll([run], "cancelled")
      else if (run.lost >= MAX_LOST) this.#endAll([run], "lost")
      else this.#tryAgain(run, 0, 0)
    }
    this.#pauseAfterFailures()
    if (this.status === "scheduled") this.#decide()
  }

  #decide(): void {
    const come: Array<number> = []
    for (let minute = this.next; minute !== null && minute * MINUTE <= this.now; minute = this.#after(minute)) {
      come.push(minute)
    }
    const isMissed = (minute: number) => minute * MINUTE < this.now - ON_TIME
    const missed = come.filter(isMissed)
    const onTime = come.length - missed.length
    const kept: ReadonlyArray<number> = {
      none: [],
      latest: onTime > 0 ? [] : missed.slice(-1),
      earliest: missed.slice(0, 1),
      all: missed
    }[this.policy.catchUp]
    for (const minute of come) {
      if (this.next === null) return
      this.next = this.#after(minute)
      const why = isMissed(minute) && !kept.includes(minute) ? "catchUp" : this.#mayBegin() ? "" : "overlap"
      this.decisions.push(why === "" ? `${minute} due` : `${minute} ${why}`)
      if (why === "") {
        const inLine = this.policy.overlap !== "allowAll" && this.#lane(false).length > 0
        this.#open({ key: String(minute), minute, hand: false, due: minute * MINUTE, inLine })
        this.#begun += 1
        if (this.policy.maxRuns !== null && this.#begun >= this.policy.maxRuns) this.next = null
      }
      this.#completeIfDone()
    }
  }

  #mayBegin(): boolean {
    const lane = this.#lane(false)
    const waiting = lane.filter(({ inLine }) => inLine).length
    switch (this.policy.overlap) {
      case "skip":
        return lane.length === 0
      case "bufferOne":
        return waiting === 0
      case "bufferAll":
      case "allowAll":
        return true
    }
  }

  #after(minute: number): number {
    let next = minute + 1
    while (this.#leftOut.has(next)) next += 1
    return next
  }

  #lane(hand: boolean): ReadonlyArray<ModelRun> {
    return this.runs.filter((run) => run.hand === hand)
  }

  #open(run: Pick<ModelRun, "key" | "minute" | "hand" | "due" | "inLine" | "retryOf">): void {
    this.runs.push({ ...run, attempt: 1, failed: 0, lost: 0, stop: false })
  }

  #tryAgain(run: ModelRun, from: number, to: number): void {
    delete run.holder
    run.attempt += 1
    run.again = { from: this.now + from, to: this.now + to }
  }

  /** Runs that have ended; those in line behind them move up. */
  #endAll(gone: ReadonlyArray<ModelRun>, how: string): void {
    for (const run of gone) {
      this.runs = this.runs.filter((one) => one !== run)
      this.ends.set(run.key, { how, first: run.retryOf ?? run.key, minute: run.minute })
      if (!run.hand && how === "success") this.#failures = 0
      if (!run.hand && how !== "success" && how !== "cancelled") this.#failures += 1
    }
    for (const hand of [false, true]) {
      const [first] = this.#lane(hand)
      if (first?.inLine === true && this.#lane(hand).every(({ inLine }) => inLine)) first.inLine = false
    }
    if (gone.length > 0) this.#completeIfDone()
  }

  #completeIfDone(): void {
    if (this.next === null && this.runs.length === 0 && !this.#isOver) this.status = "completed"
  }

  #pauseAfterFailures(): void {
    const { pauseAfter } = this.policy
    if (pauseAfter === null || this.#failures < pauseAfter || this.status !== "scheduled") return
    this.status = "paused"
    this.#pausedUntil = null
    this.revision += 1
  }

  // What workers do

  run(key: string): ModelRun | undefined {
    return this.runs.find((run) => run.key === key)
  }

  /** What a claim is answered; undefined where that depends on how long a delay exactly is. */
  claim(key: string, attempt: number, worker: string): "gone" | "held" | "granted" | undefined {
    const run = this.run(key)
    if (run === undefined || run.inLine || run.attempt !== attempt) return "gone"
    if (run.again !== undefined && this.now < run.again.to) return this.now < run.again.from ? "held" : undefined
    if (run.holder !== undefined && run.holder.worker !== worker) return "held"
    run.holder = { worker, until: this.now + LEASE }
    return "granted"
  }

  beat(key: string, attempt: number, worker: string): "continue" | "stop" {
    const run = this.run(key)
    if (run?.holder === undefined || run.attempt !== attempt || run.holder.worker !== worker) return "stop"
    run.holder.until = this.now + LEASE
    return run.stop ? "stop" : "continue"
  }

  report(key: string, attempt: number, said: "done" | "failed" | "cancelled" | "later"): void {
    const run = this.run(key)
    if (run === undefined || run.inLine || run.attempt !== attempt) return
    delete run.holder
    if (said === "done") this.#endAll([run], "success")
    else if (run.stop || said === "cancelled") this.#endAll([run], "cancelled")
    else if (said === "later") this.#tryAgain(run, 5000, 5000)
    else if (run.failed >= this.policy.maxRetries) this.#endAll([run], "exitCode")
    else {
      const delay = RETRY_MS * 2 ** run.failed
      run.failed += 1
      this.#tryAgain(run, delay * 0.9 - 1, delay * 1.1 + 1)
    }
    this.#pauseAfterFailures()
  }

  // What people ask: the code of a refusal, or "ok"

  cancel(): string {
    if (this.status === "cancelled") return "alreadyCancelled"
    if (this.status === "completed") return "ended"
    this.status = "cancelled"
    this.next = null
    this.revision += 1
    for (const run of this.runs) run.stop = true
    this.#endAll(
      this.runs.filter(({ holder }) => holder === undefined),
      "cancelled"
    )
    return "ok"
  }

  cancelRun(key: string): string {
    const run = this.run(key)
    if (run === undefined) return "ended"
    if (run.stop) return "alreadyCancelled"
    run.stop = true
    if (run.holder === undefined) this.#endAll([run], "cancelled")
    return "ok"
  }

  cancelWaiting(): string {
    const waiting = this.runs.filter(({ inLine }) => inLine)
    if (waiting.length === 0) return "nothingWaits"
    this.#endAll(waiting, "cancelled")
    return "ok"
  }

  runByHand(key: string): string {
    if (this.#isOver) return "ended"
    this.#open({ key, minute: this.now / MINUTE, hand: true, due: this.now, inLine: false })
    return "ok"
  }

  retry(key: string, again: string): string {
    if (this.run(key) !== undefined) return "notEnded"
    const end = this.ends.get(key)
    if (end === undefined) return "notFound"
    if (end.how === "success") return "succeeded"
    if (this.runs.some(({ retryOf }) => retryOf === end.first)) return "alreadyRetried"
    const inLine = this.policy.overlap !== "allowAll" && this.runs.some(({ retryOf }) => retryOf !== undefined)
    this.#open({ key: again, minute: end.minute, hand: true, due: this.now, inLine, retryOf: end.first })
    return "ok"
  }

  pause(until: number | null): string {
    if (this.#isOver) return "ended"
    this.status = "paused"
    this.#pausedUntil = until
    this.revision += 1
    return "ok"
  }

  resume(): string {
    if (this.#isOver) return "ended"
    if (this.status !== "paused") return "notPaused"
    this.#goOn(this.now)
    return "ok"
  }

  #goOn(at: number): void {
    this.status = "scheduled"
    this.#pausedUntil = null
    this.#failures = 0
    this.revision += 1
    while (this.next !== null && this.next * MINUTE < at) {
      this.decisions.push(`${this.next} paused`)
      this.next = this.#after(this.next)
    }
  }

  skip(minute: number): string {
    if (this.#isOver) return "ended"
    if (this.next === null || minute * MINUTE <= this.now || minute < this.next || this.#leftOut.has(minute)) {
      return "invalidRequest"
    }
    if (minute === this.next) this.next = this.#after(minute)
    this.#leftOut.add(minute)
    this.decisions.push(`${minute} skippedByUser`)
    return "ok"
  }

  backfill(from: number, to: number, atOnce: boolean, key: (minute: number) => string): string {
    if (this.#isOver) return "ended"
    const wanted = Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index).filter(
      (minute) => minute > 0 && !(this.#leftOut.has(minute) && this.next !== null && minute > this.next)
    )
    if (to * MINUTE > this.now || wanted.length === 0) return "invalidRequest"
    let inLine = !atOnce && this.#lane(true).length > 0
    for (const minute of wanted) {
      this.#open({ key: key(minute), minute, hand: true, due: this.now, inLine })
      inLine = !atOnce
    }
    return "ok"
  }

  rename(name: string): string {
    if (this.#isOver) return "ended"
    this.revision += 1
    this.names.push({ revision: this.revision, name })
    return "ok"
  }

  undo(): string {
    if (this.#isOver) return "ended"
    const before = this.names.at(-2)
    return before === undefined ? "nothingToRevert" : this.rename(before.name)
  }

  revert(to: number): string {
    if (this.#isOver) return "ended"
    if (to > this.revision) return "invalidRequest"
    const wanted = this.names.filter(({ revision }) => revision <= to).at(-1)
    if (wanted === undefined) return "invalidRequest"
    return wanted === this.names.at(-1) ? "nothingToRevert" : this.rename(wanted.name)
  }

  restore(): string {
    if (!this.#isOver) return "notOver"
    if (this.policy.maxRuns !== null && this.#begun >= this.policy.maxRuns) return "invalidSchedule"
    this.status = "scheduled"
    this.#pausedUntil = null
    this.#failures = 0
    this.revision += 1
    this.next = this.#after(Math.floor(this.now / MINUTE))
    return "ok"
  }
}
