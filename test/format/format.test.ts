import b4a from 'b4a'
import { expect, test } from 'vitest'
import documented from '../../docs/FORMAT.md?raw'
import { decodeEntry } from '../../src/oplog/entry.ts'
import { decodeMessage } from '../../src/sync/ranges/messages.ts'
import { decodeBase } from '../../src/system/base.ts'
import { decodeBoot, encodeBoot } from '../../src/system/boot.ts'
import { decodeSegment, encodeSegment } from '../../src/system/segment.ts'
import { BASE, ENTRIES, RANGE_MESSAGES, vectors } from './vectors.ts'

const golden = readVectors()
const bytes = (name: string) => b4a.from(golden[name] as string, 'hex')

function readVectors(): Record<string, string> {
  const block = /```json vectors\n([\s\S]*?)```/.exec(documented)?.[1]
  if (!block) throw new Error('docs/FORMAT.md holds no vectors')
  return JSON.parse(block)
}

test('what is written is what docs/FORMAT.md says', () => {
  expect(vectors()).toEqual(golden)
})

for (const [name, { entry, core, index }] of Object.entries(ENTRIES)) {
  test(`the documented bytes decode: ${name}`, () => {
    const { hash, ...decoded } = decodeEntry(bytes(`entry: ${name}`), { core, index })
    expect(decoded).toEqual(entry)
    expect(b4a.toString(hash, 'hex')).toBe(golden[`entry hash: ${name}`])
  })

  test(`no part of it decodes, and nothing may follow: ${name}`, () => {
    const block = bytes(`entry: ${name}`)
    const { byteLength } = block
    const tailLess = new Set<number>()
    if (entry.checkpoint) {
      tailLess.add(encodedWithoutTail(block, { core, index }))
    }
    for (let length = 0; length < byteLength; length++) {
      if (tailLess.has(length)) continue
      expect(() => decodeEntry(block.subarray(0, length), { core, index })).toThrow()
    }
    const longer = b4a.concat([block, b4a.alloc(1)])
    expect(() => decodeEntry(longer, { core, index })).toThrow()
  })
}

/** An entry without its checkpoint is a whole entry: the tail is optional. */
function encodedWithoutTail(block: Uint8Array, at: { core: Uint8Array; index: number }): number {
  for (let length = block.byteLength - 1; length > 0; length--) {
    try {
      decodeEntry(block.subarray(0, length), at)
      return length
    } catch {
      // cut inside the tail
    }
  }
  return -1
}

test('a version, a flag or a tail flag that is not known asks for an upgrade', () => {
  const at = { core: b4a.alloc(32, 0xaa), index: 7 }
  const block = bytes('entry: a value')
  for (const [offset, value] of [
    [0, 2],
    [1, 64]
  ] as const) {
    const later = b4a.from(block)
    later[offset] = value
    expect(() => decodeEntry(later, at)).toThrow(expect.objectContaining({ code: 'UPGRADE_REQUIRED' }))
  }
  const tail = b4a.concat([block, b4a.from([4])])
  expect(() => decodeEntry(tail, at)).toThrow(expect.objectContaining({ code: 'UPGRADE_REQUIRED' }))
})

test('segments and boot records read back as they were written', () => {
  const segment = decodeSegment(bytes('segment of four units'))
  expect(segment.map(({ length }) => length)).toEqual([1, 2, 5, 1])
  expect(b4a.equals(encodeSegment(segment), bytes('segment of four units'))).toBe(true)
  const boot = decodeBoot(bytes('boot record'))
  expect(b4a.equals(encodeBoot(boot), bytes('boot record'))).toBe(true)
  for (const cut of [1, 40, 60]) {
    expect(() => decodeBoot(bytes('boot record').subarray(0, cut))).toThrow(
      expect.objectContaining({ code: 'STORE_CORRUPT' })
    )
  }
})

test('a base reads back as it was written, and no part of it reads', () => {
  const base = bytes('base of two writers')
  expect(decodeBase(base)).toEqual(BASE)
  for (let length = 1; length < base.byteLength; length++) {
    expect(() => decodeBase(base.subarray(0, length))).toThrow(
      expect.objectContaining({ code: 'STORE_CORRUPT' })
    )
  }
  const later = b4a.from(base)
  later[0] = 2
  expect(() => decodeBase(later)).toThrow(expect.objectContaining({ code: 'UPGRADE_REQUIRED' }))
})

for (const [name, message] of Object.entries(RANGE_MESSAGES)) {
  test(`a message of the range protocol reads back as it was written: ${name}`, () => {
    expect(decodeMessage(message.type, bytes(`ranges: ${name}`))).toEqual(message)
  })
}
