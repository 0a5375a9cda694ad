/** What one peer by itself does: values go into a new database on disk. */
import { Counter, probed, timed } from '../measure.ts'
import { openHypercore } from '../peers/hypercore.ts'
import type { Kind, Peer } from '../peers/peer.ts'
import { Scope } from '../scope.ts'
import { valueFor, valuesFor } from '../values.ts'
import { type Case, inTurn, type Took } from './case.ts'

export const BARE = 'bare Hypercore 11'

/** Each awaited before the next. */
export function sequential(count: number): Case {
  return {
    name: 'sequential appends',
    entries: count,
    rows: [
      { name: 'sequential appends', units: count, target: 5 },
      { name: 'sequential appends, beside a bare Hypercore', units: count, target: 0.25, beside: BARE }
    ],
    warmups: 3,
    // by none of the kinds: a bare Hypercore
    round: async kinds => {
      const results = new Map<string, Took>()
      const all: [string, (scope: Scope) => Promise<(value: Uint8Array) => Promise<unknown>>][] =
        kinds.length === 0 ? [[BARE, openHypercore]] : []
      for (const kind of kinds) {
        all.push([
          kind.name,
          async scope => {
            const peer = await scope.peer(kind)
            return value => peer.append(value)
          }
        ])
      }
      for (const [name, open] of all) {
        const counter = new Counter()
        const ms = await Scope.run(async scope => {
          const append = await open(scope)
          // the first append writes more than those that follow
          await append(valueFor('first'))
          const run = async () => {
            for (let i = 0; i < count; i++) await append(valueFor(`key ${i}`))
          }
          return probed(counter, () => timed(run))
        })
        results.set(name, { ms: [ms, ms], cpu: counter.cpuPer(1) })
      }
      return results
    }
  }
}

export function oneBatch(count: number): Case {
  const name = `one batch of ${count}`
  return {
    name,
    entries: count,
    rows: [{ name, units: count, target: 4 }],
    // compiled code is several times as fast: after about six rounds it no longer changes
    warmups: 8,
    round: inTurn(kind =>
      withPeer(kind, peer => {
        const values = valuesFor(count)
        return timed(() => peer.appendBatch(values))
      })
    )
  }
}

/** All begun at once, each a unit of its own. */
export function parallel(count: number): Case {
  const name = `${count} parallel appends`
  return {
    name,
    entries: count,
    rows: [{ name, units: count, target: 3 }],
    // compiled code is several times as fast: after about six rounds it no longer changes
    warmups: 8,
    round: inTurn(kind =>
      withPeer(kind, peer => {
        const values = valuesFor(count)
        return timed(() => Promise.all(values.map(value => peer.append(value))))
      })
    )
  }
}

function withPeer(kind: Kind, run: (peer: Peer) => Promise<number>) {
  return Scope.run(async scope => {
    const peer = await scope.peer(kind)
    await peer.append(valueFor('first'))
    return [await run(peer)]
  })
}
