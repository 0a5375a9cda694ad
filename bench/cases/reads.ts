/** Reading what is there already: by key, and by replaying a database on a new peer. */
import { dataset } from '../datasets.ts'
import { timed, timedUntil } from '../measure.ts'
import { Scope, until } from '../scope.ts'
import { valueFor, valuesFor } from '../values.ts'
import { type Case, inTurn } from './case.ts'

/**
 * Each awaited before the next, over all keys alike, in a database that was just opened: the first ones find no cache, those
 * that follow find what the first left.
 */
export function gets(count: number): Case {
  const many = count.toLocaleString('en')
  const name = `get, uniform over ${many} keys after reopening`
  return {
    name,
    entries: 2 * count,
    rows: [
      { name: `${name}: the first ${many}`, units: count, target: 20 },
      { name: `${name}: the next ${many}`, units: count, target: 20 }
    ],
    warmups: 3,
    round: inTurn(async kind => {
      const { dir } = await dataset(kind, {
        name: `${count} keys`,
        fill: async peer => {
          const values = valuesFor(count)
          for (let i = 0; i < count; i += 500) await peer.appendBatch(values.slice(i, i + 500))
        }
      })
      return Scope.run(async scope => {
        const peer = await scope.peer(kind, { dir })
        const times: number[] = []
        for (const seed of [1, 2]) {
          const keys = uniform(count, { seed }).map(i => `key ${i}`)
          const ms = await timed(async () => {
            for (const key of keys) if ((await peer.get(key)) === null) throw new Error(`No ${key}`)
          })
          times.push(ms)
        }
        return times
      })
    })
  }
}

/** So many numbers below `count`, the same ones for the same seed (a linear congruential generator). */
function uniform(count: number, { seed }: { seed: number }): number[] {
  let state = seed
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * count)
  })
}

/** From connecting an empty store that knows only the key until its view holds all of it. Each value was appended alone. */
export function coldReader(count: number): Case {
  const name = `cold reader of ${count}, by replay`
  return {
    name,
    entries: count,
    rows: [{ name, target: 1 }],
    warmups: 2,
    round: inTurn(async kind => {
      const { dir, key } = await dataset(kind, {
        name: `${count} appends`,
        fill: async peer => {
          for (let i = 0; i < count; i++) await peer.append(valueFor(`key ${i}`))
        }
      })
      return Scope.run(async scope => {
        const source = await scope.peer(kind, { dir })
        const reader = await scope.peer(kind, { key })
        const ms = await timedUntil(async () => {
          scope.connect(source, reader)
          return until([reader], async () => (await reader.get(`key ${count - 1}`)) !== null)
        })
        if ((await source.contents()) !== (await reader.contents())) throw new Error('The views differ')
        return [ms]
      })
    })
  }
}
