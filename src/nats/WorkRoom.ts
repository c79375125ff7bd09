/**
 * Room for attempts, shared by the queues of one worker: whoever wants some may have what is free, and when some becomes
 * free those who have not asked for longest come first. Nothing is kept for a queue that wants nothing.
 */
interface Member {
  /** Room that it has: attempts in hand or asked for. */
  taken(): number
  /** Asks for more, where there is room. */
  pull(): void
}

export class WorkRoom {
  readonly size: number
  /** Whether several queues have it together. */
  readonly isShared: boolean
  readonly #members = new Set<Member>()

  constructor(size: number, queues: number) {
    this.size = size
    this.isShared = queues > 1
  }

  /** What is neither in hand nor asked for; negative where queues have an attempt each beyond it. */
  get free(): number {
    let free = this.size
    for (const member of this.#members) free -= member.taken()
    return free
  }

  /** Gives the way out. */
  join(member: Member): () => void {
    this.#members.add(member)
    return () => void this.#members.delete(member)
  }

  /** Some has become free: whoever wants it may ask, those who have just asked last. */
  offer(): void {
    for (const member of Array.from(this.#members)) {
      const before = member.taken()
      member.pull()
      if (member.taken() === before) continue
      this.#members.delete(member)
      this.#members.add(member)
    }
  }
}
