import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromWire, toWire } from '../../adapters/tabs/errors.ts'
import { compact } from '../../adapters/tabs/line.ts'
import {
  PROTOCOL,
  readAnnouncements,
  readAnswers,
  readQuestions,
  strangerOf
} from '../../adapters/tabs/messages.ts'
import { Requests } from '../../adapters/tabs/requests.ts'
import { Teller, updated } from '../../adapters/tabs/state.ts'
import { AutobeeError, type WriterInfo } from '../../src/index.ts'

const KEY = new Uint8Array(32).fill(1)

const STATE = {
  store: 'id',
  key: KEY,
  local: { key: KEY, length: 3 },
  writable: true,
  isIndexer: false,
  orderLength: 3,
  tick: 1,
  stats: { appends: 1, applies: 1, undos: 0, reapplied: 0, reread: 0, fastForwards: 0, flushes: 1, bytes: 9 },
  views: [{ key: KEY, length: 2 }],
  view: { key: KEY, fork: 0, length: 2, head: 2 }
}
const ROWS = { isWhole: true, rows: [[0, { key: KEY, length: 1 }]] }
const WRITERS = {
  isWhole: true,
  rows: [[0, { key: KEY, length: 1, isIndexer: true, isRemoved: false, isLocal: true, state: 'active' }]]
}
const UPDATE = { state: STATE, writers: WRITERS, oplogs: ROWS }
const ERROR = { code: 'NOT_WRITABLE', message: 'no' }

const MESSAGES = [
  [readAnnouncements, { type: 'hello', client: 'ab', key: null, encryption: null, valueEncoding: 'json' }],
  [readAnnouncements, { type: 'owner', epoch: 1, owner: 'ab' }],
  [readAnnouncements, { type: 'free', epoch: 1, owner: 'ab' }],
  [readQuestions, { type: 'append', number: 1, values: [KEY], optimistic: false, confirmed: 0, since: null }],
  [readQuestions, { type: 'get', id: 1, index: 0 }],
  [readQuestions, { type: 'ask', id: 1, method: 'flush', args: [] }],
  [readQuestions, { type: 'wakeup', key: KEY, length: 1 }],
  [readQuestions, { type: 'heard', count: 1 }],
  [readAnswers, { type: 'welcome', told: null, ...UPDATE }],
  [readAnswers, { type: 'refused', error: ERROR }],
  [readAnswers, { type: 'event', name: 'update', args: [], ...UPDATE }],
  [readAnswers, { type: 'error', error: ERROR }],
  [readAnswers, { type: 'appended', number: 1, head: { key: KEY, length: 1 } }],
  [readAnswers, { type: 'not-appended', number: 1, error: ERROR }],
  [readAnswers, { type: 'result', id: 1, value: null }],
  [readAnswers, { type: 'failure', id: 1, error: ERROR }]
] as const

function packet(...messages: unknown[]): unknown {
  return { autobee: PROTOCOL, epoch: 1, owner: 'ab', messages }
}

function codeOf(run: () => unknown): string | null {
  try {
    run()
    return null
  } catch (error) {
    return (error as AutobeeError).code
  }
}

test('every message is read as it was posted, and by nobody whom it is not for', () => {
  for (const [read, message] of MESSAGES) {
    expect(read(structuredClone(packet(message)) as never)).toEqual(packet(message))
    for (const other of [readAnnouncements, readQuestions, readAnswers])
      if (other !== read) expect(codeOf(() => other(packet(message)))).toBe('TRANSPORT_FAILED')
  }
})

test('a message that lacks a field, or has another kind of value in it, is refused', () => {
  for (const [read, message] of MESSAGES) {
    for (const name of Object.keys(message).filter(name => !['value', 'told'].includes(name))) {
      const { [name as 'type']: _, ...rest } = message
      expect([name, codeOf(() => read(packet(rest)))]).toEqual([name, 'TRANSPORT_FAILED'])
      for (const wrong of [-1, 1.5, {}, Symbol.iterator])
        expect([name, codeOf(() => read(packet({ ...message, [name]: wrong })))]).toEqual([
          name,
          'TRANSPORT_FAILED'
        ])
    }
  }
})

test('whatever is posted is read or refused by code, never anything else', () => {
  const codes = new Set([null, 'TRANSPORT_FAILED', 'UPGRADE_REQUIRED'])
  const anything = fc.oneof(
    fc.anything(),
    fc.record({
      autobee: fc.oneof(fc.nat(2), fc.anything()),
      epoch: fc.nat(),
      owner: fc.string(),
      messages: fc.array(fc.anything())
    })
  )
  fc.assert(
    fc.property(anything, data => {
      strangerOf(data)
      for (const read of [readAnnouncements, readQuestions, readAnswers])
        expect(codes.has(codeOf(() => read(data)))).toBe(true)
    })
  )
})

test('what another build posts is refused as that, older or newer, whatever is in it', () => {
  for (const [version, reason] of [
    [0, 'NEWER'],
    [PROTOCOL + 1, 'OLDER']
  ] as const) {
    for (const read of [readAnnouncements, readQuestions, readAnswers]) {
      const data = { autobee: version, something: 'else' }
      expect(() => read(data)).toThrow(expect.objectContaining({ code: 'UPGRADE_REQUIRED', reason }))
    }
  }
})

test('errors keep their code, reason and message on the way', () => {
  const error = new AutobeeError('WAITING', 'for blocks', { reason: 'BLOCKS', cause: new Error('inside') })
  const again = fromWire(structuredClone(toWire(error))) as AutobeeError
  expect(AutobeeError.is(again, 'WAITING')).toBe(true)
  expect([again.code, again.reason, again.message]).toEqual([error.code, error.reason, error.message])
  expect(String(again.cause)).toContain('inside')
  expect(AutobeeError.is(fromWire(toWire(new TypeError('theirs'))))).toBe(false)
})

test('a clone of a message takes its own bytes with it, not all that are underneath', () => {
  const large = new Uint8Array(100_000)
  const message = compact({ a: [large.subarray(5, 10)], b: { c: large.subarray(0, 1) }, d: null })
  expect(message).toEqual({ a: [new Uint8Array(5)], b: { c: new Uint8Array(1) }, d: null })
  expect(message.a[0]?.buffer.byteLength).toBe(5)
})

test('a tab that is told only what is new has all rows, however they change', () => {
  const row = fc.record({ id: fc.nat(6), length: fc.nat(3), isIndexer: fc.boolean() })
  const lists = fc.array(fc.uniqueArray(row, { selector: ({ id }) => id }), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(lists, lists => {
      const teller = new Teller()
      let known: readonly WriterInfo[] = []
      for (const list of lists) {
        const writers = list.map(({ id, length, isIndexer }): WriterInfo => {
          const key = new Uint8Array(32).fill(id)
          return { key, length, isIndexer, isRemoved: false, isLocal: false, state: 'active' }
        })
        known = updated(known, teller.next({ state: STATE, writers, oplogs: [] }).writers)
        expect(known).toEqual(writers)
      }
    })
  )
})

test('appends are asked of the next owner in their order, with their numbers; what may not be repeated rejects', async () => {
  const requests = new Requests()
  const ask = () => {
    const sent: { type: string; number?: number; since?: number | null; confirmed?: number }[] = []
    requests.attach({ send: question => void sent.push(question), tick: 7 })
    return sent
  }
  const appends = [1, 2, 3].map(() => requests.append([KEY], { optimistic: false }))
  const first = ask()
  expect(first.map(({ number, since }) => [number, since])).toEqual([
    [1, null],
    [2, null],
    [3, null]
  ])
  const update = requests.ask('update', [], { mayRepeat: true })
  const call = requests.ask('call', ['x'], { mayRepeat: false })
  requests.take({ type: 'appended', number: 1, head: { key: KEY, length: 9 } })
  requests.detach()
  const fourth = requests.append([KEY], { optimistic: false })
  await expect(call).rejects.toMatchObject({ code: 'OWNER_CHANGED' })
  const second = ask()
  const asked = second.filter(({ type }) => type === 'append')
  expect(asked.map(({ number, since }) => [number, since])).toEqual([
    [2, 7],
    [3, 7],
    [4, null]
  ])
  expect(asked.every(({ confirmed }) => confirmed === 1)).toBe(true)
  for (const number of [2, 3, 4])
    requests.take({ type: 'appended', number, head: { key: KEY, length: number } })
  expect((await Promise.all([...appends, fourth])).map(({ length }) => length)).toEqual([9, 2, 3, 4])
  const { id } = second.find(({ type }) => type === 'ask') as { id?: number }
  requests.take({ type: 'result', id: id as number, value: undefined })
  await update
})

test('a tab has at most 1,024 appends with the owner at once', async () => {
  const requests = new Requests()
  const sent: number[] = []
  requests.attach({ send: question => question.type === 'append' && sent.push(question.number), tick: 0 })
  const all = Array.from({ length: 3000 }, () => requests.append([KEY], { optimistic: false }))
  expect(sent.length).toBe(1024)
  for (let number = 1; number <= 3000; number++)
    requests.take({ type: 'appended', number, head: { key: KEY, length: number } })
  await Promise.all(all)
  expect(sent).toEqual(Array.from({ length: 3000 }, (_, i) => i + 1))
})
