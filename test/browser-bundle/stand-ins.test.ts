import { posix } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import DeviceFile from '../../adapters/browser/device-file.ts'
import * as fs from '../../adapters/browser/fs.ts'
import { dirname, join } from '../../adapters/browser/path.ts'
import RocksDB, { ColumnFamily } from '../../adapters/browser/rocksdb.ts'
import { setImmediate } from '../../adapters/browser/set-immediate.ts'

const missing = expect.objectContaining({ code: 'ENOENT' })
const unsupported = expect.objectContaining({ code: 'UNSUPPORTED_RUNTIME' })

describe('what stands for modules of Node in a page', () => {
  test('paths are joined, and their folders named, as in Node', () => {
    const part = fc.constantFrom('', '.', '..', 'a', 'b/c', '/', '/d', 'e/', '../f')
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), parts => {
        const withoutEnd = posix.join(...parts).replace(/(?<=.)\/$/, '')
        expect(join(...parts)).toBe(withoutEnd)
      }),
      { numRuns: 500 }
    )
    for (const path of ['/a/b', '/a', 'a/b/c', 'a', '/']) expect(dirname(path)).toBe(posix.dirname(path))
  })

  test('there is no file', async () => {
    expect(fs.existsSync()).toBe(false)
    for (const call of [fs.readdirSync, fs.mkdirSync, fs.renameSync, fs.unlinkSync, fs.writeFileSync])
      expect(() => call('/file')).toThrow(missing)
    for (const call of Object.values(fs.promises)) await expect(call('/file')).rejects.toEqual(missing)
    for (const call of [
      fs.readFile,
      (path: string, done: (error: Error) => void) => fs.open(path, 'r', done)
    ])
      expect(await new Promise(resolve => call('/file', resolve))).toEqual(missing)
  })

  test('there is no RocksDB and no lock on a file', () => {
    expect(() => new RocksDB()).toThrow(unsupported)
    expect(() => new DeviceFile()).toThrow(unsupported)
    expect(RocksDB.ColumnFamily).toBe(ColumnFamily)
    expect(new ColumnFamily('name', { a: 1 })).toMatchObject({ name: 'name', options: { a: 1 } })
  })

  test('setImmediate runs tasks in their order, after what is waiting already', async () => {
    const order: string[] = []
    const last = new Promise<void>(resolve => {
      setImmediate(() => order.push('first'))
      setImmediate(() => {
        order.push('second')
        resolve()
      })
    })
    queueMicrotask(() => order.push('microtask'))
    order.push('now')
    await last
    expect(order).toEqual(['now', 'microtask', 'first', 'second'])
  })
})
