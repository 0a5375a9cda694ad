import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { connect } from 'node:net'
import b4a from 'b4a'
import { expect, test } from 'vitest'
import { parseInvitation, publicKeyOf } from '../../demo/board/invitation.ts'
import {
  readBoard,
  readItem,
  readLists,
  readPeople,
  readRequests,
  readStanding
} from '../../demo/board/model.ts'
import type { Op } from '../../demo/board/ops.ts'
import { Names } from '../../demo/page/network/who.ts'
import type { Autobee } from '../../src/index.ts'
import { until } from '../support/peers.ts'
import { startHarness } from './start-board.ts'

const h = startHarness()

function act(db: Autobee, op: Op): Promise<unknown> {
  return db.append(op)
}

test('prints one link, what it is, and how it ends; Ctrl-C ends it well', async () => {
  const program = h.run('--port', '0')
  const [, link] = await program.says(/^ {2}(http:\S+)$/m)
  const shown = program.out.join('\n')
  expect(link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#key=\w{52}&relay=\/relay&invite=\w{52}$/)
  expect(shown.match(/http:/g)).toHaveLength(1)
  expect(shown).toContain('Ctrl-C')
  expect(await program.kill('SIGINT')).toBe(0)
  expect(program.err).toEqual([])
})

test('with --json it is one line, of the same link', async () => {
  const { program, url, key, port, data, invitation } = await h.start()
  expect({ url, data }).toEqual({
    url: expect.stringContaining(`:${port}/#key=${key}&`),
    data: './autobee-data'
  })
  expect(invitation.relays).toEqual([`ws://127.0.0.1:${port}/relay`])
  expect(await program.kill('SIGTERM')).toBe(0)
  expect(program.out).toHaveLength(1)
})

test('whoever opens the link comes in by it, over its relay, and writes; both see it, and it is told', async () => {
  const program = h.run('--port', '0')
  const [, url] = await program.says(/^ {2}(http:\S+)$/m)
  const invitation = parseInvitation(url as string)
  const bea = await h.member(invitation, 'Bea')
  expect((await readBoard(bea.view))?.name).toBe('Our board')
  const [list] = await readLists(bea.view)
  await act(bea, { op: 'item', id: 'milk', list: list?.id as string, text: 'Milk' })
  await program.says(/^Bea may write now\.$/m)
  const carl = await h.member(invitation, 'Carl\u001b[2J')
  await until(async () => (await readItem(carl.view, 'milk')) !== null)
  await program.says(/^Carl\\u001b\[2J may write now\.$/m)
  expect((await readPeople(carl.view)).map(({ name }) => name)).toContain('Always-on peer')
})

test('who has the link without its invitation reads, and asks; that is told, and a member lets him in', async () => {
  const program = h.run('--port', '0')
  const [, url] = await program.says(/^ {2}(http:\S+)$/m)
  const invitation = parseInvitation(url as string)
  const bea = await h.member(invitation, 'Bea')
  const carl = await h.reader({ ...invitation, seed: null })
  await until(async () => (await readBoard(carl.view)) !== null)
  await carl.append({ op: 'ask', name: 'Carl' } satisfies Op, { optimistic: true })
  await program.says(/^Carl asks to write/m)
  await until(async () => (await readRequests(bea.view)).length === 1)
  await act(bea, { op: 'admit', key: carl.local.id })
  await until(() => carl.writable)
  await program.says(/^Carl may write now\.$/m)
})

test('started again it has the same link and all that was written, also after it was killed', async () => {
  const first = await h.start()
  const bea = await h.member(first.invitation, 'Bea')
  await act(bea, { op: 'item', id: 'milk', list: 'first', text: 'Milk' })
  const carl = await h.member(first.invitation, 'Carl')
  await until(async () => (await readItem(carl.view, 'milk')) !== null)
  await first.program.kill('SIGKILL')
  await act(bea, { op: 'edit', id: 'milk', text: 'Oat milk', was: 'Milk' })
  const again = h.run('--json')
  const [line] = await again.says(/^\{.*\}$/m)
  expect(JSON.parse(line)).toEqual({ url: first.url, key: first.key, port: first.port, data: first.data })
  const dora = await h.member(first.invitation, 'Dora')
  await until(async () => (await readItem(dora.view, 'milk'))?.text.value === 'Oat milk')
  expect(await again.kill('SIGINT')).toBe(0)
})

test('when somebody took its invitation back, the next start prints a link with another one', async () => {
  const first = await h.start()
  const bea = await h.member(first.invitation, 'Bea')
  await act(bea, { op: 'uninvite', publicKey: publicKeyOf(first.invitation.seed as Uint8Array) })
  const carl = await h.reader(first.invitation)
  await until(async () => (await readBoard(carl.view)) !== null)
  await until(
    () =>
      carl.oplogs().length === 2 &&
      bea.local.peers.some(peer => peer.remoteContiguousLength === bea.local.length)
  )
  await first.program.kill('SIGINT')
  const again = await h.start('--port', String(first.port))
  expect(again.key).toBe(first.key)
  expect(again.invitation.seed).not.toEqual(first.invitation.seed)
  await h.member(again.invitation, 'Dora')
})

test('it says which member it is to those it is connected with, so that a page names it', async () => {
  const { invitation } = await h.start()
  const { db: bea, relay } = await h.connected(invitation)
  const told = new Set<string | null>()
  const names = new Names(
    () => bea.local.key,
    () => {
      for (const peer of relay.peers) told.add(names.of(peer))
    }
  )
  for (const peer of relay.peers) names.ask(peer)
  relay.on('peer', peer => names.ask(peer))
  const nameOf = async () => {
    const people = await readPeople(bea.view)
    return people.find(({ key }) => told.has(key))?.name
  }
  await until(async () => (await nameOf()) === 'Always-on peer')
})

test('--join makes one more peer of the board, that has all of it when the first is gone', async () => {
  const first = await h.start()
  const bea = await h.member(first.invitation, 'Bea')
  await act(bea, { op: 'item', id: 'milk', list: 'first', text: 'Milk' })
  const second = h.run('--port', '0', '--join', first.url, '--data', 'second')
  const [, link] = await second.says(/^ {2}(http:\S+)$/m)
  await second.says(/^This peer is a member of the board\.$/m)
  await until(async () => (await readPeople(bea.view)).length === 3)
  // it may be a member before all has come
  const { relays, ...board } = parseInvitation(link as string)
  const dan = await h.reader({ ...board, relays: relays.slice(0, 1) })
  await until(async () => (await readItem(dan.view, 'milk')) !== null)
  await second.kill('SIGINT')
  await first.program.kill('SIGKILL')

  const again = await h.start('--data', 'second')
  expect([again.key, again.invitation.seed]).toEqual([first.key, first.invitation.seed])
  expect(again.invitation.relays).toHaveLength(2)
  expect(link).toContain(
    encodeURIComponent(first.invitation.relays[0] as string)
      .replaceAll('%2F', '/')
      .replaceAll('%3A', ':')
  )
  const carl = await h.member(again.invitation, 'Carl')
  await until(async () => (await readItem(carl.view, 'milk'))?.text.value === 'Milk')
})

test('--join with a link that only reads asks to be let in', async () => {
  const first = await h.start()
  const bea = await h.member(first.invitation, 'Bea')
  const second = h.run('--port', '0', '--join', first.url.replace(/&invite=.*/, ''), '--data', 'second')
  await second.says(/^This peer has asked to be let in/m)
  await until(async () => (await readRequests(bea.view)).length === 1)
  const [request] = await readRequests(bea.view)
  await act(bea, { op: 'admit', key: request?.key as string })
  await second.says(/^This peer is a member of the board\.$/m)
})

test('--join with an invitation that was taken back reads along, and says so', async () => {
  const first = await h.start()
  const bea = await h.member(first.invitation, 'Bea')
  await act(bea, { op: 'uninvite', publicKey: publicKeyOf(first.invitation.seed as Uint8Array) })
  const second = h.run('--port', '0', '--join', first.url, '--data', 'second')
  await until(() => second.err.some(line => /not good any more/.test(line)))
  expect(await second.kill('SIGINT')).toBe(0)
})

test('--encrypted: the link has the key, and without it nothing is read; the next start needs no flag', async () => {
  const first = await h.start('--encrypted')
  expect(first.invitation.encryptionKey).toHaveLength(32)
  const bea = await h.member(first.invitation, 'Bea')
  await act(bea, { op: 'item', id: 'milk', list: 'first', text: 'Milk' })
  const blind = await h.reader({ ...first.invitation, encryptionKey: null })
  const error = await new Promise<{ code: string }>(resolve => blind.on('error', resolve))
  expect(error.code).toBe('ENCRYPTION_KEY_MISMATCH')
  expect(await readBoard(blind.view)).toBeNull()
  const joining = h.run('--port', '0', '--data', 'blind', '--join', first.url.replace(/&encryption=\w+/, ''))
  expect(await joining.exited).toBe(1)
  expect(joining.err).toEqual([expect.stringContaining('--data')])
  const { mode } = await stat(h.path('autobee-data', 'board.json'))
  expect(mode & 0o077).toBe(0)
  await first.program.kill('SIGINT')
  for (const flags of [[], ['--encrypted']]) {
    const again = await h.start('--port', String(first.port), ...flags)
    expect(again.url).toBe(first.url)
    await again.program.kill('SIGINT')
  }
})

test('killed in the middle of its first start, it has the link that it had begun with', async () => {
  const program = h.run('--port', '0', '--encrypted')
  const path = h.path('autobee-data', 'board.json')
  await until(() => existsSync(path))
  await program.kill('SIGKILL')
  const { seed, encryptionKey } = JSON.parse(await readFile(path, 'utf8'))
  const again = await h.start()
  expect(again.invitation.seed).toEqual(b4a.from(seed, 'hex'))
  expect(again.invitation.encryptionKey).toEqual(b4a.from(encryptionKey, 'hex'))
  await h.member(again.invitation, 'Bea')
})

test('--join while nobody of the board is there goes on, says so once, and is in when somebody comes', async () => {
  const first = await h.start()
  await first.program.kill('SIGINT')
  const second = h.run('--port', '0', '--join', first.url, '--data', 'second')
  await second.says(/^ {2}http:/m)
  await until(() => second.err.length > 0)
  await h.start('--port', String(first.port))
  await second.says(/^This peer is a member of the board\.$/m)
  expect(second.err.filter(line => /relay/.test(line))).toHaveLength(1)
  expect(await second.kill('SIGINT')).toBe(0)
})

test('--host with an address for all networks: the link has one of this machine, and is good', async () => {
  const { url, port, invitation, program } = await h.start('--host', '0.0.0.0')
  const { hostname } = new URL(url)
  expect(hostname).not.toBe('0.0.0.0')
  const response = await fetch(url)
  expect(response.headers.get('content-type')).toContain('text/html')
  expect(invitation.relays).toEqual([`ws://${hostname}:${port}/relay`])
  await h.member(invitation, 'Bea')
  expect(await program.kill('SIGINT')).toBe(0)
})

test('the port of the last time is taken again, and --port takes another', async () => {
  const first = await h.start()
  await first.program.kill('SIGINT')
  const program = h.run('--json')
  await program.says(new RegExp(`"port":${first.port}`))
  await program.kill('SIGINT')
  const other = await h.start()
  expect(other.key).toBe(first.key)
  expect(other.port).not.toBe(first.port)
})

test('closes with a page still connected, and with an append under way', async () => {
  const { program, invitation, port } = await h.start()
  const bea = await h.member(invitation, 'Bea')
  const idle = connect({ host: '127.0.0.1', port })
  await new Promise(resolve => idle.once('connect', resolve))
  idle.on('error', () => {})
  const exited = program.kill('SIGINT')
  await bea.append({ op: 'item', id: 'late', list: 'first', text: 'Late' } satisfies Op)
  expect(await exited).toBe(0)
  idle.destroy()
})

test('a peer that was expelled goes on, with the same board', async () => {
  const first = await h.start()
  const bea = await h.member(first.invitation, 'Bea')
  const [own] = await readPeople(bea.view)
  await act(bea, { op: 'expel', key: own?.key as string })
  const carl = await h.reader(first.invitation)
  await until(async () => (await readStanding(carl.view, own?.key as string)).standing === 'expelled')
  await until(() => bea.local.peers.some(peer => peer.remoteContiguousLength === bea.local.length))
  expect(await first.program.kill('SIGINT')).toBe(0)
  const again = await h.start('--port', String(first.port))
  expect(again.key).toBe(first.key)
})
