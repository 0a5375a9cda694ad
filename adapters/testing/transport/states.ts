import { holds } from '../assert.ts'
import { begun } from '../bytes.ts'
import type { End } from './end.ts'
import type { TransportCase, TransportTrial } from './trial.ts'

type Bring = (trial: TransportTrial, a: End, b: End) => Promise<unknown>

const MIB = 1024 * 1024

/** How an end comes to be in a state. */
const STATES: Readonly<Record<string, Bring>> = {
  'just made': async () => {},
  'in use': async (trial, a, b) => {
    await trial.trip(a, b)
    await trial.trip(b, a)
  },
  writing: async (trial, a, b) => {
    begun(trial.send(a, 4 * MIB))
    await trial.until(() => b.received > 0, 'something arrives')
  },
  'being read': async (trial, a, b) => {
    begun(trial.send(b, 4 * MIB))
    await trial.until(() => a.received > 0, 'something arrives')
  },
  ending: async (_, a) => {
    a.write(100_000)
    a.end()
  },
  'ended by the other': async (trial, a, b) => {
    b.write(1000)
    b.end()
    await trial.until(() => a.hasEnd, "'end'")
  },
  'destroyed by the other': async (trial, a, b) => {
    await trial.trip(a, b)
    b.destroy()
  },
  closed: async (trial, a, b) => {
    a.end()
    b.end()
    await trial.closed(a, b)
  },
  destroyed: async (trial, a, b) => {
    await trial.trip(a, b)
    a.destroy()
    await trial.closed(a)
  }
}

const WAYS: readonly ((a: End) => void)[] = [
  a => a.destroy(),
  a => {
    a.destroy()
    a.destroy()
  },
  a => {
    a.end()
    a.destroy()
  },
  a => {
    a.destroy()
    a.end()
  },
  a => {
    a.pause()
    a.destroy()
    a.stream.resume()
  }
]

export const stateCases: readonly TransportCase[] = [
  ...Object.entries(STATES).map(([state, bring]) => ({
    name: `destroyed when ${state}, in whatever way and again, an end closes once, and so does the other`,
    run: (trial: TransportTrial) => everyWay(trial, bring)
  })),
  {
    name: 'one that is closed takes every call and does nothing: write returns false',
    async run(trial) {
      for (const close of [(a: End) => a.destroy(), (_: End, b: End) => b.destroy()]) {
        const { a, b } = await trial.readLine()
        await trial.trip(a, b)
        close(a, b)
        await trial.closed(a, b)
        for (const end of [a, b]) {
          holds(!end.write(100), 'write() of one that is closed returns false')
          end.end()
          end.pause()
          end.stream.resume()
          end.destroy()
        }
        // what it must not do would happen meanwhile
        const other = await trial.readLine()
        for (let i = 0; i < 20; i++) await trial.trip(other.a, other.b)
      }
    }
  }
]

async function everyWay(trial: TransportTrial, bring: Bring): Promise<void> {
  for (const destroy of WAYS) {
    const { a, b } = await trial.readLine()
    await bring(trial, a, b)
    destroy(a)
    await trial.closed(a, b)
  }
}
