/** Several writers: what they wrote comes together on all of them. */
import { timedUntil } from '../measure.ts'
import type { Peer, Role } from '../peers/peer.ts'
import { admit, Scope, until } from '../scope.ts'
import { valueFor } from '../values.ts'
import { type Case, inTurn } from './case.ts'

/**
 * Two writers append `count` each while apart, by turns; half of the keys are the same on both sides. From connecting until
 * both show, durably, all of it, and the same.
 */
export function fork(count: number, { rounds }: { rounds?: number } = {}): Case {
  const name = `merge of two forks of ${count}`
  return {
    name,
    entries: 2 * count,
    rows: [{ name, target: 10 }],
    warmups: 2,
    ...(rounds === undefined ? {} : { rounds }),
    round: inTurn(kind =>
      Scope.run(async scope => {
        const a = await scope.peer(kind)
        const b = await scope.peer(kind, { key: a.key })
        const cut = scope.connect(a, b)
        await admit([a, b], 'indexer')
        await cut()
        for (let i = 0; i < count; i++) {
          await a.append(valueFor(i % 2 ? `both ${i}` : `a ${i}`))
          await b.append(valueFor(i % 2 ? `both ${i}` : `b ${i}`))
        }
        const keys = Array.from({ length: count }, (_, i) => (i % 2 ? [`both ${i}`] : [`a ${i}`, `b ${i}`]))
        // units of one writer are merged in their order: with its last, all of it is there
        const last = (count - 1) & ~1
        const ms = await timedUntil(async () => {
          scope.connect(a, b)
          return until(
            [a, b],
            async () =>
              (await a.get(`b ${last}`)) !== null && (await b.get(`a ${last}`)) !== null && same([a, b])
          )
        })
        await checkKeys([a, b], keys.flat())
        return [ms]
      })
    )
  }
}

export interface HubOptions {
  readonly writers: number
  readonly each: number
  readonly role: Role
  readonly rounds?: number
}

/**
 * A star: all writers are connected to one peer that only hands on, and append at once, each awaiting its own. From the first
 * append until all peers, the hub too, show all of it, and the same.
 */
export function hub({ writers, each, role, rounds }: HubOptions): Case {
  const name = `${writers} ${role === 'indexer' ? 'indexers' : 'ordinary writers'} × ${each} through one hub`
  return {
    name,
    entries: writers * each,
    rows: [{ name, target: 6 }],
    warmups: 2,
    ...(rounds === undefined ? {} : { rounds }),
    round: inTurn(kind =>
      Scope.run(async scope => {
        const middle = await scope.peer(kind, { role })
        const others: Peer[] = []
        for (let i = 0; i < writers; i++) {
          const peer = await scope.peer(kind, { key: middle.key, role })
          scope.connect(middle, peer)
          others.push(peer)
        }
        const all = [middle, ...others]
        await admit(all, role)
        const key = (writer: number, i: number) => `writer ${writer}, value ${i}`
        const ms = await timedUntil(async () => {
          const appends = others.map(async (peer, writer) => {
            for (let i = 0; i < each; i++) await peer.append(valueFor(key(writer, i)))
          })
          await Promise.all(appends)
          return until(all, async () => {
            for (const peer of all)
              for (let i = 0; i < writers; i++) if ((await peer.get(key(i, each - 1))) === null) return false
            return same(all)
          })
        })
        await checkKeys(
          all,
          others.flatMap((_, writer) => Array.from({ length: each }, (_, i) => key(writer, i)))
        )
        return [ms]
      })
    )
  }
}

async function same(peers: readonly Peer[]): Promise<boolean> {
  const [first, ...others] = await Promise.all(peers.map(peer => peer.contents()))
  return others.every(one => one === first)
}

async function checkKeys(peers: readonly Peer[], keys: readonly string[]): Promise<void> {
  for (const peer of peers)
    for (const key of keys) if ((await peer.get(key)) === null) throw new Error(`No ${key}`)
}
