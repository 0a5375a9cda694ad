import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openProxy, type TcpProxy } from '../adapters/proxy.ts'
import { until } from '../support/peers.ts'
import { PeerProcess } from './process.ts'

let dir: string
const peers: PeerProcess[] = []
const proxies: TcpProxy[] = []

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'autobee-demo-'))
})

afterEach(async () => {
  await Promise.all(peers.splice(0).map(peer => peer.kill('SIGKILL')))
  await Promise.all(proxies.splice(0).map(proxy => proxy.close()))
  await rm(dir, { recursive: true, force: true })
})

function start(...args: string[]): PeerProcess {
  const peer = new PeerProcess(args, { cwd: dir })
  peers.push(peer)
  return peer
}

/** A first peer, with what it told at the start. */
async function first(...args: string[]) {
  const peer = start('--data', 'first', ...args)
  return { peer, ready: await peer.next('ready') }
}

/** A second peer, by the line that the first one printed. */
async function second(line: string, ...args: string[]) {
  const peer = start(...line.replace('npm start -- ', '').split(' '), ...args)
  return { peer, ready: await peer.next('ready') }
}

/** The end of a run that is expected to fail at once: its code and its one sentence. */
async function failure(...args: string[]): Promise<{ code: unknown; sentence: string }> {
  const peer = start(...args)
  const code = await peer.exited
  expect(peer.problems).toHaveLength(1)
  return { code, sentence: peer.problems[0] as string }
}

test('two peers, by the lines that they print: the second reads, is let in, and both show every change', async () => {
  const a = await first()
  expect(a.ready).toMatchObject({ writable: true, isNew: true, data: 'first' })
  expect(a.ready.key).toMatch(/^[0-9a-f]{64}$/)
  expect(a.ready.join).toBe(
    `npm start -- --join ${a.ready.key} --connect ${a.ready.address} --data ./first-2`
  )
  const b = await second(a.ready.join)
  expect(b.ready).toMatchObject({ key: a.ready.key, writable: false, data: './first-2' })

  a.peer.type({ put: { hello: 'world' } })
  await a.peer.next('change')
  a.peer.type('a plain value', { put: { hello: 'you', other: 1 } })
  b.peer.type({ put: { from: 'b' } })
  await b.peer.next('waiting')
  a.peer.typeRaw((await b.peer.next('request')).line)
  await b.peer.next('writable')
  const view = { from: 'b', hello: 'you', 'log/00000001': 'a plain value', other: 1 }
  await until(() => Object.keys(a.peer.view).length === 4 && Object.keys(b.peer.view).length === 4)
  expect([a.peer.view, b.peer.view]).toEqual([view, view])
  expect(a.peer.all('change')).toContainEqual({ event: 'change', key: 'hello', before: null, after: 'world' })

  a.peer.type({ del: ['other'] })
  await until(() => !('other' in a.peer.view) && !('other' in b.peer.view))
  expect(b.peer.all('change')).toContainEqual({ event: 'change', key: 'other', before: 1, after: null })
  expect([...a.peer.problems, ...b.peer.problems]).toEqual([])
})

test('peers that are cut off go on writing; connected again, they show one view and what was reordered', async () => {
  const a = await first()
  const port = Number(a.ready.address.split(':')[1])
  const proxy = await openProxy(port)
  proxies.push(proxy)
  const b = await second(a.ready.join.replace(String(port), String(proxy.port)))
  a.peer.typeRaw((await b.peer.next('request')).line)
  await b.peer.next('writable')

  proxy.cut()
  await Promise.all([a.peer.next('peer-close'), b.peer.next('peer-close')])
  for (let i = 0; i < 20; i++) {
    a.peer.type(`a${i}`)
    b.peer.type(`b${i}`)
    await until(() => Object.keys(a.peer.view).length > i && Object.keys(b.peer.view).length > i)
  }
  a.peer.type({ put: { winner: 'a' } })
  await until(() => a.peer.view.winner === 'a')
  b.peer.type({ put: { winner: 'b' } })
  await until(() => b.peer.view.winner === 'b')
  expect(Object.values(a.peer.view)).not.toContain('b0')

  proxy.mend()
  await until(() => Object.keys(a.peer.view).length === 41 && Object.keys(b.peer.view).length === 41)
  await until(() => JSON.stringify(a.peer.view) === JSON.stringify(b.peer.view))
  // both logged under the same keys: what one had first is somewhere else now
  expect([...a.peer.all('reorg'), ...b.peer.all('reorg')]).not.toEqual([])
  expect(new Set(Object.values(a.peer.view)).size).toBe(41)
  expect(a.peer.view.winner).toBe('b')
})

test('a peer goes on where it was: same key, same view, same port, and it finds its peer again', async () => {
  const a = await first()
  const b = await second(a.ready.join)
  a.peer.type({ put: { kept: true } }, JSON.parse((await b.peer.next('request')).line))
  await b.peer.next('writable')
  expect(await a.peer.kill('SIGINT')).toBe(0)
  expect(await b.peer.kill('SIGTERM')).toBe(0)

  const again = await first()
  expect(again.ready).toMatchObject({ key: a.ready.key, address: a.ready.address, isNew: false })
  // the entries follow what it tells at the start
  await again.peer.next('entry')
  expect(again.peer.view).toEqual({ kept: true })
  const other = start('--data', 'first-2')
  expect(await other.next('ready')).toMatchObject({ key: a.ready.key, writable: true })
  other.type({ put: { more: [1, 2] } })
  await until(() => JSON.stringify(again.peer.view.more) === '[1,2]')
})

test('killed with SIGKILL, a peer starts again with all that it had told', async () => {
  const a = await first()
  a.peer.type(...Array.from({ length: 50 }, (_, i) => ({ put: { [`key${i}`]: i } })))
  await until(() => a.peer.all('appended').length >= 25)
  await a.peer.kill('SIGKILL')
  const told = a.peer.all('appended').length
  const again = start('--data', 'first', '--once')
  again.endInput()
  expect(await again.exited).toBe(0)
  // at most 20 entries are shown at the start; the log says how much there is
  expect(again.all('entry')).toHaveLength(20)
  const next = start('--data', 'first')
  await next.next('ready')
  next.type('one more')
  expect((await next.next('appended')).length).toBeGreaterThan(told)
})

test('with --open whoever has the key is let in without a word', async () => {
  const a = await first('--open')
  const b = await second(a.ready.join)
  b.peer.type({ put: { hello: 'from b' } })
  await until(() => a.peer.view.hello === 'from b')
  expect((await a.peer.next('writer')).key).toBe(b.ready.writer)
})

test('a writer that is removed only reads', async () => {
  const a = await first()
  const b = await second(a.ready.join)
  a.peer.typeRaw((await b.peer.next('request')).line)
  await b.peer.next('writable')
  a.peer.type({ removeWriter: b.ready.writer })
  await b.peer.next('unwritable')
  a.peer.type({ put: { still: 'read' } })
  await until(() => b.peer.view.still === 'read')
})

describe('--once', () => {
  test('ends when all is appended; wrong lines are named, skipped, and make the exit code 1', async () => {
    const peer = start('--once')
    peer.typeRaw(
      '{"put":{"a":1}}',
      '',
      'no json',
      '{"put":[1]}',
      '{"put":{"b":null}}',
      '{"addWriter":"me"}',
      '{"put":{},"and":1}',
      '[1]',
      '{"put":{"c":3}}'
    )
    peer.endInput()
    expect(await peer.exited).toBe(1)
    expect(peer.view).toEqual({ a: 1, c: 3, 'log/00000001': [1] })
    expect(peer.problems.map(line => line.split(':')[0])).toEqual(
      [3, 4, 5, 6, 7].map(number => `Line ${number}`)
    )
  })

  test('ends with 0 when every line was right, many of them', async () => {
    const peer = start('--once')
    peer.type(...Array.from({ length: 2000 }, (_, i) => i))
    peer.endInput()
    expect(await peer.exited).toBe(0)
    expect(Object.keys(peer.view)).toHaveLength(2000)
    expect(peer.view['log/00002000']).toBe(1999)
  })

  test('a peer that joined ends when somebody has what it wrote', async () => {
    const a = await first('--open')
    const b = await second(a.ready.join, '--once')
    b.peer.type({ put: { hello: 1 } })
    b.peer.endInput()
    expect(await b.peer.exited).toBe(0)
    await until(() => a.peer.view.hello === 1)
    expect(b.peer.problems).toEqual([])
  })

  test('without it a peer goes on serving when its input has ended', async () => {
    const a = await first()
    a.peer.type({ put: { hello: 1 } })
    a.peer.endInput()
    await a.peer.next('end')
    const b = await second(a.ready.join)
    await until(() => b.peer.view.hello === 1)
    expect(await a.peer.kill('SIGINT')).toBe(0)
  })
})

describe('what goes wrong is a sentence that says what to do', () => {
  const cases: [string, string[], number, RegExp][] = [
    ['an unknown flag', ['--colour'], 2, /^--colour is no flag.*--help/],
    ['a word too many', ['hello'], 2, /^"hello" belongs to no flag.*--help/],
    ['a flag without its value', ['--port'], 2, /^--port needs a value/],
    ['no port', ['--port', '70000'], 2, /^"70000" is no port/],
    ['no key', ['--join', 'abc'], 2, /^"abc" is no key.*64 hex digits/],
    ['no address', ['--connect', 'localhost'], 2, /^"localhost" is no address.*HOST:PORT/],
    ['a foreign address to listen on', ['--host', '203.0.113.1'], 1, /no address of this machine/]
  ]
  test.for(cases)('%s', async ([, args, code, sentence]) => {
    const result = await failure(...args)
    expect(result.code).toBe(code)
    expect(result.sentence).toMatch(sentence)
  })

  test('a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise(resolve => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    const { code, sentence } = await failure('--port', String(port))
    server.close()
    expect(code).toBe(1)
    expect(sentence).toMatch(/^Port \d+ is taken. Choose another with --port/)
  })

  test('a folder that another peer uses', async () => {
    await first()
    const { code, sentence } = await failure('--data', 'first')
    expect(code).toBe(1)
    expect(sentence).toMatch(/^Another peer is running on first.*--data/)
  })

  test('a folder with another database', async () => {
    await first().then(({ peer }) => peer.kill('SIGINT'))
    const { code, sentence } = await failure('--data', 'first', '--join', '00'.repeat(32))
    expect(code).toBe(2)
    expect(sentence).toMatch(/holds the database [0-9a-f]{64} already.*--data/)
  })

  test('a file for a folder, and a damaged store', async () => {
    await writeFile(join(dir, 'file'), 'hello')
    expect(await failure('--data', 'file')).toMatchObject({ code: 1, sentence: /no folder/ })
    await first().then(({ peer }) => peer.kill('SIGINT'))
    const db = join(dir, 'first', 'store', 'db')
    for (const name of await readdir(db))
      if (name.startsWith('MANIFEST')) await writeFile(join(db, name), 'x')
    const { code, sentence } = await failure('--data', 'first')
    expect(code).toBe(1)
    expect(sentence).toMatch(/damaged.*join again/)
  })

  test('nobody at the address: told once, and it connects as soon as somebody is there', async () => {
    const gone = await first()
    await gone.peer.kill('SIGINT')
    const b = await second(gone.ready.join)
    await until(() => b.peer.problems.length === 1)
    expect(b.peer.problems[0]).toMatch(/^Nobody to talk to at 127.0.0.1:\d+: no peer listens there/)
    await first()
    await b.peer.next('peer')
    expect(b.peer.problems).toHaveLength(1)
  })

  test('another database at the address', async () => {
    const a = await first()
    a.peer.type(1)
    const b = await second(a.ready.join.replace(a.ready.key, '11'.repeat(32)))
    await until(() => b.peer.problems.length === 1)
    expect(b.peer.problems[0]).toMatch(/nothing has come yet.*Compare its key/)
  })

  test('lines that were never let in: told at the end, exit code 1', async () => {
    const a = await first()
    const b = await second(a.ready.join)
    b.peer.type({ put: { never: 1 } })
    await b.peer.next('waiting')
    expect(await b.peer.kill('SIGINT')).toBe(1)
    expect(b.peer.problems.at(-1)).toMatch(/not written/)
  })
})

test('for people: readable lines', async () => {
  const peer = new PeerProcess(['--once'], { cwd: dir, json: false })
  peers.push(peer)
  peer.type({ put: { hello: 'world' } }, { put: { hello: 'you' } }, { del: ['hello'] })
  peer.endInput()
  expect(await peer.exited).toBe(0)
  const text = peer.text.join('\n')
  expect(text).toMatch(/^A new database in .\/autobee-data\n {2}key {8}[0-9a-f]{64}\n/)
  expect(text).toContain('npm start -- --join')
  expect(await new PeerProcess(['--help'], { cwd: dir, json: false }).exited).toBe(0)
})
