import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openStore } from '../../adapters/storage/file.ts'
import { readItem } from '../../demo/board/model.ts'
import { until } from '../support/peers.ts'
import { Program } from './program.ts'
import { startHarness } from './start-board.ts'

const h = startHarness()
const ROOT = fileURLToPath(new URL('../../', import.meta.url))

test('a port that is taken: it says --port, and nothing is left behind', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const { code, sentence } = await h.failure('--port', String(port))
  await new Promise(resolve => server.close(resolve))
  expect([code, sentence]).toEqual([1, expect.stringContaining('--port')])
  expect(await readdir(h.dir)).toEqual([])
})

test('a host that is none of this machine', async () => {
  const { code, sentence } = await h.failure('--port', '0', '--host', '192.0.2.1')
  expect([code, sentence]).toEqual([1, expect.stringContaining('--host')])
})

test('a folder on which another one runs: it is left alone, and goes on', async () => {
  const first = await h.start()
  const before = await readFile(h.path('autobee-data', 'board.json'), 'utf8')
  for (const flags of [[], ['--port', '0'], ['--port', String(first.port)]]) {
    const { code, sentence } = await h.failure(...flags)
    expect([code, sentence]).toEqual([1, expect.stringMatching(/Another npm start.*--data/)])
  }
  expect(await readFile(h.path('autobee-data', 'board.json'), 'utf8')).toBe(before)
  const bea = await h.member(first.invitation, 'Bea')
  expect(bea.writable).toBe(true)
})

test.each(['MANIFEST', 'CURRENT'])(
  'a store whose %s is damaged: it says so, each time, and deletes nothing',
  async part => {
    const first = await h.start()
    await first.program.kill('SIGINT')
    const db = h.path('autobee-data', 'store', 'db')
    const names = await readdir(db)
    for (const name of names) if (name.startsWith(part)) await writeFile(join(db, name), 'garbage')
    for (let i = 0; i < 2; i++) {
      const { code, sentence } = await h.failure()
      expect([code, sentence]).toEqual([1, expect.stringMatching(/damaged.*--join/)])
    }
    const left = await readdir(db)
    expect(names.filter(name => !left.includes(name) && !/LOG|OPTIONS/.test(name))).toEqual([])
  }
)

test('a store that was emptied is no board: it says so, and makes none', async () => {
  const first = await h.start()
  await first.program.kill('SIGINT')
  await rm(h.path('autobee-data', 'store'), { recursive: true })
  const gone = await h.failure()
  expect([gone.code, gone.sentence]).toEqual([1, expect.stringMatching(/--join/)])
  expect(await readdir(h.path('autobee-data'))).toEqual(['board.json'])
  const store = await openStore(h.path('autobee-data', 'store'))
  await store.close()
  const empty = await h.failure()
  expect([empty.code, empty.sentence]).toEqual([1, expect.stringMatching(/--join/)])
})

test.each([
  ['autobee.json', 'a folder of the command line'],
  ['peer.json', 'a folder of an earlier npm start']
])('%s: %s is left alone', async name => {
  await mkdir(h.path('autobee-data', 'store'), { recursive: true })
  await writeFile(h.path('autobee-data', name), '{}')
  const { code, sentence } = await h.failure('--port', '0')
  expect([code, sentence]).toEqual([1, expect.stringContaining('--data')])
  expect((await readdir(h.path('autobee-data'))).sort()).toEqual([name, 'store'].sort())
})

test('a store without a board.json is not taken', async () => {
  const first = await h.start()
  await first.program.kill('SIGINT')
  await rm(h.path('autobee-data', 'board.json'))
  const { code, sentence } = await h.failure('--port', '0')
  expect([code, sentence]).toEqual([1, expect.stringContaining('board.json')])
  expect(await readdir(h.path('autobee-data'))).toEqual(['store'])
})

test.each([
  ['no JSON', '{'],
  ['another JSON', '{"version":1,"key":"x"}'],
  ['a later version', '{"version":2}']
])('a board.json that is %s is left as it is', async (_, text) => {
  const first = await h.start()
  await first.program.kill('SIGINT')
  await writeFile(h.path('autobee-data', 'board.json'), text)
  const { code, sentence } = await h.failure()
  expect([code, sentence]).toEqual([1, expect.stringContaining('--data')])
  expect(await readFile(h.path('autobee-data', 'board.json'), 'utf8')).toBe(text)
})

test('a folder that is a file', async () => {
  await writeFile(h.path('file'), '')
  const { code, sentence } = await h.failure('--port', '0', '--data', 'file')
  expect([code, sentence]).toEqual([1, expect.stringContaining('--data')])
})

test('--encrypted on a board that is not: nothing is changed, nothing lost', async () => {
  const first = await h.start()
  const bea = await h.member(first.invitation, 'Bea')
  await bea.append({ op: 'item', id: 'milk', list: 'first', text: 'Milk' })
  await until(() => bea.local.peers.some(peer => peer.remoteContiguousLength === bea.local.length))
  await first.program.kill('SIGINT')
  const { code, sentence } = await h.failure('--encrypted')
  expect([code, sentence]).toEqual([2, expect.stringContaining('--data')])
  const again = await h.start('--port', String(first.port))
  expect(again.url).toBe(first.url)
  const carl = await h.member(again.invitation, 'Carl')
  await until(async () => (await readItem(carl.view, 'milk')) !== null)
})

test('--join with another board than that of the folder says where to put it', async () => {
  const first = await h.start('--data', 'first')
  const second = await h.start('--data', 'second')
  await second.program.kill('SIGINT')
  const { code, sentence } = await h.failure('--data', 'second', '--join', first.url)
  expect([code, sentence]).toEqual([2, expect.stringContaining('--data ./second-2')])
})

test('the encryption key of a board.json that was changed is noticed', async () => {
  const first = await h.start('--encrypted')
  await first.program.kill('SIGINT')
  const path = h.path('autobee-data', 'board.json')
  const memory = JSON.parse(await readFile(path, 'utf8'))
  await writeFile(path, JSON.stringify({ ...memory, encryptionKey: '0'.repeat(64) }))
  const { code, sentence } = await h.failure()
  expect([code, sentence]).toEqual([1, expect.stringContaining('board.json')])
})

test.each([
  [['--join', 'hello'], /--join: /],
  [['--join', 'http://127.0.0.1:1/'], /key=/],
  [['--join', 'http://127.0.0.1:1/#key=abc'], /key=/],
  [['--join', `http://127.0.0.1:1/#key=${'y'.repeat(52)}`, '--encrypted'], /--encrypted/],
  [['--join'], /--join/],
  [['--port', 'x'], /--port/],
  [['--port', '65536'], /--port/],
  [['--data', ''], /--data/],
  [['--host', ''], /--host/],
  [['--open'], /--open/],
  [['something'], /something/]
])('%j: exit code 2 and a sentence', async (flags, pattern) => {
  const { code, sentence } = await h.failure(...flags)
  expect([code, sentence]).toEqual([2, expect.stringMatching(pattern)])
  expect(await readdir(h.dir)).toEqual([])
})

test('--help tells every flag', async () => {
  const program = h.run('--help')
  expect(await program.exited).toBe(0)
  for (const flag of ['--port', '--data', '--encrypted', '--join', '--host', '--json'])
    expect(program.out.join('\n')).toContain(flag)
})

test('without the built page it says how to build it', async () => {
  const { name, exports } = JSON.parse(await readFile(`${ROOT}package.json`, 'utf8'))
  await writeFile(h.path('package.json'), JSON.stringify({ name, type: 'module', exports }))
  await cp(`${ROOT}dist/node`, h.path('dist', 'node'), { recursive: true })
  await symlink(`${ROOT}node_modules`, h.path('node_modules'))
  const program = new Program('start', ['--port', '0'], { cwd: h.dir, root: h.dir })
  expect(await program.exited).toBe(1)
  expect(program.err).toEqual([expect.stringContaining('npm run build')])
})
