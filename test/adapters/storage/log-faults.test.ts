import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import RAM from 'random-access-memory'
import { afterEach, describe, expect, test } from 'vitest'
import { crc32c } from '../../../adapters/storage/log/checksum.ts'
import { boundOf, offsetOf, placeOf } from '../../../adapters/storage/log/place.ts'
import { LogStore } from '../../../adapters/storage/log/store.ts'
import { type RandomAccessStorage, randomAccess } from '../../../adapters/storage/random-access.ts'
import { bytes, contents, filled, keyOf, put } from '../../../adapters/testing/bytes.ts'
import { AutobeeError } from '../../../src/index.ts'
import { Disk, type DiskOptions, dump } from './log-disk.ts'
import { filesIn } from './random-access-places.ts'

const cleanups: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

async function temporary(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'autobee-log-'))
  cleanups.push(() => rm(dir, { recursive: true, force: true }))
  return dir
}

const KINDS: DiskOptions[] = [{ truncates: true }, { truncates: false, syncs: false }]

describe.each(KINDS)('on a disk of %o', options => {
  test('a write that stops at any byte, or fails when all of it was written, has no effect, then or later', async () => {
    const disk = new Disk(options)
    const store = await disk.open()
    await store.commit([put(keyOf(1), bytes(1))])
    const before = await dump(store)
    for (let part = 0; part <= 90; part++) {
      // of the record only: what undoes it goes through
      let isFirst = true
      disk.onwrite = async (slot, array) => {
        if (!isFirst) return array.length
        isFirst = false
        disk.apply({ type: 'write', slot, at: store.stats.bytes, bytes: array.slice(0, part), time: 0 })
        throw new AutobeeError('STORE_FULL', 'no room')
      }
      await expect(store.commit([put(keyOf(2), filled(40, 2))])).rejects.toMatchObject({ code: 'STORE_FULL' })
      disk.onwrite = null
      expect(await dump(store)).toBe(before)
      const later = await disk.copy().open()
      expect([part, await dump(later)]).toEqual([part, before])
    }
    await store.commit([put(keyOf(3), bytes(3))])
    expect(await dump(await disk.copy().open())).toBe('000001=01 000003=03')
  })
})

test('when a failed write cannot be undone, the store takes no more until it is opened again, and reads go on', async () => {
  const disk = new Disk({ truncates: false })
  const store = await disk.open()
  await store.commit([put(keyOf(1), bytes(1))])
  disk.onwrite = async (slot, array) => {
    disk.apply({ type: 'write', slot, at: store.stats.bytes, bytes: array.slice(0, 50), time: 0 })
    throw new AutobeeError('STORE_FAILED', 'a dead disk')
  }
  await expect(store.commit([put(keyOf(2), bytes(2))])).rejects.toMatchObject({ code: 'STORE_FAILED' })
  disk.onwrite = null
  for (const call of [() => store.commit([put(keyOf(3), bytes(3))]), () => store.sync()]) {
    await expect(call()).rejects.toMatchObject({ code: 'STORE_FAILED', reason: 'BROKEN' })
  }
  expect(await dump(store)).toBe('000001=01')
  await store.close()
  const again = await disk.open()
  await again.commit([put(keyOf(4), bytes(4))])
  expect(await dump(again)).toBe('000001=01 000004=04')
})

test('a sync that fails breaks the store: what has reached the disk is unknown', async () => {
  const disk = new Disk()
  const files = disk.files()
  let fails = false
  const sync = async () => {
    if (fails) throw new Error('EIO')
  }
  const store = await LogStore.open({ ...files, slots: [{ ...files.slots[0], sync }, files.slots[1]] })
  await store.commit([put(keyOf(1), bytes(1))])
  fails = true
  await expect(store.sync()).rejects.toMatchObject({ code: 'STORE_FAILED' })
  await expect(store.commit([put(keyOf(2), bytes(2))])).rejects.toMatchObject({ reason: 'BROKEN' })
  await store.close()
})

/** A storage in memory of which the calls that are named are never answered. */
function silent(silenced: Set<string>) {
  const storages = RAM.reusable()
  return (name: string): RandomAccessStorage => {
    const ram = storages(name)
    const storage: RandomAccessStorage = {
      read: (at, size, done) => ram.read(at, size, done),
      write: (at, data, done) => {
        if (!silenced.has('write')) ram.write(at, data, done)
      },
      stat: done => ram.stat(done),
      close: done => {
        if (!silenced.has('close')) ram.close?.(done)
      }
    }
    return storage
  }
}

test('a storage that never answers a write: STORE_FAILED in time, no effect, and the place can be opened again', async () => {
  const silenced = new Set<string>()
  const adapter = randomAccess(silent(silenced), { timeout: 50 })
  const store = await adapter.openKeyValue()
  await store.commit([put(keyOf(1), bytes(1))])
  silenced.add('write').add('close')
  const failure = { code: 'STORE_FAILED', reason: 'TIMEOUT' }
  await expect(store.commit([put(keyOf(2), bytes(2))])).rejects.toMatchObject(failure)
  silenced.clear()
  // that write was not undone either
  await expect(store.commit([put(keyOf(3), bytes(3))])).rejects.toMatchObject({ reason: 'BROKEN' })
  expect((await contents(store)).length).toBe(1)
  await store.close()
  const again = await adapter.openKeyValue()
  await again.commit([put(keyOf(4), bytes(4))])
  expect((await contents(again)).map(({ key }) => key)).toEqual([keyOf(1), keyOf(4)])
  await again.close()
})

test('a storage that leaves out one answer: the commit fails and is undone, the store goes on', async () => {
  const silenced = new Set<string>()
  const factory = silent(silenced)
  const adapter = randomAccess(
    name => {
      const storage = factory(name)
      const write: RandomAccessStorage['write'] = (at, data, done) => {
        storage.write(at, data, done)
        silenced.delete('write')
      }
      return { ...storage, write }
    },
    { timeout: 50 }
  )
  const store = await adapter.openKeyValue()
  silenced.add('write')
  await expect(store.commit([put(keyOf(2), bytes(2))])).rejects.toMatchObject({ reason: 'TIMEOUT' })
  await store.commit([put(keyOf(3), bytes(3))])
  await store.close()
  const again = await adapter.openKeyValue()
  expect((await contents(again)).map(({ key }) => key)).toEqual([keyOf(3)])
  await again.close()
})

test('a factory that gives nothing usable is STORE_FAILED, and leaves nothing locked', async () => {
  let good = false
  const storages = RAM.reusable()
  const adapter = randomAccess(name => {
    if (!good) throw new Error('not now')
    return storages(name)
  })
  await expect(adapter.openKeyValue()).rejects.toMatchObject({ code: 'STORE_FAILED' })
  good = true
  await (await adapter.openKeyValue()).close()
})

test('wrong arguments are told at once', () => {
  const storages = RAM.reusable()
  expect(() => randomAccess(null as never)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  for (const options of [
    null,
    { timeout: -1 },
    { timeout: 'long' },
    { cacheBytes: Number.NaN },
    { sync: 1 }
  ]) {
    expect(() => randomAccess(storages, options as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTIONS' })
    )
  }
})

test('files of something else are STORE_CORRUPT, and stay as they are', async () => {
  const dir = await temporary()
  await writeFile(join(dir, 'log-0'), 'a log of my own')
  await expect(filesIn(dir).openKeyValue()).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
  expect(await readFile(join(dir, 'log-0'), 'utf8')).toBe('a log of my own')
})

test('two processes: the second is STORE_LOCKED by the lock of random-access-file', async () => {
  const dir = await temporary()
  const store = await filesIn(dir).openKeyValue()
  // another factory, so only the lock of the file is between them
  await expect(filesIn(dir).openKeyValue()).rejects.toMatchObject({ code: 'STORE_LOCKED' })
  await store.commit([put(keyOf(1), bytes(1))])
  await store.close()
  const again = await filesIn(dir).openKeyValue()
  expect((await contents(again)).length).toBe(1)
  await again.close()
})

test.skipIf(!mounts())(
  'a disk that is full is STORE_FULL without effect, and the store goes on when there is room',
  async () => {
    const dir = await temporary()
    await mkdir(join(dir, 'disk'))
    const disk = join(dir, 'disk')
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk])
    cleanups.push(async () => void execFileSync('umount', ['-l', disk]))
    await writeFile(join(disk, 'other'), filled(1024 * 1024, 1))
    const store = await filesIn(disk).openKeyValue()
    let written = 0
    const fill = async () => {
      for (; written < 1000; written++)
        await store.commit([put(keyOf(written), filled(10_000, written & 255))])
    }
    await expect(fill()).rejects.toMatchObject({ code: 'STORE_FULL' })
    expect(written).toBeGreaterThan(50)
    await expect(store.commit([put(keyOf(5000), filled(100_000, 1))])).rejects.toMatchObject({
      code: 'STORE_FULL'
    })
    expect((await contents(store)).length).toBe(written)
    await rm(join(disk, 'other'))
    await store.commit([put(keyOf(5000), filled(100_000, 1))])
    await store.close()
    const again = await filesIn(disk).openKeyValue()
    expect((await contents(again)).length).toBe(written + 1)
    await again.close()
  }
)

test('memory holds keys and a bounded cache, not values: 100 MB of them, written, opened and read', async () => {
  const dir = await temporary()
  const adapter = filesIn(dir, { cacheBytes: 1024 * 1024 })
  let store = await adapter.openKeyValue()
  for (let i = 0; i < 1600; i++) await store.commit([put(keyOf(i), filled(65_536, i & 255))])
  await store.close()
  const disk = new Disk()
  disk.slots[0] = await readFile(join(dir, 'log-0'))
  const log = await disk.open({ cacheBytes: 1024 * 1024 })
  expect(log.stats).toMatchObject({ keys: 1600, cachedBytes: 0 })
  expect(disk.largestRead).toBeLessThanOrEqual(1024 * 1024 + 64)
  expect(
    (await contents(log)).every(({ value }, i) => value.length === 65_536 && value[9] === (i & 255))
  ).toBe(true)
  expect(log.stats.cachedBytes).toBeLessThanOrEqual(1024 * 1024)
  expect(disk.largestRead).toBeLessThanOrEqual(1024 * 1024 + 64)
  store = await adapter.openKeyValue()
  expect(await store.getMany([keyOf(777)])).toEqual([filled(65_536, 777 & 255)])
  await store.close()
})

test('the checksum is CRC-32C, in one piece or in many', () => {
  const text = Buffer.from('123456789')
  expect(crc32c(0, text)).toBe(0xe3069283)
  expect(crc32c(0, new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43)
  for (let at = 0; at <= 9; at++) {
    expect(crc32c(crc32c(0, text, { end: at }), text, { start: at })).toBe(0xe3069283)
  }
})

test('a place keeps an offset and a bound of the length, less than 0.1% above it', () => {
  for (const offset of [0, 1, 12345, 2 ** 32, 2 ** 38 - 1]) {
    for (let exponent = 0; exponent <= 26; exponent++) {
      for (const length of [2 ** exponent - 1, 2 ** exponent, Math.min(2 ** 26, 2 ** exponent + 1)]) {
        const place = placeOf(offset, length)
        expect(Number.isSafeInteger(place)).toBe(true)
        expect(offsetOf(place)).toBe(offset)
        expect(boundOf(place)).toBeGreaterThanOrEqual(length)
        expect(boundOf(place)).toBeLessThanOrEqual(length < 16384 ? length : length * 1.001)
      }
    }
  }
})

/** Containers may run as root and still not be let mount. */
function mounts(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
