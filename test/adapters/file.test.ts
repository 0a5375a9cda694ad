import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import b4a from 'b4a'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { file, openStore } from '../../adapters/storage/file.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
let dir: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'autobee-file-'))
})

afterEach(() => rm(dir, { recursive: true, force: true }))

/** A store with blocks that have reached RocksDB's files, closed. */
async function written(name = 'store'): Promise<string> {
  const path = join(dir, name)
  const store = await openStore(path)
  const core = store.get({ name: 'log' })
  await core.append(Array.from({ length: 100 }, () => b4a.alloc(1000, 1)))
  await store.storage.db.flush()
  await store.close()
  return path
}

async function overwrite(path: string, pattern: RegExp): Promise<void> {
  const db = join(path, 'db')
  for (const name of await readdir(db)) {
    if (pattern.test(name)) await writeFile(join(db, name), 'garbage')
  }
}

test('openStore makes a folder and gives a ready Corestore; what is written is there after reopening', async () => {
  const path = join(dir, 'a', 'b')
  const store = await openStore(path)
  expect(store.opened).toBe(true)
  const core = store.get({ name: 'log' })
  await core.append(b4a.from('hello'))
  await store.close()

  const again = await openStore(file(path))
  expect(b4a.toString((await again.get({ name: 'log' }).get(0)) as Uint8Array)).toBe('hello')
  await again.close()
})

test('a store that is open is STORE_LOCKED for a second opener, here and in another process; then it opens', async () => {
  const path = join(dir, 'store')
  const store = await openStore(path)
  await expect(openStore(path)).rejects.toMatchObject({ name: 'AutobeeError', code: 'STORE_LOCKED' })
  await store.close()

  const source = `require('corestore'); const store = new (require('corestore'))(${JSON.stringify(path)})
store.ready().then(() => console.log('open')); process.stdin.resume()`
  const child = spawn(process.execPath, ['-e', source], {
    cwd: repository,
    stdio: ['pipe', 'pipe', 'inherit']
  })
  await new Promise(resolve => child.stdout.once('data', resolve))
  await expect(openStore(path)).rejects.toMatchObject({ code: 'STORE_LOCKED' })
  const waiting = openStore(path, { wait: true })
  child.kill('SIGKILL')
  await (await waiting).close()
})

test('a read-only store opens beside its writer', async () => {
  const path = join(dir, 'store')
  const store = await openStore(path)
  const core = store.get({ name: 'log' })
  await core.append(b4a.from('hello'))
  const reader = await openStore(path, { readOnly: true })
  expect(b4a.toString((await reader.get({ key: core.key }).get(0)) as Uint8Array)).toBe('hello')
  await reader.close()
  await store.close()
})

test.for([
  ['CURRENT', /^CURRENT$/],
  ['the manifest', /^MANIFEST/],
  ['a table', /\.sst$/]
] as const)('a store whose %s is damaged is STORE_CORRUPT, and stays unlocked', async ([, pattern]) => {
  const path = await written()
  await overwrite(path, pattern)
  await expect(openStore(path)).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
  await expect(openStore(path)).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
})

test('a store without its CURRENT file is STORE_CORRUPT', async () => {
  const path = await written()
  await rm(join(path, 'db', 'CURRENT'))
  await expect(openStore(path)).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
})

test('a copied store is refused, as its logs would fork: STORE_FAILED, reason MOVED', async () => {
  const path = await written()
  await cp(path, join(dir, 'copy'), { recursive: true })
  await expect(openStore(join(dir, 'copy'))).rejects.toMatchObject({ code: 'STORE_FAILED', reason: 'MOVED' })
})

test('a folder with other files is refused and left as it is; so is a file', async () => {
  const mine = join(dir, 'mine')
  await mkdir(mine)
  await writeFile(join(mine, 'letter.txt'), 'dear')
  await expect(openStore(mine)).rejects.toMatchObject({ code: 'STORE_FAILED', reason: 'NOT_A_STORE' })
  expect(await readdir(mine)).toEqual(['letter.txt'])
  await expect(openStore(join(mine, 'letter.txt'))).rejects.toMatchObject({
    code: 'STORE_FAILED',
    reason: 'NOT_A_STORE'
  })
})

test('a read-only store that is not there is STORE_FAILED, and is not made', async () => {
  await expect(openStore(join(dir, 'none'), { readOnly: true })).rejects.toMatchObject({
    code: 'STORE_FAILED'
  })
  expect(await readdir(dir)).toEqual([])
})

test('wrong arguments are typed errors', async () => {
  await expect(openStore('')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(openStore(3 as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(openStore(join(dir, 'x'), { wait: 'yes' } as never)).rejects.toMatchObject({
    code: 'INVALID_OPTIONS'
  })
  await expect(openStore(join(dir, 'x'), null as never)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
})
