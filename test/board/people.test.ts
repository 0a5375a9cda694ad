import b4a from 'b4a'
import { expect, test } from 'vitest'
import { expelOps } from '../../demo/board/expelling.ts'
import { joinOp, newInvite } from '../../demo/board/invitation.ts'
import { LIMITS } from '../../demo/board/limits.ts'
import { readCounts, readInvite, readPeople, readRequests, readStanding } from '../../demo/board/model.ts'
import type { JoinOp, Op } from '../../demo/board/ops.ts'
import type { Autobee } from '../../src/index.ts'
import { act, agreed, connect, contents, harness, knock, until } from './harness.ts'

const h = harness()

function joining(db: Autobee, seed: Uint8Array): JoinOp {
  return joinOp(seed, { key: db.key as Uint8Array, writer: db.local.key, name: 'Bea' })
}

async function standing(db: Autobee, who: Autobee): Promise<string> {
  return (await readStanding(db.view, who.local.id)).standing
}

/** A board with an invitation, and a stranger who is connected and has all of it. */
async function invited(options: { indexer?: boolean } = {}) {
  const { founder } = await h.board()
  const { seed, publicKey } = newInvite()
  await act(founder, { op: 'invite', publicKey, label: 'family', ...options })
  const stranger = await h.peer(founder.key)
  const cut = connect(founder, stranger)
  await until(async () => (await readInvite(stranger.view, publicKey)) !== null)
  return { founder, stranger, seed, publicKey, cut }
}

test('who asks sees at once that he has asked, and may not write; a member sees it and lets him in', async () => {
  const { founder } = await h.board()
  const stranger = await h.peer(founder.key)
  const cut = connect(founder, stranger)
  await until(async () => (await readCounts(stranger.view)).lists === 1)
  await cut()
  await knock(stranger, { op: 'ask', name: 'Bea' })
  expect(await standing(stranger, stranger)).toBe('asking')
  expect(stranger.writable).toBe(false)
  await expect(stranger.append({ op: 'item', id: 'a', list: 'todo', text: 'x' })).rejects.toMatchObject({
    code: 'NOT_WRITABLE'
  })
  connect(founder, stranger)
  await until(async () => (await readRequests(founder.view)).length === 1)
  expect((await readRequests(founder.view))[0]).toMatchObject({ name: 'Bea', key: stranger.local.id })
  await act(founder, { op: 'admit', key: stranger.local.id })
  await until(() => stranger.writable)
  await act(stranger, { op: 'item', id: 'a', list: 'todo', text: 'x' })
  await agreed(founder, stranger)
  expect(await readCounts(founder.view)).toMatchObject({ requests: 0, members: 2, items: 1 })
  expect((await readPeople(founder.view)).map(({ name }) => name)).toEqual([null, 'Bea'])
  expect(stranger.isIndexer).toBe(true)
})

test('one key asks once', async () => {
  const { founder } = await h.board()
  const stranger = await h.peer(founder.key)
  connect(founder, stranger)
  await until(async () => (await readCounts(stranger.view)).lists === 1)
  await knock(stranger, { op: 'ask', name: 'Bea' })
  await expect(knock(stranger, { op: 'ask', name: 'Bea again' })).rejects.toMatchObject({
    code: 'NOT_WRITABLE'
  })
})

test('who was refused cannot ask again, but can be admitted', async () => {
  const { founder } = await h.board()
  const stranger = await h.peer(founder.key)
  connect(founder, stranger)
  await until(async () => (await readCounts(stranger.view)).lists === 1)
  await knock(stranger, { op: 'ask', name: 'Bea' })
  await until(async () => (await standing(founder, stranger)) === 'asking')
  await act(founder, { op: 'refuse', key: stranger.local.id })
  await until(async () => (await standing(stranger, stranger)) === 'refused')
  expect((await readCounts(founder.view)).requests).toBe(0)
  await expect(knock(stranger, { op: 'ask', name: 'Bea' })).rejects.toMatchObject({ code: 'NOT_WRITABLE' })
  await act(founder, { op: 'admit', key: b4a.toString(stranger.local.key, 'hex') })
  await until(() => stranger.writable)
  expect(await standing(stranger, stranger)).toBe('member')
})

test('no more than so many requests wait; a place is free again when one is answered', async () => {
  const { founder } = await h.board()
  const strangers: Autobee[] = []
  for (let i = 0; i <= LIMITS.requests; i++) strangers.push(await h.peer(founder.key))
  const late = strangers.pop() as Autobee
  for (const stranger of strangers) {
    const cut = connect(founder, stranger)
    await until(async () => (await readCounts(stranger.view)).lists === 1)
    await knock(stranger, { op: 'ask', name: 'spam' })
    await until(async () => (await standing(founder, stranger)) === 'asking')
    await cut()
  }
  connect(founder, late)
  await until(async () => (await readCounts(late.view)).requests === LIMITS.requests)
  await expect(knock(late, { op: 'ask', name: 'Bea' })).rejects.toMatchObject({ code: 'NOT_WRITABLE' })
  await act(founder, { op: 'refuse', key: strangers[0]?.local.id as string })
  await until(async () => (await readCounts(late.view)).requests < LIMITS.requests)
  await knock(late, { op: 'ask', name: 'Bea' })
  await until(async () => (await standing(founder, late)) === 'asking')
}, 30_000)

test('a request from somebody who did not know that all places are taken is heard when one is free', async () => {
  const { founder } = await h.board()
  const late = await h.peer(founder.key)
  const cut = connect(founder, late)
  await until(async () => (await readCounts(late.view)).lists === 1)
  await cut()
  const spammers: Autobee[] = []
  for (let i = 0; i < LIMITS.requests; i++) {
    const stranger = await h.peer(founder.key)
    spammers.push(stranger)
    const gone = connect(founder, stranger)
    await until(async () => (await readCounts(stranger.view)).lists === 1)
    await knock(stranger, { op: 'ask', name: 'spam' })
    await until(async () => (await standing(founder, stranger)) === 'asking')
    await gone()
  }
  await knock(late, { op: 'ask', name: 'Bea' })
  expect(await standing(late, late)).toBe('asking')
  connect(founder, late)
  await until(async () => (await standing(late, late)) === 'unknown')
  await act(founder, { op: 'refuse', key: spammers[0]?.local.id as string })
  await until(async () => (await standing(founder, late)) === 'asking')
  await until(async () => (await standing(late, late)) === 'asking')
}, 30_000)

test('an invitation lets one in at once, and offline: what is written then counts on every peer', async () => {
  const { founder, stranger, seed, publicKey, cut } = await invited()
  await cut()
  await knock(stranger, joining(stranger, seed))
  expect(await standing(stranger, stranger)).toBe('member')
  await until(() => stranger.writable)
  await act(stranger, { op: 'item', id: 'a', list: 'todo', text: 'offline' })
  await act(founder, { op: 'item', id: 'b', list: 'todo', text: 'meanwhile' })
  connect(founder, stranger)
  await until(async () => (await readCounts(founder.view)).items === 2)
  await agreed(founder, stranger)
  expect((await readInvite(founder.view, publicKey))?.uses).toBe(1)
  expect((await readPeople(founder.view)).at(-1)).toMatchObject({
    name: 'Bea',
    isIndexer: true,
    invite: publicKey
  })
})

test('an invitation with indexer: false makes an ordinary writer, who makes no indexers', async () => {
  const { founder, stranger, seed, publicKey } = await invited({ indexer: false })
  await knock(stranger, joining(stranger, seed))
  await until(async () => (await standing(founder, stranger)) === 'member')
  await agreed(founder, stranger)
  expect(stranger).toMatchObject({ writable: true, isIndexer: false })
  const other = newInvite()
  await act(stranger, { op: 'invite', publicKey: other.publicKey, label: '' })
  await act(stranger, { op: 'admit', key: stranger.local.id, indexer: true })
  await agreed(founder, stranger)
  expect((await readInvite(founder.view, other.publicKey))?.isIndexer).toBe(false)
  expect((await readInvite(founder.view, publicKey))?.isIndexer).toBe(false)
  expect(stranger.isIndexer).toBe(false)
  await act(founder, { op: 'admit', key: stranger.local.id, indexer: true })
  await until(() => stranger.isIndexer)
})

test.each<[string, (op: JoinOp, other: Uint8Array) => Op]>([
  ["another's signature", (op, other) => ({ ...op, signature: b4a.toString(other, 'hex') })],
  ['no signature at all', op => ({ ...op, signature: '' })],
  ['the invitation of nobody', op => ({ ...op, invite: newInvite().publicKey })]
])('%s lets nobody in', async (_, change) => {
  const { founder, stranger, seed } = await invited()
  const elsewhere = joinOp(seed, { key: founder.key as Uint8Array, writer: founder.local.key, name: 'Bea' })
  const op = change(joining(stranger, seed), b4a.from(elsewhere.signature, 'hex'))
  await expect(knock(stranger, op)).rejects.toMatchObject({ code: 'NOT_WRITABLE' })
})

test('an invitation for another board is none', async () => {
  const { stranger, seed } = await invited()
  const op = joinOp(seed, { key: b4a.alloc(32, 1), writer: stranger.local.key, name: 'Bea' })
  await expect(knock(stranger, op)).rejects.toMatchObject({ code: 'NOT_WRITABLE' })
})

test('an invitation that was taken back lets nobody in, not even one who did not know', async () => {
  const { founder, stranger, seed, publicKey, cut } = await invited()
  await cut()
  await act(founder, { op: 'uninvite', publicKey })
  await act(founder, { op: 'invite', publicKey, label: 'once more' })
  await knock(stranger, joining(stranger, seed))
  connect(founder, stranger)
  await until(async () => (await standing(stranger, stranger)) === 'unknown')
  expect(stranger.writable).toBe(false)
  expect((await readInvite(founder.view, publicKey))?.uses).toBe(0)
})

test('who is expelled writes no more, and does not come back by the invitation or by asking', async () => {
  const { founder, stranger, seed } = await invited()
  await knock(stranger, joining(stranger, seed))
  await until(async () => (await standing(founder, stranger)) === 'member')
  await act(founder, { op: 'expel', key: stranger.local.id })
  await until(() => !stranger.writable)
  expect(await standing(stranger, stranger)).toBe('expelled')
  for (const op of [joining(stranger, seed), { op: 'ask', name: 'Bea' } as const])
    await expect(knock(stranger, op)).rejects.toMatchObject({ code: 'NOT_WRITABLE' })
  expect((await readCounts(founder.view)).members).toBe(1)
  await act(founder, { op: 'admit', key: stranger.local.id })
  await until(() => stranger.writable)
})

test('with the invitations that he knows closed, who is expelled does not come back under another key either', async () => {
  const { founder, stranger, seed, publicKey } = await invited()
  await knock(stranger, joining(stranger, seed))
  await until(() => stranger.writable)
  const [own, others] = [newInvite(), newInvite()]
  await act(stranger, { op: 'invite', publicKey: own.publicKey, label: 'back door' })
  await act(founder, { op: 'invite', publicKey: others.publicKey, label: 'others' })
  await agreed(founder, stranger)
  await act(founder, ...(await expelOps(founder.view, stranger.local.id)))
  const again = await h.peer(founder.key)
  connect(founder, again)
  await until(async () => (await readInvite(again.view, publicKey))?.closed != null)
  for (const known of [seed, own.seed])
    await expect(knock(again, joining(again, known))).rejects.toMatchObject({ code: 'NOT_WRITABLE' })
  await knock(again, joining(again, others.seed))
  await until(async () => (await standing(founder, again)) === 'member')
  expect(await expelOps(founder.view, stranger.local.id)).toEqual([])
})

test('nobody expels himself', async () => {
  const { founder } = await h.board()
  await act(founder, { op: 'expel', key: founder.local.id })
  expect(founder.writable).toBe(true)
  expect(await standing(founder, founder)).toBe('member')
})

test('two who expel each other while apart: one is left, the same everywhere', async () => {
  const { founder, members, cut } = await h.board(1)
  const [other] = members as [Autobee]
  await agreed(founder, other)
  await cut()
  await act(founder, { op: 'expel', key: other.local.id })
  await act(other, { op: 'expel', key: founder.local.id })
  connect(founder, other)
  await until(async () => {
    const views = await Promise.all([founder, other].map(contents))
    return JSON.stringify(views[0]) === JSON.stringify(views[1])
  })
  expect((await readCounts(founder.view)).members).toBe(1)
  expect([founder.writable, other.writable].filter(Boolean).length).toBe(1)
})

test.each<[string, (key: string) => Op]>([
  ['expels', key => ({ op: 'expel', key })],
  ['makes an ordinary writer of', key => ({ op: 'admit', key, indexer: false })],
  ['can by asking for more make less of', key => ({ op: 'admit', key, indexer: true })]
])('an ordinary writer never %s an indexer', async (_, opOf) => {
  const { founder } = await h.board()
  const writer = await h.peer(founder.key)
  connect(founder, writer)
  await act(founder, { op: 'admit', key: writer.local.id, indexer: false })
  await until(() => writer.writable)
  await act(writer, opOf(founder.local.id), { op: 'item', id: 'a', list: 'todo', text: 'after it' })
  await until(async () => (await readCounts(founder.view)).items === 1)
  expect(founder).toMatchObject({ writable: true, isIndexer: true })
  await agreed(founder, writer)
})

test('two indexers who make ordinary writers of each other while apart: one stays an indexer', async () => {
  const { founder, members, cut } = await h.board(1)
  const [other] = members as [Autobee]
  await agreed(founder, other)
  await cut()
  await act(founder, { op: 'admit', key: other.local.id, indexer: false })
  await act(other, { op: 'admit', key: founder.local.id, indexer: false })
  connect(founder, other)
  await agreed(founder, other)
  expect([founder, other].filter(({ isIndexer }) => isIndexer).length).toBe(1)
})

test('a member has a name, and changes his own alone', async () => {
  const { founder, members } = await h.board(1)
  const [other] = members as [Autobee]
  await act(other, { op: 'me', name: 'Bea' })
  await act(other, { op: 'me', name: 'Beatrice' })
  await agreed(founder, other)
  expect((await readPeople(founder.view)).map(({ name }) => name)).toEqual([null, 'Beatrice'])
})

test('a stranger who sends more than one request in a unit, or anything else, is not heard', async () => {
  const { founder } = await h.board()
  const stranger = await h.peer(founder.key)
  connect(founder, stranger)
  await until(async () => (await readCounts(stranger.view)).lists === 1)
  const asks = [
    { op: 'ask', name: 'a' },
    { op: 'item', id: 'a', list: 'todo', text: 'x' }
  ]
  await expect(stranger.append(asks, { optimistic: true })).rejects.toMatchObject({ code: 'NOT_WRITABLE' })
  await expect(knock(stranger, { op: 'unlist', id: 'todo' })).rejects.toMatchObject({ code: 'NOT_WRITABLE' })
  await expect(knock(stranger, { op: 'admit', key: stranger.local.id })).rejects.toMatchObject({
    code: 'NOT_WRITABLE'
  })
})
