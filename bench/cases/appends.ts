/** What one peer by itself does: values go into a new database on disk. */
import { Counter, probed, timed } from '../measure.ts'
import { openHypercore } from '../peers/hypercore.ts'
import type { Kind, Peer } from '../peers/peer.ts'
import { Scope } from '../scope.ts'
import { valueFor, valuesFor } from '../values.ts'
import { type Case, inTurn } from './case.ts'

export const BARE = 'bare Hypercore 11'

/** So many of one, then as many of the next: what slows the machine down slows down all. */
const TURN = 25

/** Each awaited before the next. */
export function sequential(count: number): Case {
  return {
    name: 'sequential appends',
    entries: count,
    rows: [
      { name: 'sequential appends', units: count, target: 5 },
      { name: 'sequential appends, beside a bare Hypercore', units: count, target: 0.25, beside: BARE }
    ],
    warmups: 2,
    round: kinds =>
      Scope.run(async scope => {
        const appends = new Map([[BARE, await openHypercore(scope)]])
        for (const kind of kinds) {
          const peer = await scope.peer(kind)
          appends.set(kind.name, value => peer.append(value))
        }
        // the first append writes more than those that follow
        for (const append of appends.values()) await append(valueFor('first'))
        globalThis.gc?.()
        const sums = new Map([...appends.keys()].map(name => [name, { ms: 0, counter: new Counter() }]))
        for (let from = 0; from < count; from += TURN) {
          const keys = Array.from({ length: Math.min(TURN, count - from) }, (_, i) => `key ${from + i}`)
          for (const [name, append] of appends) {
            const sum = sums.get(name)!
            const turn = async () => {
              for (const key of keys) await append(valueFor(key))
            }
            sum.ms += await probed(sum.counter, () => timed(turn))
          }
        }
        return new Map(
          [...sums].map(([name, { ms, counter }]) => [name, { ms: [ms, ms], cpu: counter.cpuPer(1) }])
        )
      })
  }
}

export function oneBatch(count: number): Case {
  const name = `one batch of ${count}`
  return {
    name,
    entries: count,
    rows: [{ name, units: count, target: 4 }],
    warmups: 3,
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
    warmups: 3,
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
