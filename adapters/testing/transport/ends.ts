import type { TransportNature } from '../../transport/contract.ts'
import { holds, same } from '../assert.ts'
import { begun } from '../bytes.ts'
import type { End } from './end.ts'
import type { TransportCase } from './trial.ts'

const MIB = 1024 * 1024

export function endCases({ halfOpen }: TransportNature): readonly TransportCase[] {
  return [...always, ...(halfOpen ? halves : wholes)]
}

/** Both ends have read an end and closed, and nobody was told of an error. */
function expectClean(...ends: readonly End[]): void {
  for (const end of ends) same(end.errors.map(String), [], 'errors of an end without a failure')
}

const always: readonly TransportCase[] = [
  {
    name: 'all that was written before end() arrives, and then the end, once',
    async run(trial) {
      const { a, b } = await trial.readLine()
      for (const size of [1, 0, 3 * MIB, 17]) a.write(size)
      a.end()
      await trial.until(() => b.hasEnd, "'end'")
      same(b.received, a.written, 'bytes before the end')
      b.end()
      await trial.closed(a, b)
      expectClean(a, b)
    }
  },
  {
    name: 'an end() of one that has written nothing is an end',
    async run(trial) {
      const { a, b } = await trial.readLine()
      a.end()
      await trial.until(() => b.hasEnd, "'end'")
      same(b.received, 0, 'bytes before the end')
      b.end()
      await trial.closed(a, b)
      expectClean(a, b)
    }
  },
  {
    name: 'both may end at once',
    async run(trial) {
      const { a, b } = await trial.readLine()
      await Promise.all([trial.trip(a, b), trial.trip(b, a)])
      a.end()
      b.end()
      await trial.closed(a, b)
      same([a.hasEnd, b.hasEnd], [true, true], 'ends')
      expectClean(a, b)
    }
  },
  {
    name: 'what was written before end() is there for a reader that comes late, and the end after it',
    async run(trial) {
      const { a, b } = await trial.line()
      a.read()
      a.write(100_000)
      a.end()
      // which take their time as well
      if (trial.nature.halfOpen) for (let i = 0; i < 20; i++) await trial.trip(b, a)
      same([b.received, b.hasEnd], [0, false], 'what was read')
      b.read()
      await trial.until(() => b.hasEnd, "'end'")
      same(b.received, a.written, 'bytes before the end')
      b.end()
      await trial.closed(a, b)
      expectClean(a, b)
    }
  },
  {
    name: 'a writer that ends while it waits loses nothing, however slow the reader',
    async run(trial) {
      const { a, b } = await trial.line()
      a.read()
      for (let i = 0; i < 4 * 16; i++) a.write(65_536)
      a.end()
      b.read(chunk => {
        if (chunk.length > 0) b.pause()
      })
      // the first pauses, one by one
      for (let i = 0; i < 10; i++) {
        await trial.until(() => !b.isFlowing || b.hasEnd, 'the reader gets something')
        b.read()
      }
      b.read(() => {})
      await trial.until(() => b.hasEnd, "'end'")
      same(b.received, a.written, 'bytes before the end')
      b.end()
      await trial.closed(a, b)
      expectClean(a, b)
    }
  },
  {
    name: 'end() may be called again',
    async run(trial) {
      const { a, b } = await trial.readLine()
      a.write(1000)
      a.end()
      a.end()
      await trial.until(() => b.hasEnd, "'end'")
      a.end()
      b.end()
      b.end()
      await trial.closed(a, b)
      for (const end of [a, b]) end.end()
      same(b.received, 1000, 'bytes before the end')
      expectClean(a, b)
    }
  }
]

const halves: readonly TransportCase[] = [
  {
    name: 'half-open: one that has ended reads on what the other writes on',
    async run(trial) {
      const { a, b } = await trial.readLine()
      a.write(1000)
      a.end()
      await trial.until(() => b.hasEnd, "'end'")
      await trial.send(b, 2 * MIB)
      for (let i = 0; i < 20; i++) await trial.trip(b, a)
      same([a.isClosed, b.isClosed, a.hasEnd], [false, false, false], 'half-open: closed, closed, ended')
      b.end()
      await trial.closed(a, b)
      same([a.received, a.hasEnd], [b.written, true], 'bytes, and the end after them')
      expectClean(a, b)
    }
  },
  {
    name: 'half-open: what is on its way when the other ends arrives, also when both end',
    async run(trial) {
      const { a, b } = await trial.readLine()
      const sent = begun(trial.send(b, MIB))
      a.write(1000)
      a.end()
      await sent
      b.end()
      await trial.closed(a, b)
      same([a.received, b.received], [b.written, a.written], 'bytes')
      same([a.hasEnd, b.hasEnd], [true, true], 'ends')
      expectClean(a, b)
    }
  }
]

const wholes: readonly TransportCase[] = [
  {
    name: 'not half-open: the end() of one ends the other, and both close without an error',
    async run(trial) {
      const { a, b } = await trial.readLine()
      await trial.trip(b, a)
      a.write(1000)
      a.end()
      await trial.closed(a, b)
      holds(b.hasEnd, "'end' where the other has ended")
      same(b.received, a.written, 'bytes before the end')
      expectClean(a, b)
    }
  },
  {
    name: 'not half-open: the end() of one that has yet to read sets the other’s waiting writer free, and both close without an error',
    async run(trial) {
      const { a, b } = await trial.line()
      b.read()
      await trial.trip(a, b)
      const much = (trial.nature.bound ?? MIB) + MIB
      const sent = begun(trial.send(b, much))
      if (trial.nature.bound !== null) await trial.settled(() => b.written, { from: a, to: b })
      a.end()
      a.read()
      await trial.closed(a, b)
      await sent
      expectClean(a, b)
    }
  }
]
