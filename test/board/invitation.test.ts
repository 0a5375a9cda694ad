import b4a from 'b4a'
import { expect, test } from 'vitest'
import {
  formatInvitation,
  type Invitation,
  isInvitation,
  isSigned,
  joinOp,
  newInvite,
  parseInvitation,
  publicKeyOf
} from '../../demo/board/invitation.ts'
import { parseOp } from '../../demo/board/parse.ts'

const page = 'http://127.0.0.1:8080/'
const key = b4a.alloc(32, 7)
const seed = b4a.alloc(32, 9)
const FULL: Invitation = {
  page,
  key,
  relays: ['ws://127.0.0.1:8080/relay', 'wss://relay.example.org/a?token=b+c&d=e'],
  encryptionKey: b4a.alloc(32, 3),
  seed
}

test.each<[string, Invitation]>([
  ['with everything', FULL],
  ['to read and ask', { ...FULL, seed: null, encryptionKey: null }],
  ['without a relay', { ...FULL, relays: [] }],
  ['of a page in a folder, with a query', { ...FULL, page: 'https://example.org/notes/index.html?a=b' }]
])('a link %s says what was put into it', (_, invitation) => {
  const link = formatInvitation(invitation)
  expect(parseInvitation(` ${link}\n`)).toEqual(invitation)
  expect(isInvitation(link)).toBe(true)
})

test("a relay on the page's own server goes with the page", () => {
  const link = formatInvitation({ ...FULL, relays: ['ws://127.0.0.1:8080/relay'] })
  expect(link).toContain('#key=')
  expect(link).toContain('&relay=/relay&')
  const moved = link.replace('http://127.0.0.1:8080', 'https://notes.example.org')
  expect(parseInvitation(moved).relays).toEqual(['wss://notes.example.org/relay'])
})

test("a page's own address, and one with another fragment, is no invitation", () => {
  expect([page, `${page}#top`, `${page}?key=1`].map(isInvitation)).toEqual([false, false, false])
})

const link = formatInvitation(FULL)

test.each([
  ['NO_LINK', ''],
  ['NO_LINK', 'hello'],
  ['NO_LINK', link.replace('http:', 'file:')],
  ['NO_KEY', page],
  ['NO_KEY', link.slice(0, link.indexOf('#') + 1)],
  ['INVALID_KEY', link.replace('key=', 'key=x')],
  ['INVALID_KEY', `${page}#key=`],
  ['INVALID_KEY', link.slice(0, link.indexOf('key=') + 20)],
  ['INVALID_RELAY', `${link}&relay=mailto:me`],
  ['INVALID_RELAY', `${link}&relay=`],
  ['INVALID_ENCRYPTION_KEY', link.replace('encryption=', 'encryption=0')],
  ['INVALID_INVITE', link.slice(0, -1)]
])('%s: %j', (code, text) => {
  expect(() => parseInvitation(text)).toThrow(expect.objectContaining({ code, name: 'InvitationError' }))
})

test('what one signs to come in is good for this writer, this board and this invitation alone', () => {
  const writer = b4a.alloc(32, 1)
  const op = joinOp(seed, { key, writer, name: 'Bea' })
  expect(parseOp(op)).toBe(op)
  expect(op.invite).toBe(publicKeyOf(seed))
  expect(isSigned(op, { key, writer })).toBe(true)
  expect(isSigned(op, { key, writer: key })).toBe(false)
  expect(isSigned(op, { key: writer, writer })).toBe(false)
  expect(isSigned({ ...op, invite: newInvite().publicKey }, { key, writer })).toBe(false)
  expect(isSigned({ ...op, signature: op.signature.toUpperCase() }, { key, writer })).toBe(false)
  expect(isSigned({ ...op, invite: '' }, { key, writer })).toBe(false)
})

test('no two new invitations are the same', () => {
  const [one, other] = [newInvite(), newInvite()]
  expect(one.publicKey).not.toBe(other.publicKey)
  expect(one.publicKey).toBe(publicKeyOf(one.seed))
})
