import type { TransportNature } from '../../transport/contract.ts'
import { holds, same } from '../assert.ts'
import { begun } from '../bytes.ts'
import { CHUNK } from './end.ts'
import type { TransportCase } from './trial.ts'

const MIB = 1024 * 1024
/** Of what comes, after which the slow reader makes a pause. */
const SIP = 32 * 1024

export function flowCases({ bound }: TransportNature): readonly TransportCase[] {
  return [...(bound === null ? [] : held(bound)), ...always]
}

/** More than fits on the way. */
function held(bound: number): readonly TransportCase[] {
  return [
    {
      name: 'without a reader the writer waits, before more than the bound is on its way; when it is read, all arrives',
      async run(trial) {
        const { a, b } = await trial.line()
        a.read()
        const total = bound + MIB
        const sent = begun(trial.send(a, total, { to: b }))
        await trial.settled(() => a.written, { from: b, to: a })
        holds(a.written < total, 'the writer waits')
        holds(a.written <= bound, `at most ${bound} bytes on their way`)
        b.read()
        await sent
        await trial.arrived(a, b)
        same(b.received, total, 'bytes')
      }
    },
    {
      name: 'however slow the reader, no more than the bound is on its way',
      async run(trial) {
        const { a, b } = await trial.line()
        a.read()
        let sip = 0
        b.read(chunk => {
          sip += chunk.length
          if (sip >= SIP) b.pause()
        })
        const total = 2 * MIB
        const sent = begun(trial.send(a, total, { to: b }))
        while (b.received < total) {
          await trial.until(() => !b.isFlowing || b.received === total, 'the reader gets something')
          await trial.trip(b, a)
          sip = 0
          b.read()
        }
        await sent
      }
    },
    {
      name: 'two that write and do not read wait, and go on when they read',
      async run(trial) {
        const { a, b } = await trial.line()
        const sent = [begun(trial.send(a, bound + MIB)), begun(trial.send(b, bound + MIB))]
        a.read()
        await trial.until(() => a.received >= MIB, 'the first end gets something')
        b.read()
        await Promise.all(sent)
        await Promise.all([trial.arrived(a, b), trial.arrived(b, a)])
      }
    },
    {
      name: 'a direction that stands still does not hold up the other',
      async run(trial) {
        const { a, b } = await trial.line()
        a.read()
        const sent = begun(trial.send(a, bound + MIB))
        await trial.settled(() => a.written, { from: b, to: a })
        await trial.send(b, 2 * MIB)
        await trial.arrived(b, a)
        b.read()
        await sent
        await trial.arrived(a, b)
      }
    }
  ]
}

const always: readonly TransportCase[] = [
  {
    name: 'after pause() nothing is read until resume(), and then everything',
    async run(trial) {
      const { a, b } = await trial.line()
      a.read()
      let pauses = 0
      b.read(() => {
        pauses++
        b.pause()
      })
      const sent = begun(trial.send(a, 4 * CHUNK))
      for (let round = 1; round <= 20 && b.received < 4 * CHUNK; round++) {
        await trial.until(() => pauses >= round, 'the reader gets something')
        const { received } = b
        for (let i = 0; i < 5; i++) await trial.trip(b, a)
        same(b.received, received, 'bytes read in a pause')
        b.read()
      }
      b.read(() => {})
      await sent
      await trial.arrived(a, b)
    }
  },
  {
    name: 'what came before somebody reads is there when somebody does',
    async run(trial) {
      const { a, b } = await trial.line()
      a.read()
      for (const size of [1, 0, 10_000]) a.write(size)
      for (let i = 0; i < 20; i++) await trial.trip(b, a)
      same(b.received, 0, 'bytes read')
      b.read()
      await trial.arrived(a, b)
    }
  }
]
