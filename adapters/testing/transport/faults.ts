import { same } from '../assert.ts'
import { begun } from '../bytes.ts'
import { noEnd } from './aborts.ts'
import type { TransportCase, TransportFaults, TransportPair } from './trial.ts'

const MIB = 1024 * 1024

export function faultCases<P extends TransportPair>(faults: TransportFaults<P>): readonly TransportCase<P>[] {
  const { cut, opening, unreachable } = faults
  return [
    ...(cut ? cutCases<P>(pair => cut.call(faults, pair)) : []),
    ...(opening ? [openingCase<P>(() => opening.call(faults))] : []),
    ...(unreachable ? [unreachableCase<P>(() => unreachable.call(faults))] : [])
  ]
}

function cutCases<P extends TransportPair>(
  cut: NonNullable<TransportFaults<P>['cut']>
): readonly TransportCase<P>[] {
  return [
    {
      name: 'when the network is torn off in the middle of writes, both ends close, with a beginning of what was written',
      async run(trial) {
        const { pair, a, b } = await trial.readLine()
        const sent = [a, b].map(end => begun(trial.send(end, 64 * MIB)))
        await trial.until(() => a.received > MIB && b.received > MIB, 'something arrives')
        await cut(pair)
        await trial.closed(a, b)
        await Promise.all(sent)
        noEnd(a, trial.nature)
        noEnd(b, trial.nature)
      }
    },
    {
      name: 'when the network is torn off while nothing is said, both ends close',
      async run(trial) {
        const { pair, a, b } = await trial.readLine()
        await trial.trip(a, b)
        await trial.trip(b, a)
        await cut(pair)
        await trial.closed(a, b)
        noEnd(a, trial.nature)
        noEnd(b, trial.nature)
      }
    },
    {
      name: 'when the network is torn off while a writer waits for a reader, the writer is set free, and both close',
      async run(trial) {
        const { pair, a, b } = await trial.line()
        a.read()
        const much = (trial.nature.bound ?? MIB) + MIB
        const sent = begun(trial.send(a, much))
        if (trial.nature.bound !== null) await trial.settled(() => a.written, { from: b, to: a })
        await cut(pair)
        await trial.closed(a)
        await sent
        b.read()
        await trial.closed(b)
        noEnd(b, trial.nature)
      }
    }
  ]
}

function openingCase<P extends TransportPair>(
  opening: NonNullable<TransportFaults<P>['opening']>
): TransportCase<P> {
  return {
    name: 'destroyed while it opens, with writes that wait or without, an end closes, once and without an error',
    async run(trial) {
      for (const work of [0, 1, 2, 3]) {
        const end = trial.lone(await opening())
        end.read()
        if (work > 0) for (let i = 0; i < 8; i++) end.write(65_536)
        if (work === 2) end.end()
        // it is at it already, or is not
        if (work === 3) await new Promise(resolve => setTimeout(resolve))
        end.destroy()
        end.destroy()
        await trial.closed(end)
        same([end.received, end.hasEnd, end.errors.map(String)], [0, false, []], 'bytes, end, errors')
      }
    }
  }
}

function unreachableCase<P extends TransportPair>(
  unreachable: NonNullable<TransportFaults<P>['unreachable']>
): TransportCase<P> {
  return {
    name: 'an end that reaches nobody fails with TRANSPORT_FAILED and a reason, and closes, whatever was written to it',
    async run(trial) {
      for (const hasWritten of [false, true]) {
        const end = trial.lone(await unreachable())
        end.read()
        if (hasWritten) for (let i = 0; i < 8; i++) end.write(65_536)
        await trial.closed(end)
        same([end.received, end.hasEnd, end.errors.length], [0, false, 1], 'bytes, end, number of errors')
      }
    }
  }
}
