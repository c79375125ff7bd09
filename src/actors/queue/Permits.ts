/**
 * The permits of one line: of a queue, or of one key in it. A permit is held from the release of an execution until its
 * outcome, its retry or its loss is decided; a start counts against the rate for as long as the rate's time.
 *
 * What has been released and has not begun counts as if it began now: so what is released is within the limits whenever
 * it begins.
 */
import type { Rate } from "../../events/Rate.ts"
import { Starts } from "./Starts.ts"

export interface PermitLimits {
  readonly concurrency?: number | undefined
  readonly rate?: Rate | undefined
}

export type Exhausted = "concurrency" | "rate"

export class Permits {
  /** Released, not begun. */
  released = 0
  /** Begun, not ended. */
  begun = 0
  readonly #starts = new Starts()

  /** Nothing is held and nothing counts any more. */
  isIdle({ rate }: PermitLimits, now: number): boolean {
    return this.released + this.begun === 0 && (rate === undefined || this.#starts.within(rate, now) === 0)
  }

  /** Which limit forbids one more to be released; undefined where none does. */
  full({ concurrency, rate }: PermitLimits, now: number): Exhausted | undefined {
    if (concurrency !== undefined && this.begun + this.released >= concurrency) return "concurrency"
    if (rate !== undefined && this.#starts.within(rate, now) + this.released >= rate.count) return "rate"
    return undefined
  }

  /** Which limit forbids one that is released to begin: only where the limits have become lower meanwhile. */
  crowded({ concurrency, rate }: PermitLimits, now: number): Exhausted | undefined {
    if (concurrency !== undefined && this.begun >= concurrency) return "concurrency"
    if (rate !== undefined && this.#starts.within(rate, now) >= rate.count) return "rate"
    return undefined
  }

  /** When time alone makes room again; undefined where something must end or begin first. */
  roomAt({ rate }: PermitLimits, now: number): number | undefined {
    if (rate === undefined || this.released >= rate.count) return undefined
    return this.#starts.within(rate, now) + this.released >= rate.count
      ? this.#starts.roomAt({ ...rate, count: rate.count - this.released })
      : undefined
  }

  /** One more runs. */
  begin({ rate }: PermitLimits, at: number): void {
    this.begun += 1
    if (rate !== undefined) this.#starts.add(at)
  }

  /** A start, also one of the past that this node has learnt of. */
  started(at: number): void {
    this.#starts.add(at)
  }
}
