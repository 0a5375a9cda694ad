import b4a from 'b4a'
import c from 'compact-encoding'
import { encodeAnchor } from '../../src/apply/anchor.ts'
import { checkValue, type Entry, encodeEntry } from '../../src/oplog/entry.ts'
import { OUTGOING, type RangeMessage } from '../../src/sync/ranges/messages.ts'
import { type BaseRecord, encodeBase } from '../../src/system/base.ts'
import { encodeBoot } from '../../src/system/boot.ts'
import { OrderHashes } from '../../src/system/order-hash.ts'
import { encodeSegment } from '../../src/system/segment.ts'

const hex = (bytes: Uint8Array) => b4a.toString(bytes, 'hex')
export const KEY_A = b4a.alloc(32, 0xaa)
export const KEY_B = b4a.alloc(32, 0xbb)

const PLAIN: Entry = {
  timestamp: 1_700_000_000_000,
  batch: { start: 0, end: 0 },
  optimistic: false,
  ack: false,
  links: [],
  value: b4a.from('hello'),
  origin: null,
  checkpoint: null
}

/** The entries that docs/FORMAT.md shows the bytes of. */
export const ENTRIES: Record<string, { entry: Entry; core: Uint8Array; index: number }> = {
  'first entry of a database': {
    entry: { ...PLAIN, origin: { orderRule: 1, encrypted: false, valueEncoding: 'json' } },
    core: KEY_A,
    index: 0
  },
  'a value': { entry: PLAIN, core: KEY_A, index: 7 },
  'second of a unit of three, optimistic': {
    entry: { ...PLAIN, batch: { start: 1, end: 1 }, optimistic: true, value: b4a.alloc(0) },
    core: KEY_A,
    index: 8
  },
  'an ack with two links': {
    entry: {
      ...PLAIN,
      ack: true,
      value: null,
      links: [
        { key: KEY_A, length: 300 },
        { key: KEY_B, length: 2 }
      ]
    },
    core: b4a.alloc(32, 0xcc),
    index: 1
  },
  'a checkpoint': {
    entry: {
      ...PLAIN,
      checkpoint: {
        system: { key: KEY_A, length: 3 },
        view: { key: KEY_B, length: 5 },
        position: 64,
        orderHash: b4a.alloc(32, 0x11)
      }
    },
    core: KEY_A,
    index: 9
  }
}

/** The messages of the range protocol that docs/FORMAT.md shows the bytes of. */
export const RANGE_MESSAGES: Record<string, RangeMessage> = {
  have: {
    type: 'have',
    oplogs: [
      { key: KEY_A, length: 300, bytes: 70_000 },
      { key: KEY_B, length: 0, bytes: 0 }
    ]
  },
  ask: { type: 'ask', id: 1, key: KEY_A, from: 298, isLive: false, needsSigner: true },
  'live ask': { type: 'ask', id: 2, key: KEY_A, from: 300, isLive: true, needsSigner: false },
  'data, first of an answer': {
    type: 'data',
    id: 1,
    begin: { to: 300, signature: b4a.alloc(4, 0x44), signer: KEY_B },
    blocks: [b4a.from('hello')]
  },
  'data, second of an answer': { type: 'data', id: 1, begin: null, blocks: [b4a.alloc(0)] },
  none: { type: 'none', id: 2, reason: 'TOO_LARGE' },
  cancel: { type: 'cancel', id: 253 }
}

const PLACED = {
  writer: hex(KEY_A),
  start: 0,
  length: 1,
  applied: true,
  tried: false,
  changes: []
}

const SEGMENT = [
  PLACED,
  { ...PLACED, start: 1, length: 2 },
  { ...PLACED, start: 2, length: 5, changes: [{ writer: hex(KEY_B), role: 'indexer' as const }] },
  { ...PLACED, writer: hex(KEY_B), applied: false, tried: true }
]

/** Two writers, one of them with a unit below the base; and one who steers. */
export const BASE: BaseRecord = {
  base: {
    position: 64,
    lanes: [
      {
        writer: hex(KEY_A),
        last: {
          key: KEY_A,
          writer: hex(KEY_A),
          start: 60,
          length: 63,
          timestamp: 1_700_000_000_000,
          links: [],
          optimistic: false,
          ack: false,
          hash: b4a.alloc(0),
          bytes: 0,
          origin: null,
          checkpoint: null,
          values: null
        },
        isHead: true,
        isMember: true,
        role: 'indexer',
        before: 0
      },
      {
        writer: hex(KEY_B),
        last: null,
        isHead: false,
        isMember: true,
        role: 'writer',
        before: Number.POSITIVE_INFINITY
      }
    ],
    steering: [{ writer: hex(KEY_B), length: 3, at: 50 }]
  },
  orderHash: b4a.alloc(32, 0x11)
}

/** Everything that docs/FORMAT.md fixes, as this code writes it. */
export function vectors(): Record<string, string> {
  const made: Record<string, string> = { 'check value of core aa…aa': hex(checkValue(KEY_A)) }
  for (const [name, { entry, core, index }] of Object.entries(ENTRIES)) {
    const { block, hash } = encodeEntry(entry, { core, index })
    made[`entry: ${name}`] = hex(block)
    made[`entry hash: ${name}`] = hex(hash)
  }
  const hashes = new OrderHashes()
  hashes.push({ key: KEY_A, length: 1, hash: b4a.alloc(32, 0x22) }, true)
  made['order hash after one applied unit'] = hex(hashes.at(1))
  hashes.push({ key: KEY_B, length: 3, hash: b4a.alloc(32, 0x33) }, false)
  made['order hash after a skipped one more'] = hex(hashes.at(2))
  made['segment of four units'] = hex(encodeSegment(SEGMENT))
  made['base of two writers'] = hex(encodeBase(BASE))
  made['anchor of two heads'] = hex(
    encodeAnchor([
      { key: KEY_B, length: 2 },
      { key: KEY_A, length: 300 }
    ])
  )
  made['boot record'] = hex(
    encodeBoot({
      local: KEY_A,
      localFrozen: false,
      isClean: false,
      oplogLength: 5,
      viewLength: 4,
      systemLength: 1,
      viewHead: 3,
      systemHead: 1,
      position: 4,
      orderHash: hashes.at(2),
      indexed: 0,
      recent: SEGMENT,
      undoPoints: [
        { position: 0, view: 0 },
        { position: 4, view: 3 }
      ]
    })
  )
  for (const [name, message] of Object.entries(RANGE_MESSAGES)) {
    made[`ranges: ${name}`] = hex(c.encode(OUTGOING as never, message as never))
  }
  return made
}
