import { chmod, copyFile, readFile, stat, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openProxy, type TcpProxy } from '../adapters/proxy.ts'
import { until } from '../support/peers.ts'
import { errorsOf, Workshop } from './program.ts'

let shop: Workshop
const proxies: TcpProxy[] = []

beforeEach(async () => {
  shop = await Workshop.open()
})

afterEach(async () => {
  await shop.close()
  await Promise.all(proxies.splice(0).map(proxy => proxy.close()))
})

/** What `list` prints in both folders, once it is the same and has so many lines. */
async function merged(lines: number): Promise<string> {
  let lists: string[] = []
  await until(async () => {
    const both = ['a', 'b'].map(data => shop.run(['list', '--json', '--data', data]))
    lists = (await Promise.all(both)).map(({ out }) => out)
    return lists[0] === lists[1] && lists[0]?.split('\n').length === lines + 1
  })
  return lists[0] as string
}

async function proxyTo(address: unknown): Promise<TcpProxy> {
  const proxy = await openProxy(Number(String(address).split(':')[1]))
  proxies.push(proxy)
  return proxy
}

test('two peers over TCP: one joins, is let in live, both write through a partition, and agree when it ends', async () => {
  const { key } = await shop.row(['create', '--data', 'a'])
  await shop.row(['put', 'first', '1', '--data', 'a'])
  const a = await shop.serve('--data', 'a')
  const proxy = await proxyTo(a.ready.address)

  const joined = await shop.row([
    ...['join', String(key), '--data', 'b', '--connect', `127.0.0.1:${proxy.port}`, '--wait']
  ])
  expect(joined).toMatchObject({ key, role: 'reader', entries: 1, connect: [`127.0.0.1:${proxy.port}`] })
  // joined and fetched, before any peer of its own runs
  expect(await shop.row(['get', 'first', '--data', 'b'])).toEqual({ key: 'first', value: 1 })

  const b = await shop.serve('--data', 'b')
  expect(b.ready).toMatchObject({ key, role: 'reader', connect: joined.connect })
  const refused = await shop.run(['put', 'x', '1', '--data', 'b', '--json'])
  expect(refused.code).toBe(1)
  const [error] = errorsOf(refused)
  expect(error).toMatchObject({ code: 'NOT_WRITABLE', writer: joined.writer })
  // the sentence is the command to run
  const [, command] = /`autobee (add-writer \w+)`/.exec(String(error?.message)) as unknown as [string, string]
  await shop.row([...command.split(' '), '--data', 'a'])
  await b.peer.row({ event: 'writable' })
  await shop.row(['put', 'from b', '1', '--data', 'b'])
  await merged(2)
  expect((await shop.row(['info', '--data', 'a'])).peers).toHaveLength(1)

  proxy.cut()
  await Promise.all([a.peer.row({ event: 'peer-close' }), b.peer.row({ event: 'peer-close' })])
  const lines = (side: string) =>
    Array.from({ length: 200 }, (_, i) => `{"key":"${side}${i}","value":${i}}`).join('\n')
  await Promise.all(['a', 'b'].map(side => shop.row(['append', '--data', side], { input: lines(side) })))
  await shop.row(['put', 'both', '"a"', '--data', 'a'])
  await shop.row(['put', 'both', '"b"', '--data', 'b'])
  expect((await shop.row(['get', 'both', '--data', 'a'])).value).toBe('a')
  expect((await shop.run(['get', 'b0', '--data', 'a'])).code).toBe(3)
  // what a merge brings is watched like anything else
  const watch = shop.start(['watch', '--json', '--prefix', 'both', '--data', 'a'])
  await until(() => watch.err.includes('watching'))

  proxy.mend()
  const list = await merged(403)
  expect(list).toContain('{"key":"both","value":"b"}')
  expect(await watch.row({ key: 'both' })).toEqual({ type: 'put', key: 'both', value: 'b', previous: 'a' })

  await shop.row(['remove-writer', String(joined.writer), '--data', 'a'])
  await b.peer.row({ event: 'unwritable' })
  expect(errorsOf(await shop.run(['put', 'x', '1', '--data', 'b', '--json']))).toMatchObject([
    { code: 'NOT_WRITABLE' }
  ])
  expect((await a.peer.kill('SIGINT')).code).toBe(0)
  expect((await b.peer.kill('SIGTERM')).code).toBe(0)
  // stopped, both still show the same
  expect(await merged(403)).toBe(list)
})

test('a peer goes on with the port and the peers of the last time, and what one wrote alone reaches the other', async () => {
  const { key } = await shop.row(['create', '--data', 'a'])
  const a = await shop.serve('--data', 'a')
  const { writer } = await shop.row([
    'join',
    String(key),
    '--data',
    'b',
    '--connect',
    String(a.ready.address)
  ])
  await shop.row(['add-writer', String(writer), '--no-indexer', '--data', 'a'])
  const b = await shop.serve('--data', 'b')
  await b.peer.row({ event: 'writable' })
  expect((await shop.row(['info', '--data', 'b'])).role).toBe('writer')
  await Promise.all([a.peer.kill('SIGTERM'), b.peer.kill('SIGKILL')])

  await shop.row(['append', '--data', 'b', ...[1, 2, 3].map(n => `{"key":"${n}","value":${n}}`)])
  await shop.row(['put', 'a', '0', '--data', 'a'])
  const again = await shop.serve('--data', 'a')
  expect(again.ready.address).toBe(a.ready.address)
  await shop.serve('--data', 'b')
  await merged(4)
})

test('an encrypted database: its key stays in a file of mode 0600, and nobody joins without it', async () => {
  const created = await shop.row(['create', '--encrypted', '--data', 'a'])
  const keyFile = String(created.encryptionKeyFile)
  expect((await stat(keyFile)).mode & 0o777).toBe(0o600)
  expect(await readFile(keyFile, 'utf8')).toMatch(/^[0-9a-f]{64}\n$/)
  await shop.row(['put', 'secret', '1', '--data', 'a'])
  expect((await shop.row(['info', '--data', 'a'])).encrypted).toBe(true)
  const a = await shop.serve('--data', 'a')
  const join = (...more: string[]) => [
    'join',
    String(created.key),
    '--connect',
    String(a.ready.address),
    '--wait',
    ...more
  ]

  for (const flags of [[], ['--encryption-key-file', 'wrong']]) {
    await writeFile(shop.path('wrong'), `${'ab'.repeat(32)}\n`)
    const result = await shop.run(join('--data', 'b', '--json', ...flags))
    expect({ code: result.code, errors: errorsOf(result) }).toMatchObject({
      code: 1,
      errors: [{ code: 'ENCRYPTION_KEY_MISMATCH' }]
    })
  }
  // joined again with the right key, in the same folder
  await shop.row(join('--data', 'b', '--encryption-key-file', keyFile))
  expect(await shop.row(['get', 'secret', '--data', 'b'])).toEqual({ key: 'secret', value: 1 })

  const env = { AUTOBEE_ENCRYPTION_KEY: (await readFile(keyFile, 'utf8')).trim() }
  await shop.row(join('--data', 'c'), { env })
  expect((await stat(shop.path('c', 'encryption-key'))).mode & 0o777).toBe(0o600)
  expect((await shop.row(['get', 'secret', '--data', 'c'])).value).toBe(1)

  // no key, no database; a key that is no key is not repeated
  await writeFile(shop.path('c', 'encryption-key'), 'my secret\n')
  const damaged = await shop.run(['get', 'secret', '--data', 'c', '--json'])
  expect(errorsOf(damaged)).toMatchObject([{ code: 'INVALID_KEY' }])
  expect(damaged.err).not.toContain('my secret')
  expect((await shop.row(['get', 'secret', '--data', 'c'], { env })).value).toBe(1)
  await copyFile(keyFile, shop.path('moved'))
  await chmod(shop.path('moved'), 0o600)
  const [moved] = await shop.rows(['get', 'secret', '--data', 'c', '--encryption-key-file', 'moved'])
  expect(moved?.value).toBe(1)
})

test('nobody there: join --wait says so and stays joined; serve tells it once, and goes on trying', async () => {
  const { key } = await shop.row(['create', '--data', 'a'])
  const a = await shop.serve('--data', 'a')
  await shop.row(['put', 'x', '1', '--data', 'a'])
  await a.peer.kill('SIGINT')

  const args = [
    'join',
    String(key),
    '--data',
    'b',
    '--connect',
    String(a.ready.address),
    '--wait',
    '0.3',
    '--json'
  ]
  const result = await shop.run(args)
  expect(result.code).toBe(1)
  expect(errorsOf(result).map(({ code }) => code)).toEqual(['TRANSPORT_FAILED', 'TIMEOUT'])
  const b = await shop.serve('--data', 'b')
  await until(() => b.peer.err.includes('TRANSPORT_FAILED'))
  // empty, and yet nobody knows
  const list = await shop.run(['list', '--data', 'b'])
  expect({ code: list.code, out: list.out }).toEqual({ code: 0, out: '' })
  expect(list.err).toContain('Nothing has come')
  await shop.serve('--data', 'a')
  await b.peer.row({ event: 'peer' })
  await until(async () => (await shop.run(['get', 'x', '--data', 'b'])).code === 0)
  expect(errorsOf(b.peer)).toHaveLength(1)
})
