import { AutobeeError } from '../../../src/index.ts'
import type { TransportNature } from '../../transport/contract.ts'
import { holds, same } from '../assert.ts'
import { begun } from '../bytes.ts'
import type { End } from './end.ts'
import type { TransportCase } from './trial.ts'

const MIB = 1024 * 1024

export function abortCases(nature: Required<TransportNature>): readonly TransportCase[] {
  const { tellsAborts, halfOpen } = nature
  return [...(tellsAborts ? [idle, early] : []), ...always(nature), ...(halfOpen ? [halfEnded] : [])]
}

/** @throws when it has read an end where there was none, and the transport can tell */
export function noEnd(end: End, { tellsAborts }: Required<TransportNature>): void {
  if (tellsAborts) holds(!end.hasEnd, "no 'end' where nobody has ended")
}

const idle: TransportCase = {
  name: 'destroy() of one end closes the other, which has no end',
  async run(trial) {
    const { a, b } = await trial.readLine()
    await trial.trip(a, b)
    a.destroy()
    await trial.closed(a, b)
    noEnd(b, trial.nature)
    noEnd(a, trial.nature)
  }
}

const early: TransportCase = {
  name: 'destroy() right after the last write is no end either',
  async run(trial) {
    const { a, b } = await trial.readLine()
    await trial.trip(a, b)
    for (let i = 0; i < 16; i++) a.write(65_536)
    a.destroy()
    await trial.closed(a, b)
    noEnd(b, trial.nature)
  }
}

const halfEnded: TransportCase = {
  name: 'half-open: one that has ended and is destroyed before the other has closes the other',
  async run(trial) {
    const { a, b } = await trial.readLine()
    a.write(1000)
    a.end()
    await trial.until(() => b.hasEnd, "'end'")
    const sent = begun(trial.send(b, 4 * MIB))
    await trial.until(() => a.received > 0, 'something arrives')
    a.destroy()
    await trial.closed(a, b)
    await sent
    noEnd(a, trial.nature)
  }
}

function always(nature: Required<TransportNature>): readonly TransportCase[] {
  const much = (nature.bound ?? MIB) + MIB
  return [
    {
      name: 'destroyed while it writes, an end closes, and so does the other, with a beginning of what was written',
      async run(trial) {
        const { a, b } = await trial.readLine()
        const sent = begun(trial.send(a, much))
        await trial.until(() => b.received > 0, 'something arrives')
        a.destroy()
        await trial.closed(a, b)
        await sent
        holds(b.received <= a.written, 'no more than was written')
        noEnd(b, nature)
      }
    },
    {
      name: 'destroyed while its writer waits for a reader, an end closes; so does the other, at the latest when it reads',
      async run(trial) {
        const { a, b } = await trial.line()
        a.read()
        const sent = begun(trial.send(a, much))
        if (nature.bound !== null) await trial.settled(() => a.written, { from: b, to: a })
        a.destroy()
        await trial.closed(a)
        await sent
        b.read()
        await trial.closed(b)
        noEnd(b, nature)
      }
    },
    {
      name: 'destroyed while the other writes, an end closes, and the other’s writer is set free',
      async run(trial) {
        const { a, b } = await trial.line()
        a.read()
        const sent = begun(trial.send(a, much))
        await trial.settled(() => (nature.bound === null ? 0 : a.written), { from: b, to: a })
        b.destroy()
        await trial.closed(a, b)
        await sent
        noEnd(a, nature)
      }
    },
    {
      name: 'destroyed inside its own data listener, an end closes',
      async run(trial) {
        const { a, b } = await trial.line()
        a.read()
        b.read(() => b.destroy())
        const sent = begun(trial.send(a, MIB))
        await trial.closed(a, b)
        await sent
        noEnd(a, nature)
      }
    },
    {
      name: 'destroyed with an error, an end gives that error, once, and the other is not told it',
      async run(trial) {
        const { a, b } = await trial.readLine()
        await trial.trip(a, b)
        const error = new AutobeeError('TRANSPORT_FAILED', 'given', { reason: 'GIVEN' })
        a.destroy(error)
        a.destroy(new Error('too late'))
        await trial.closed(a, b)
        same(a.errors.length === 1 && a.errors[0] === error, true, 'the error that was given')
        holds(!b.errors.includes(error), 'the other has an error of its own, or none')
        noEnd(b, nature)
      }
    },
    {
      name: 'destroyed without an error, an end has none',
      async run(trial) {
        const { a, b } = await trial.readLine()
        const sent = begun(trial.send(a, MIB))
        await trial.until(() => b.received > 0, 'something arrives')
        a.destroy()
        await trial.closed(a, b)
        await sent
        same(a.errors.map(String), [], 'errors')
      }
    },
    {
      name: 'destroyed both at once, both close, without an error',
      async run(trial) {
        const { a, b } = await trial.readLine()
        await trial.trip(a, b)
        a.write(100_000)
        b.write(100_000)
        a.destroy()
        b.destroy()
        await trial.closed(a, b)
        same([...a.errors, ...b.errors].map(String), [], 'errors')
      }
    }
  ]
}
