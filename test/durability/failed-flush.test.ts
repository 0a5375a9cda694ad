import { execFileSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import type Corestore from 'corestore'
import { expect, test } from 'vitest'
import type { AutobeeOptions } from '../../src/index.ts'
import { op } from './apply.mjs'
import { readDisk } from './disk.ts'
import { eventOf } from './rounds.ts'
import { hex, type Peer, workshop } from './workshop.ts'

const shop = workshop()

/** Makes the next write batch, or the next sync, of a store fail. */
function failNext(store: Corestore, { what, message }: { what: 'write' | 'sync'; message: string }): void {
  const { db } = store.storage as unknown as {
    db: { write(options: unknown): Batch; flush(): Promise<void> }
  }
  if (what === 'sync') {
    db.flush = () => Promise.reject(new Error(message))
    return
  }
  const write = db.write.bind(db)
  db.write = options => {
    db.write = write
    const batch = write(options)
    // as the binding fails
    batch.flush = () => {
      batch.destroy()
      return Promise.reject(new Error('Batch was not applied', { cause: new Error(message) }))
    }
    return batch
  }
}

interface Batch {
  flush(): Promise<void>
  destroy(): void
}

async function withAppended(
  options: AutobeeOptions = {}
): Promise<{ dir: string; peer: Peer; ids: string[] }> {
  const dir = await shop.dir()
  const peer = await shop.peer(dir, options)
  const ids = Array.from({ length: 70 }, (_, i) => `kept.${i}`)
  for (const id of ids) await peer.db.append(op({ id }))
  return { dir, peer, ids }
}

const FAILURES = [
  { message: 'IO error: No space left on device: While appending to file', code: 'STORE_FULL' },
  { message: 'IO error: While appending to file: Input/output error', code: 'STORE_FAILED' }
] as const

for (const { message, code } of FAILURES) {
  test(`a write that fails rejects with ${code}, and nothing of it is there after reopening`, async () => {
    const { dir, peer, ids } = await withAppended()
    failNext(peer.store, { what: 'write', message })
    const appends = [
      peer.db.append(op({ id: 'failed' })),
      peer.db.append([op({ id: 'failed too' }), op({ id: 'failed as well' })])
    ]
    for (const append of appends) await expect(append).rejects.toMatchObject({ code })
    expect(await eventOf(peer, 'error')).toMatchObject({ code })
    await expect(peer.db.append(op({ id: 'after' }))).rejects.toMatchObject({ code })
    await expect(peer.db.update()).rejects.toMatchObject({ code })
    await expectKept({ dir, peer, ids })
  })
}

test('a sync that fails rejects, and the database is whole after reopening', async () => {
  const { dir, peer, ids } = await withAppended({ durability: 'sync' })
  failNext(peer.store, { what: 'sync', message: 'IO error: No space left on device' })
  await expect(peer.db.append(op({ id: 'maybe' }))).rejects.toMatchObject({ code: 'STORE_FULL' })
  expect(await eventOf(peer, 'error')).toMatchObject({ code: 'STORE_FULL' })
  // it was written, but not to the disk: it may be there or not
  await expectKept({ dir, peer, ids, maybe: 'maybe' })
})

test('a background sync that fails does not take the database down', async () => {
  const { dir, peer, ids } = await withAppended()
  failNext(peer.store, { what: 'sync', message: 'IO error' })
  await peer.db.append(op({ id: 'more' }))
  await expectKept({ dir, peer, ids: [...ids, 'more'] })
})

const canMount = process.platform === 'linux' && process.getuid?.() === 0 && mounts()

test.skipIf(!canMount)(
  'a disk that is really full: STORE_FULL, and with room again all is there',
  async () => {
    const dir = await shop.dir()
    mount(dir, 'size=6m')
    const peer = await shop.peer(dir)
    const ids: string[] = []
    let failure: unknown = null
    for (let i = 0; failure === null; i++) {
      const values = [op({ id: `big.${i}`, fill: 30_000 }), op({ id: `small.${i}` })]
      await peer.db.append(values).then(
        () => ids.push(`big.${i}`, `small.${i}`),
        error => {
          failure = error
        }
      )
    }
    expect(failure).toMatchObject({ code: 'STORE_FULL' })
    expect(ids.length).toBeGreaterThan(0)
    expect(await eventOf(peer, 'error')).toMatchObject({ code: 'STORE_FULL' })
    await expect(peer.db.append(op({ id: 'after' }))).rejects.toMatchObject({ code: 'STORE_FULL' })
    const key = hex(peer.db.key)
    await peer.close().catch(() => {})
    execFileSync('mount', ['-o', 'remount,size=64m', dir])
    const found = await readDisk(dir, key)
    expect(found?.local.slice(0, ids.length)).toEqual(ids)
    const again = await shop.peer(dir, { key })
    await again.db.append(op({ id: 'again' }))
    await again.close()
    expect((await readDisk(dir, key))?.ids).toEqual([...(found?.ids ?? []), 'again'])
  }
)

/** Reopens: what was acknowledged is there, `maybe` may be, and nothing else; appends go on. */
async function expectKept({
  dir,
  peer,
  ids,
  maybe
}: {
  dir: string
  peer: Peer
  ids: string[]
  maybe?: string
}): Promise<void> {
  const key = hex(peer.db.key)
  await peer.close()
  const found = await readDisk(dir, key)
  const left = found?.local ?? []
  if (maybe !== undefined && left.length > ids.length) expect(left).toEqual([...ids, maybe])
  else expect(left).toEqual(ids)
  expect(found?.ids).toEqual(left)
  const again = await shop.peer(dir, { key })
  expect((await again.db.append(op({ id: 'again' }))).length).toBe(left.length + 1)
  expect(again.events).toEqual([])
  await again.close()
  expect((await readDisk(dir, key))?.ids).toEqual([...left, 'again'])
}

function mount(dir: string, options: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', dir])
  shop.after(async () => {
    execFileSync('umount', ['-l', dir])
    await rm(dir, { recursive: true, force: true })
  })
}

/** Containers may run as root and still not be let mount. */
function mounts(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
