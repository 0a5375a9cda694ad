/** Two connected peers: how long until one sees what the other appends? */
import { quantile, timed } from '../measure.ts'
import { admit, Scope, until } from '../scope.ts'
import { valueFor } from '../values.ts'
import { type Case, inTurn } from './case.ts'

/** Between two appends: long enough for what follows one of them, so that each finds both peers at rest. */
const REST_MS = 5

/** One way, one value at a time: from calling append on one peer until the other's view has it. */
export function latency(count: number): Case {
  return {
    name: 'live one-way latency',
    entries: count,
    rows: [{ name: 'live one-way latency, p50', target: 2 }, { name: 'live one-way latency, p95' }],
    warmups: 3,
    round: inTurn(kind =>
      Scope.run(async scope => {
        const a = await scope.peer(kind)
        const b = await scope.peer(kind, { key: a.key })
        scope.connect(a, b)
        await admit([a, b], 'indexer')
        const times: number[] = []
        await timed(async () => {
          for (let i = 0; i < count; i++) {
            const start = performance.now()
            const seen = until([b], async () => (await b.get(`key ${i}`)) !== null)
            const appended = a.append(valueFor(`key ${i}`))
            times.push((await seen) - start)
            await appended
            await new Promise(resolve => setTimeout(resolve, REST_MS))
          }
        })
        return [quantile(times, 0.5), quantile(times, 0.95)]
      })
    )
  }
}
