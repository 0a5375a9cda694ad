/** Reading what is there already: by key, and by replaying a database on a new peer. */
import { dataset } from '../datasets.ts'
import { timed, timedUntil } from '../measure.ts'
import { Scope, until } from '../scope.ts'
import { valueFor, valuesFor } from '../values.ts'
import { type Case, inTurn } from './case.ts'

/** Each awaited before the next, over all keys alike, in a database that was just opened: the first ones find no cache. */
export function gets(count: number): Case {
  const name = `get, uniform over ${count.toLocaleString('en')} keys after reopening`
  return {
    name,
    rows: [{ name, units: count, target: 20 }],
    warmups: 1,
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
        const indexes = uniform(count)
        const ms = await timed(async () => {
          for (const i of indexes) if ((await peer.get(`key ${i}`)) === null) throw new Error(`No key ${i}`)
        })
        return [ms]
      })
    })
  }
}

/** Numbers below `count`, the same ones each time (a linear congruential generator). */
function uniform(count: number): number[] {
  let state = 1
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
