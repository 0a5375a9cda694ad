import { same } from '../assert.ts'
import { filled } from '../bytes.ts'
import type { TransportCase } from './trial.ts'

const SIZES = [1, 0, 65_536, 3, 1_000_000, 17, 0, 262_143, 262_144, 262_145, 16_384, 2]
const LARGE = 8 * 1024 * 1024 + 1
const TINY = 10_000

export const byteCases: readonly TransportCase[] = [
  {
    name: 'what is written is read: every byte, in order, once, whatever the sizes of the writes',
    async run(trial) {
      const { a, b } = await trial.readLine()
      for (const size of SIZES) a.write(size)
      await trial.arrived(a, b)
      for (const size of SIZES) b.write(size)
      await trial.arrived(b, a)
    }
  },
  {
    name: 'bytes leave at once, without more of them and without an end',
    async run(trial) {
      const { a, b } = await trial.readLine()
      for (let i = 0; i < 50; i++) {
        await trial.trip(a, b)
        await trial.trip(b, a)
      }
    }
  },
  {
    name: '10,000 writes of one byte arrive, and as many of none between them do no harm',
    async run(trial) {
      const { a, b } = await trial.readLine()
      for (let i = 0; i < TINY; i++) {
        a.write(0)
        await trial.send(a, 1)
      }
      await trial.arrived(a, b)
      same(b.received, TINY, 'bytes')
      // with nothing behind them
      for (let i = 0; i < 100; i++) b.write(0)
      await trial.trip(b, a)
    }
  },
  {
    name: 'a write of more than 8 MiB arrives, both ways at once',
    async run(trial) {
      const { a, b } = await trial.readLine()
      for (const end of [a, b]) end.write(LARGE)
      await Promise.all([trial.arrived(a, b), trial.arrived(b, a)])
    }
  },
  {
    name: 'a view into a larger buffer is sent as the view alone',
    async run(trial) {
      const { a, b } = await trial.readLine()
      for (const size of [1, 300, 70_000]) {
        const slab = filled(size + 50, 255)
        slab.set(a.next(size), 20)
        a.writeThis(slab.subarray(20, 20 + size))
      }
      await trial.arrived(a, b)
    }
  },
  {
    name: 'a reader that changes what it got changes nobody else’s bytes, and what was written stays as it was',
    async run(trial) {
      const { a, b } = await trial.line()
      const copies: Uint8Array[] = []
      a.read()
      b.read(chunk => {
        copies.push(chunk)
        chunk.fill(255)
      })
      const written: Uint8Array[] = []
      for (const size of SIZES) {
        const bytes = a.next(size)
        written.push(bytes)
        a.writeThis(bytes)
      }
      const kept = written.map(bytes => bytes.slice())
      await trial.arrived(a, b)
      for (const [i, bytes] of written.entries())
        same(
          bytes.findIndex((byte, at) => byte !== kept[i]?.[at]),
          -1,
          `the changed byte of write ${i}`
        )
      same(
        copies.findIndex(chunk => chunk.some(byte => byte !== 255)),
        -1,
        'the chunk that was changed once it was read'
      )
    }
  },
  {
    name: 'both directions carry at once, and do not mix',
    async run(trial) {
      const { a, b } = await trial.readLine()
      await Promise.all([trial.send(a, 3_000_000, { by: 10_007 }), trial.send(b, 3_000_000, { by: 70_001 })])
      await Promise.all([trial.arrived(a, b), trial.arrived(b, a)])
    }
  },
  {
    name: 'a writer that does not wait as it is told loses nothing',
    async run(trial) {
      const { a, b } = await trial.readLine()
      for (let i = 0; i < 64; i++) a.write(65_536)
      await trial.arrived(a, b)
    }
  }
]
