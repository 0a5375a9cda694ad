// node --test: every promise of the contract, random walks, a Corestore in it
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { storageSuite } from 'autobee/testing'
import { oneFile } from './one-file.mjs'

storageSuite({
  test,
  async create() {
    const folder = await mkdtemp(join(tmpdir(), 'one-file-'))
    const path = join(folder, 'store')
    return { path, adapter: oneFile(path), destroy: () => rm(folder, { recursive: true }) }
  },
  faults: {
    damage: ({ path }) => writeFile(path, 'not what was written\n')
  }
})
