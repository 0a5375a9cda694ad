import b4a from 'b4a'
import crypto from 'hypercore-crypto'
import { expect, test } from 'vitest'
import type { Autobee } from '../../src/index.ts'
import type { RangeStats } from '../../src/sync/ranges/oplog.ts'
import { connect, contents, harness, op, sees, until } from '../core/harness.ts'
import type { Hostile } from '../support/hostile.ts'
import { counted } from './counted.ts'
import { type Ask, announcementOf, rangeOf, Speaker } from './speaker.ts'

const h = harness()
const now = Date.now()

interface Scene {
  readonly db: Autobee
  readonly ranges: RangeStats
  /** A member's oplog with three entries, which only the speaker can tell of. */
  readonly member: Hostile
  readonly speaker: Speaker
  /** Connects the member by stock replication: the way out. */
  rescue(): () => Promise<void>
}

/** A database that follows a member's oplog, and somebody who says what he likes about it in the range protocol. */
async function scene({ entries = 3, before = async (_: Speaker) => {} } = {}): Promise<Scene> {
  const { db, ranges } = await counted(h)
  const member = await h.hostile(db.key as Uint8Array)
  await db.append(op({ addWriter: member.core.id }))
  for (let i = 0; i < entries; i++)
    await member.write({ value: op({ put: { [`m${i}`]: i } }), timestamp: now + i })
  const speaker = new Speaker(db.key as Uint8Array)
  await before(speaker)
  connect(db, speaker)
  await until(() => speaker.told(member.key) !== undefined)
  return { db, ranges, member, speaker, rescue: () => connect(db, member) }
}

async function asked(speaker: Speaker, count = 1): Promise<Ask> {
  await until(() => speaker.all('ask').length >= count)
  return speaker.all('ask')[count - 1] as Ask
}

/** The stream lives, and the database takes the member's entries by stock replication. */
async function recovers({ db, ranges, speaker, rescue }: Scene): Promise<void> {
  expect(ranges.blocksTaken).toBe(0)
  rescue()
  await sees(db, 'm0', 'm1', 'm2')
  expect(speaker.isEnded).toBe(false)
  await db.append(op({ put: { on: 1 } }))
  expect(await contents(db)).toMatchObject({ m0: '0', m1: '1', m2: '2', on: '1' })
}

test('an honest answer by hand is taken: the speaker speaks the protocol', async () => {
  const { db, ranges, member, speaker } = await scene()
  speaker.send(announcementOf(member))
  const ask = await asked(speaker)
  expect(ask).toMatchObject({ from: 0, isLive: false, needsSigner: true })
  expect(ask.key).toEqual(member.key)
  const { begin, blocks } = await rangeOf(member.core, { from: 0 })
  speaker.send({ type: 'data', id: ask.id, begin, blocks: blocks.slice(0, 1) })
  speaker.send({ type: 'data', id: ask.id, begin: null, blocks: blocks.slice(1) })
  await sees(db, 'm0', 'm1', 'm2')
  expect(ranges).toMatchObject({ taken: 1, blocksTaken: 3, failed: 0 })
  // and it listens for what comes next
  const live = await asked(speaker, 2)
  expect(live).toMatchObject({ from: 3, isLive: true })
})

const lies: Record<string, (range: Awaited<ReturnType<typeof rangeOf>>) => typeof range> = {
  'a changed block': ({ begin, blocks }) => ({
    begin,
    blocks: blocks.map((block, i) => (i === 1 ? b4a.concat([block, b4a.from('!')]) : block))
  }),
  'blocks in another order': ({ begin, blocks }) => ({ begin, blocks: [...blocks].reverse() }),
  'blocks of another offset': ({ begin, blocks }) => ({
    begin: { ...begin, to: begin.to - 1 },
    blocks: blocks.slice(1)
  }),
  'one block too few for its signature': ({ begin, blocks }) => ({
    begin: { ...begin, to: begin.to - 1 },
    blocks: blocks.slice(0, -1)
  }),
  'a made-up signature': ({ begin, blocks }) => ({
    begin: { ...begin, signature: b4a.alloc(begin.signature.byteLength, 7) },
    blocks
  }),
  'no signature': ({ begin, blocks }) => ({ begin: { ...begin, signature: b4a.alloc(0) }, blocks }),
  "somebody else's key": ({ begin, blocks }) => ({
    begin: { ...begin, signer: crypto.keyPair().publicKey },
    blocks
  }),
  'no key where one is needed': ({ begin, blocks }) => ({ begin: { ...begin, signer: null }, blocks }),
  'a longer log that he signed himself': ({ begin, blocks }) => {
    const keyPair = crypto.keyPair()
    const signature = b4a.concat([
      b4a.from([1, 0]),
      crypto.sign(b4a.alloc(112), keyPair.secretKey),
      b4a.from([0])
    ])
    return { begin: { to: begin.to, signature, signer: begin.signer }, blocks }
  }
}

test.each(Object.keys(lies))('an answer that does not verify is not taken: %s', async name => {
  const at = await scene()
  at.speaker.send(announcementOf(at.member))
  const ask = await asked(at.speaker)
  const lie = lies[name]!(await rangeOf(at.member.core, { from: 0 }))
  at.speaker.send({ type: 'data', id: ask.id, ...lie })
  await until(() => at.ranges.failed > 0)
  await recovers(at)
  // he is not asked for it again
  const before = at.speaker.all('ask').length
  at.speaker.send(announcementOf(at.member))
  await at.member.write({ value: op({ put: { m3: 3 } }), timestamp: now + 3 })
  at.speaker.send(announcementOf(at.member))
  await sees(at.db, 'm3')
  expect(at.speaker.all('ask').length).toBe(before)
  expect(at.ranges.failed).toBe(1)
})

const violations: Record<string, (scene: Scene) => Promise<void> | void> = {
  'an answer that nobody asked for': async ({ speaker, member }) => {
    const range = await rangeOf(member.core, { from: 0 })
    speaker.send({ type: 'data', id: 99, ...range })
  },
  'the same answer twice': async ({ speaker, member }) => {
    speaker.send(announcementOf(member))
    const ask = await asked(speaker)
    const { begin, blocks } = await rangeOf(member.core, { from: 0 })
    const lie = { begin: { ...begin, signature: b4a.alloc(0) }, blocks }
    speaker.send({ type: 'data', id: ask.id, ...lie })
    speaker.send({ type: 'data', id: ask.id, ...lie })
  },
  'an answer that does not begin': async ({ speaker, member }) => {
    speaker.send(announcementOf(member))
    const ask = await asked(speaker)
    speaker.send({ type: 'data', id: ask.id, begin: null, blocks: [b4a.from('x')] })
  },
  'an answer that begins twice': async ({ speaker, member }) => {
    speaker.send(announcementOf(member))
    const ask = await asked(speaker)
    const { begin, blocks } = await rangeOf(member.core, { from: 0 })
    speaker.send({ type: 'data', id: ask.id, begin, blocks: blocks.slice(0, 1) })
    speaker.send({ type: 'data', id: ask.id, begin, blocks: blocks.slice(1) })
  },
  'more blocks than it said': async ({ speaker, member }) => {
    speaker.send(announcementOf(member))
    const ask = await asked(speaker)
    const { begin, blocks } = await rangeOf(member.core, { from: 0 })
    speaker.send({ type: 'data', id: ask.id, begin, blocks: [...blocks, b4a.from('x')] })
  },
  'a range that ends where it begins': async ({ speaker, member }) => {
    speaker.send(announcementOf(member))
    const ask = await asked(speaker)
    const { begin, blocks } = await rangeOf(member.core, { from: 0 })
    speaker.send({ type: 'data', id: ask.id, begin: { ...begin, to: 0 }, blocks })
  },
  'a range of 2^50 blocks': async ({ speaker, member }) => {
    speaker.send(announcementOf(member))
    const ask = await asked(speaker)
    const { begin, blocks } = await rangeOf(member.core, { from: 0 })
    speaker.send({ type: 'data', id: ask.id, begin: { ...begin, to: 2 ** 50 }, blocks })
  },
  'more bytes than a range may have': async ({ speaker, member }) => {
    speaker.send(announcementOf(member))
    const ask = await asked(speaker)
    const { begin } = await rangeOf(member.core, { from: 0 })
    const blocks = [b4a.alloc(3 << 20)]
    speaker.send({ type: 'data', id: ask.id, begin: { ...begin, to: 100 }, blocks })
    for (let i = 0; i < 3; i++) speaker.send({ type: 'data', id: ask.id, begin: null, blocks })
  },
  'questions without end': ({ speaker, member }) => {
    for (let id = 1; id < 10_000; id++) {
      speaker.send({ type: 'ask', id, key: member.key, from: 0, isLive: true, needsSigner: true })
    }
  },
  'questions without end for what is not here': ({ speaker }) => {
    const key = b4a.alloc(32, 5)
    for (let id = 1; id < 10_000; id++) {
      speaker.send({ type: 'ask', id, key, from: 2 ** 50, isLive: false, needsSigner: true })
    }
  },
  'a message that ends early': ({ speaker }) => speaker.sendRaw(1, b4a.from([1, 0, 5, 5])),
  'a message with something behind it': ({ speaker }) => speaker.sendRaw(4, b4a.from([1, 2])),
  'a number beyond all bounds': ({ speaker }) => speaker.sendRaw(4, b4a.alloc(9, 255)),
  'flags that nobody knows': ({ speaker }) =>
    speaker.sendRaw(1, b4a.concat([b4a.from([1, 64]), b4a.alloc(33)])),
  'a count that is a lie': ({ speaker }) => speaker.sendRaw(0, b4a.from([253, 255, 15])),
  'blocks without number': ({ speaker }) => speaker.sendRaw(2, b4a.from([1, 0, 255, 0, 0, 0, 0, 0, 0, 4, 0])),
  'more oplogs than anybody has': ({ speaker }) => {
    const oplogs = Array.from({ length: 5000 }, (_, i) => ({ key: b4a.alloc(32, i), length: 1, bytes: 1 }))
    speaker.send({ type: 'have', oplogs })
  }
}

test.each(Object.keys(violations))(
  'what breaks the rules closes the channel, and nothing else: %s',
  async name => {
    const at = await scene()
    await violations[name]!(at)
    await until(() => at.speaker.isClosed)
    // he may try again, and is not heard on this stream
    at.speaker.open()
    const heard = at.speaker.heard.length
    await recovers(at)
    expect(at.speaker.heard.length).toBe(heard)
    expect(at.ranges.taken).toBe(0)
  }
)

test.each(['wrong', 'empty', 'long'])(
  'who cannot prove that he knows the database hears nothing: %s',
  async kind => {
    const { db } = await counted(h)
    await db.append(op({ put: { a: 1 } }))
    const size = { wrong: 32, empty: 0, long: 100 }[kind] as number
    const speaker = new Speaker(db.key as Uint8Array, { proof: b4a.alloc(size, 1) })
    connect(db, speaker)
    await until(() => speaker.isClosed)
    expect(speaker.heard).toEqual([])
    expect(speaker.isEnded).toBe(false)
  }
)

test('the proof of one connection is worth nothing on another', async () => {
  const { db } = await counted(h)
  await db.append(op({ put: { a: 1 } }))
  const other = new Speaker(db.key as Uint8Array)
  connect(db, other)
  await until(() => other.told(db.key as Uint8Array) !== undefined)
  const { handshakeHash } = other.stream.noiseStream
  const [, responder] = crypto.namespace('autobee/ranges', 2) as [Uint8Array, Uint8Array]
  const proof = crypto.hash([responder, db.key as Uint8Array, handshakeHash as Uint8Array])
  const speaker = new Speaker(db.key as Uint8Array, { proof })
  connect(db, speaker)
  await until(() => speaker.isClosed)
  expect(speaker.heard).toEqual([])
})

test('a length that is a lie is given up, and nobody is stalled by it', async () => {
  const at = await scene()
  at.speaker.send({ type: 'have', oplogs: [{ key: at.member.key, length: 3, bytes: 100 }] })
  await asked(at.speaker)
  // says nothing; flush() waits no longer than the answer is waited for
  await at.db.flush()
  expect(at.ranges.failed).toBeGreaterThan(0)
  await recovers(at)
})

test('an announced length beyond all bounds is not even asked for', async () => {
  const at = await scene()
  at.speaker.send({ type: 'have', oplogs: [{ key: at.member.key, length: 2 ** 50, bytes: 100 }] })
  at.speaker.send({ type: 'have', oplogs: [{ key: b4a.alloc(32, 1), length: 2 ** 50, bytes: 2 ** 52 }] })
  await recovers(at)
  await at.db.flush()
  expect(at.speaker.all('ask').filter(({ isLive }) => !isLive)).toEqual([])
})

test('who announces and refuses is asked less and less, and others are not held up', async () => {
  const at = await scene()
  at.speaker.onmessage = message => {
    if (message.type === 'ask') at.speaker.send({ type: 'none', id: message.id, reason: 'INCOMPLETE' })
  }
  for (let i = 0; i < 100; i++) {
    at.speaker.send({ type: 'have', oplogs: [{ key: at.member.key, length: 3 + i, bytes: 100 }] })
  }
  await recovers(at)
  expect(at.speaker.all('ask').length).toBeLessThan(10)
})

test('who promises much and gives nothing is soon asked for nothing, and keeps nobody waiting', async () => {
  const { db, ranges } = await counted(h)
  const store = await h.store()
  const members: Hostile[] = []
  for (let i = 0; i < 20; i++) {
    const member = await h.hostile(db.key as Uint8Array, { store, name: `member ${i}` })
    await db.append(op({ addWriter: member.core.id }))
    await member.write({ value: op({ put: { [`m${i}`]: i } }), timestamp: now })
    members.push(member)
  }
  const speaker = new Speaker(db.key as Uint8Array)
  connect(db, speaker)
  await until(() => members.every(({ key }) => speaker.told(key)))
  const oplogs = members.map(({ key }) => ({ key, length: 2 ** 10, bytes: 2 ** 20 }))
  speaker.send({ type: 'have', oplogs })
  await until(() => ranges.failed >= 8)
  // as many as are fetched at once, and the few whose turn came before that was enough
  const { length } = speaker.all('ask')
  expect(length).toBeLessThanOrEqual(10)
  connect(db, members[0] as Hostile)
  await sees(db, ...members.map((_, i) => `m${i}`))
  await db.flush()
  expect(speaker.all('ask').length).toBe(length)
  expect(ranges.taken).toBe(0)
})

test('a version of an oplog that a peer signed twice is left to Hypercore, which finds the conflict', async () => {
  const { db, ranges } = await counted(h)
  const keyPair = crypto.keyPair()
  const one = await h.hostile(db.key as Uint8Array, { keyPair })
  const two = await h.hostile(db.key as Uint8Array, { keyPair })
  await db.append(op({ addWriter: one.core.id }))
  await one.write({ value: op({ put: { one: 1 } }), timestamp: now })
  for (let i = 0; i < 3; i++) await two.write({ value: op({ put: { two: i } }), timestamp: now })
  const cut = connect(db, one)
  await sees(db, 'one')
  await cut()
  const speaker = new Speaker(db.key as Uint8Array)
  connect(db, speaker)
  await until(() => speaker.told(one.key)?.length === 1)
  speaker.send(announcementOf(two))
  const ask = await asked(speaker)
  expect(ask.from).toBe(1)
  speaker.send({ type: 'data', id: ask.id, ...(await rangeOf(two.core, { from: 1 })) })
  await until(() => ranges.failed > 0)
  expect(ranges.blocksTaken).toBe(0)
  connect(db, two)
  await until(() => [...db.writers].some(({ state }) => state === 'frozen'))
  expect(await contents(db)).toEqual({ one: '1' })
})

test('a range that comes after its blocks came in another way does no harm', async () => {
  const at = await scene()
  at.speaker.send(announcementOf(at.member))
  const ask = await asked(at.speaker)
  const range = await rangeOf(at.member.core, { from: 0 })
  const cut = at.rescue()
  // asked of him, so held: by and by it is left to the others
  await sees(at.db, 'm0', 'm1', 'm2')
  at.speaker.send({ type: 'data', id: ask.id, ...range })
  await cut()
  await at.member.write({ value: op({ put: { m3: 3 } }), timestamp: now + 3 })
  // in part
  at.speaker.send(announcementOf(at.member))
  await until(() => at.speaker.all('ask').some(({ from, isLive }) => from === 3 && !isLive))
  const second = at.speaker.all('ask').find(({ from, isLive }) => from === 3 && !isLive) as Ask
  at.speaker.send({ type: 'data', id: second.id, ...(await rangeOf(at.member.core, { from: 3 })) })
  await sees(at.db, 'm3')
  expect(at.speaker.isClosed).toBe(false)
})

test('the same again and again is given so often, and then no more', async () => {
  const { db, ranges } = await counted(h)
  const key = db.key as Uint8Array
  for (let i = 0; i < 5; i++) await db.append(op({ put: { [`k${i}`]: 'x'.repeat(1_000_000) } }))
  const speaker = new Speaker(key)
  connect(db, speaker)
  await until(() => speaker.told(key)?.length === 5)
  let id = 0
  const ask = () => speaker.send({ type: 'ask', id: ++id, key, from: 0, isLive: false, needsSigner: false })
  speaker.onmessage = message => {
    // the last block of an answer
    if (message.type === 'data' && speaker.all('data').length % 5 === 0) ask()
  }
  ask()
  await until(() => speaker.all('none').length > 0)
  expect(speaker.all('none')).toMatchObject([{ reason: 'BUSY' }])
  expect(ranges.bytesGiven).toBeGreaterThan(10_000_000)
  expect(ranges.bytesGiven).toBeLessThan(100_000_000)
  // what is new is given all the same
  await db.append(op({ put: { more: 1 } }))
  speaker.send({ type: 'ask', id: ++id, key, from: 5, isLive: false, needsSigner: false })
  await until(() => speaker.all('data').at(-1)?.id === id)
})

test('of what is in the store only members are told of, and only members are given', async () => {
  const { db, ranges } = await counted(h)
  const store = h.storeOf(db)
  const secret = store.get({ name: 'secret' })
  await secret.ready()
  await secret.append(b4a.from('secret') as never)
  const stranger = await h.hostile(db.key as Uint8Array)
  await stranger.write({ value: op({ put: { no: 1 } }), timestamp: now, optimistic: true })
  await db.append(op({ put: { a: 1 } }))
  const speaker = new Speaker(db.key as Uint8Array)
  connect(db, speaker)
  connect(db, stranger)
  await until(() => speaker.told(db.key as Uint8Array) !== undefined)
  const views = db.views().map(({ key }) => key)
  let id = 0
  for (const key of [secret.key, stranger.key, ...views]) {
    speaker.send({ type: 'ask', id: ++id, key, from: 0, isLive: false, needsSigner: true })
  }
  await until(() => speaker.all('none').length === 4)
  expect(speaker.all('none').map(({ reason }) => reason)).toEqual(Array(4).fill('UNKNOWN'))
  expect(
    speaker
      .all('have')
      .flatMap(({ oplogs }) => oplogs)
      .map(({ key }) => key)
  ).toEqual([db.key])
  expect(ranges.blocksGiven).toBe(0)
  await secret.close()
})

test('what is asked for is given: from the middle, live, and refused where there is nothing', async () => {
  const { db } = await counted(h)
  const key = db.key as Uint8Array
  for (let i = 0; i < 5; i++) await db.append(op({ put: { a: i } }))
  const speaker = new Speaker(key)
  connect(db, speaker)
  await until(() => speaker.told(key)?.length === 5)
  speaker.send({ type: 'ask', id: 1, key, from: 3, isLive: false, needsSigner: false })
  await until(() => speaker.all('data').length === 1)
  const [data] = speaker.all('data')
  expect(data).toMatchObject({ id: 1, begin: { to: 5, signer: null } })
  expect(data?.blocks).toEqual((await rangeOf(db.local, { from: 3 })).blocks)
  speaker.send({ type: 'ask', id: 2, key, from: 5, isLive: false, needsSigner: false })
  await until(() => speaker.all('none').length === 1)
  speaker.send({ type: 'ask', id: 3, key, from: 2 ** 50, isLive: false, needsSigner: false })
  await until(() => speaker.all('none').length === 2)
  speaker.send({ type: 'ask', id: 4, key, from: 5, isLive: true, needsSigner: true })
  await until(() => db.local.length === 5)
  await db.append(op({ put: { live: 1 } }))
  await until(() => speaker.all('data').length === 2)
  expect(speaker.all('data')[1]).toMatchObject({ id: 4, begin: { to: 6 } })
  // taken back: nothing comes of it, and it is told of instead
  speaker.send({ type: 'ask', id: 5, key, from: 6, isLive: true, needsSigner: false })
  speaker.send({ type: 'cancel', id: 5 })
  speaker.send({ type: 'ask', id: 6, key: b4a.alloc(32), from: 0, isLive: false, needsSigner: false })
  await until(() => speaker.all('none').length === 3)
  await db.append(op({ put: { more: 1 } }))
  await until(() => speaker.told(key)?.length === 7)
  expect(speaker.all('data')).toHaveLength(2)
})
