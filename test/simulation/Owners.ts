/**
 * Who owns the partitions: one node after another, chosen when the one before it is seen to be gone; for a while two may think
 * that they do, and in some plans all nodes own everything all the time. What workers and clients ask goes to one of them.
 */
import { Effect } from "effect"
import type { Envelope } from "../../src/actors/Envelope.ts"
import { OwnerUnavailable, TaskOwner } from "../../src/work/TaskOwner.ts"
import { type ClaimAnswer, offerId } from "../../src/work/Work.ts"
import type { Life, Place, Places } from "./Places.ts"
import type { RunningNode } from "./Programs.ts"
import type { World } from "./World.ts"
import type { Link, Lost } from "./world/Link.ts"

/** How long the others take to see that an owner is gone, milliseconds. */
const DETECTION: readonly [number, number] = [1600, 2500]

export class Owners {
  readonly #world: World
  readonly #places: Places

  constructor(world: World, places: Places) {
    this.#world = world
    this.#places = places
    places.onChange = () => this.look()
    places.ownerOf = (link) => this.#owner(link)
  }

  #reachable(name: string): boolean {
    const { cutIn, cutOut } = this.#world.weather.of(name)
    return cutIn === 0 && cutOut === 0
  }

  #isFit({ down, life, name }: Place): boolean {
    return down === 0 && life !== null && !life.leaving && !life.process.paused && this.#reachable(name)
  }

  /** Whether the world is healthy now. */
  look(): void {
    const { health, server } = this.#world
    const fit = this.#places.nodes.some((place) => this.#isFit(place) && place.life?.node !== null)
    health.set(server.up && server.full === 0 && fit)
  }

  /** Gives the partitions to some node, where none seems to have them. */
  elect(): void {
    this.look()
    const { nodes } = this.#places
    if (nodes.some((place) => this.#isFit(place))) return
    const free = nodes.find(({ down, life, name }) => down === 0 && life === null && this.#reachable(name))
    if (free === undefined) return
    this.#world.reach("takeover")
    this.#places.start(free)
  }

  electSoon(): void {
    this.#world.time.after(this.#world.dice.between(...DETECTION), () => this.elect())
  }

  /** Of several that think they own, all but the newest learn after a while that they do not. */
  settle(): void {
    if (this.#world.plan.options.everybodyOwns) return
    const owners = this.#places.nodes.filter((place) => place.life !== null && !place.life.leaving)
    const newest = owners.toSorted((a, b) => (b.life?.process.number ?? 0) - (a.life?.process.number ?? 0))[0]
    for (const place of owners) {
      const { life } = place
      if (place === newest || life === null) continue
      this.#world.time.after(this.#world.dice.between(100, 3000), () => {
        if (place.life === life && !life.leaving) this.#places.stop(place)
      })
    }
  }

  /** The owner that a message reaches: the newest, unless all own, or messages go astray. */
  #route(): Life | undefined {
    const { dice, plan, stray } = this.#world
    const { owners } = this.#places
    if (owners.length > 1 && (plan.options.everybodyOwns || dice.chance(stray))) return dice.pick(owners)
    return owners.toSorted((a, b) => b.process.number - a.process.number)[0]
  }

  /** Asks the owner; null where there is none. */
  ask<A>(
    from: Link,
    serve: (life: Life, node: RunningNode, reply: (answer: A) => void) => void
  ): Effect.Effect<A | null, Lost> {
    return from.call<A | null>((reply) => {
      const life = this.#route()
      const node = life?.node
      if (life === undefined || node === undefined || node === null) return reply(null)
      life.link.in(() => serve(life, node, (answer) => life.link.out(() => reply(answer))))
    })
  }

  #owner(from: Link): TaskOwner["Service"] {
    const { grants, ledger, time } = this.#world
    const question = <Q, A>(
      partition: number,
      questions: ReadonlyArray<Q>,
      envelope: (life: Life, reply: (answers: ReadonlyArray<A>) => void) => Envelope
    ) =>
      this.ask<ReadonlyArray<A>>(from, (life, { partitions }, reply) => {
        partitions.submit(partition, envelope(life, reply))
      }).pipe(
        Effect.mapError(({ reason }: Lost) => new OwnerUnavailable({ partition, reason })),
        Effect.flatMap((answers) =>
          answers === null || answers.length !== questions.length
            ? Effect.fail(new OwnerUnavailable({ partition, reason: "nobody owns the partition now" }))
            : Effect.succeed(answers)
        )
      )
    return TaskOwner.of({
      claim: (partition, claims) =>
        question<(typeof claims)[number], ClaimAnswer>(partition, claims, (life, reply) => {
          const askedAt = time.now
          const stats = life.node?.partitions.stats().find((one) => one.partition === partition)
          const node = life.process.name
          const known = stats?.logSequence ?? 0
          const queues = claims.map(({ executionId }) => ledger.queueOf(executionId))
          const revision = (queue: string) => life.node?.queue(queue)?.revision ?? 0
          const asked = queues.map(revision)
          const granted = ({ attempt, executionId, worker }: (typeof claims)[number], index: number) => {
            const queue = queues[index] ?? ""
            const revisions = [asked[index] ?? 0, revision(queue)] as const
            grants.push({ executionId, attempt, worker, node, askedAt, known, grantedAt: time.now, queue, revisions })
          }
          const heard = (answers: ReadonlyArray<ClaimAnswer>) => {
            for (const [index, { answer }] of answers.entries()) {
              const claim = claims[index]
              if (claim === undefined) continue
              time.note(`${answer} ${offerId(claim)} ${claim.worker}`)
              this.#world.reach(`claim ${answer}`)
              if (answer === "granted") granted(claim, index)
            }
            reply(answers)
          }
          return { _tag: "claims", claims, reply: heard }
        }),
      heartbeat: (partition, heartbeats) =>
        question(partition, heartbeats, (_life, reply) => ({ _tag: "heartbeats", heartbeats, reply })),
      report: (partition, reports) =>
        question(partition, reports, (_life, reply) => ({
          _tag: "reports",
          reports,
          reply: (answers) => {
            for (const answer of answers) this.#world.reach(`report ${answer}`)
            reply(answers)
          }
        }))
    })
  }
}
