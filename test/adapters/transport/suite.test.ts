import { describe, expect, test } from 'vitest'
import { type TransportSuiteOptions, transportSuite } from '../../../adapters/testing/index.ts'
import { MEMORY_BOUND, type MemoryPair, memoryPair, type Wrongs } from './memory-pair.ts'

/** ms: what never comes is waited for so long. */
const PATIENCE = 1_000

/** The name of the first case that fails, and why; null when none does. */
async function firstFailure(
  wrongs: Wrongs,
  nature: Partial<TransportSuiteOptions<MemoryPair>> = {}
): Promise<string | null> {
  const cases: { name: string; run: () => Promise<void> }[] = []
  transportSuite<MemoryPair>({
    test: (name, run) => cases.push({ name, run }),
    create: () => memoryPair(wrongs),
    bound: MEMORY_BOUND,
    halfOpen: true,
    faults: { cut: pair => pair.cut() },
    seeds: [1],
    patience: PATIENCE,
    ...nature
  })
  for (const { name, run } of cases) {
    try {
      await run()
    } catch (error) {
      return `${name}: ${String(error)}`
    }
  }
  return null
}

/** Changes the chunk that has the byte at `place` in it. */
function at(place: number, change: (chunk: Uint8Array, at: number) => readonly Uint8Array[]): Wrongs {
  return {
    carry: (chunk, from) =>
      from <= place && place < from + chunk.length ? change(chunk, place - from) : [chunk]
  }
}

/** What breaks a promise, and what tells of it. */
const BROKEN: Record<string, { wrongs: Wrongs; notices: RegExp }> = {
  'a byte is lost': {
    wrongs: at(300_000, (chunk, i) => [chunk.subarray(0, i), chunk.subarray(i + 1)]),
    notices: /what is written is read.*byte 300000 is not the one/
  },
  'a byte comes twice': {
    wrongs: at(70_000, (chunk, i) => [chunk.subarray(0, i + 1), chunk.subarray(i)]),
    notices: /what is written is read.*byte 70001 is not the one/
  },
  'a byte is changed': {
    wrongs: at(70_000, (chunk, i) => {
      const changed = chunk.slice()
      changed[i] = ~(chunk[i] as number) & 255
      return [changed]
    }),
    notices: /what is written is read.*byte 70000 is not the one/
  },
  'the last byte is lost': {
    wrongs: { carry: chunk => [chunk.length === 17 ? chunk.subarray(0, 16) : chunk] },
    notices: /what is written is read/
  },
  'a write comes twice': {
    wrongs: at(65_537, chunk => [chunk, chunk]),
    notices: /what is written is read/
  },
  'parts of a large write come in another order': {
    wrongs: {
      carry: chunk => (chunk.length < 500_000 ? [chunk] : [chunk.subarray(65_536), chunk.subarray(0, 65_536)])
    },
    notices: /what is written is read/
  },
  'a large write is cut off': {
    wrongs: { carry: chunk => [chunk.subarray(0, 2 ** 23)] },
    notices: /more than 8 MiB/
  },
  'the buffer is sent instead of the view': {
    wrongs: { carry: chunk => [new Uint8Array(chunk.buffer)], handsOver: true },
    notices: /a view into a larger buffer/
  },
  'the reader gets the writer’s own memory': {
    wrongs: { handsOver: true },
    notices: /changes nobody else’s bytes/
  },
  'small writes wait for more': {
    wrongs: { holdsBack: true },
    notices: /bytes leave at once/
  },
  'text comes': {
    wrongs: { carry: () => ['text' as never] },
    notices: /bytes, not string/
  },
  'nothing holds the writer back': {
    wrongs: { bound: Number.POSITIVE_INFINITY },
    notices: /without a reader the writer waits/
  },
  'more is on its way than is said': {
    wrongs: { bound: 2 * MEMORY_BOUND },
    notices: /without a reader the writer waits/
  },
  'one direction holds up the other': {
    wrongs: { couples: true },
    notices: /without a reader|two that write|does not hold up the other/
  },
  'a pause is none': {
    wrongs: { ignoresPause: true },
    notices: /'data' after pause/
  },
  'what comes before somebody reads is lost': {
    wrongs: { forgetsOnLateRead: true },
    notices: /without a reader|before somebody reads/
  },
  'the end overtakes what was written': {
    wrongs: { endsEarly: true },
    notices: /all that was written before end\(\)/
  },
  'there is no end': {
    wrongs: { neverEnds: true },
    notices: /all that was written before end\(\).*'end'/
  },
  'an end ends both directions': {
    wrongs: { endsBoth: true },
    notices: /half-open|a reader that comes late/
  },
  'an end destroys the other side': {
    wrongs: { destroysOtherOnEnd: true },
    notices: /all that was written before end\(\)|an end\(\) of one/
  },
  'a destroyed end looks like one that has ended': {
    wrongs: { endsOnDestroy: true },
    notices: /has no end/
  },
  'the other side never hears of a destroyed end': {
    wrongs: { keepsOtherOpen: true },
    notices: /destroy\(\) of one end closes the other/
  },
  'a writer that waits is never set free': {
    wrongs: { hangsWhenBlocked: true },
    notices: /destroyed while it/
  },
  'an end closes twice': {
    wrongs: { closesTwice: true },
    notices: /'close' after 'close'/
  },
  'an error has no code': {
    wrongs: { errorOnDestroy: true },
    notices: /TRANSPORT_FAILED with a reason/
  },
  'a torn network has no code': {
    wrongs: { untyped: true },
    notices: /torn off.*TRANSPORT_FAILED with a reason/
  },
  'a torn network looks like the end': {
    wrongs: { cutIsEnd: true },
    notices: /torn off/
  },
  'something is left': {
    wrongs: { leaks: true },
    notices: /nothing is held any more/
  },
  'a closed end throws': {
    wrongs: { throwsWhenClosed: true },
    notices: /takes every call/
  }
}

describe('transportSuite', () => {
  test('passes in memory', async () => {
    expect(await firstFailure({})).toBeNull()
  })

  test.for(Object.entries(BROKEN))('notices when %s', async ([, { wrongs, notices }]) => {
    expect(await firstFailure(wrongs)).toMatch(notices)
  })

  test('takes a transport at its word: one that says it is not half-open has to end both ways', async () => {
    expect(await firstFailure({}, { halfOpen: false })).toMatch(/not half-open/)
  })

  test('lets pass what a transport says that it cannot do', async () => {
    expect(await firstFailure({ bound: Number.POSITIVE_INFINITY }, { bound: null })).toBeNull()
  })

  test('notices ends that open without end', async () => {
    const opening = () => {
      const { ends, destroy } = memoryPair({ hangsWhenBlocked: true, keepsOtherOpen: true })
      const [end] = ends
      // nobody calls back
      end._open = () => {}
      return { end, destroy }
    }
    expect(await firstFailure({}, { faults: { opening } })).toMatch(/destroyed while it opens/)
  })

  test('notices ends that reach nobody and do not say so', async () => {
    const unreachable = () => {
      const { ends, destroy } = memoryPair()
      queueMicrotask(() => ends[0].destroy())
      return { end: ends[0], destroy }
    }
    expect(await firstFailure({}, { faults: { unreachable } })).toMatch(/reaches nobody/)
  })
})
