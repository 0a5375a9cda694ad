import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openStore } from '../../adapters/storage/file.ts'
import { makeMarker } from '../../adapters/storage/file-marker.ts'

let dir: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'autobee-file-'))
})

afterEach(() => rm(dir, { recursive: true, force: true }))

test('however many make the marker of a new store at once, there is one, and it is whole', async () => {
  for (let round = 0; round < 20; round++) {
    const path = join(dir, `store-${round}`)
    await Promise.all(Array.from({ length: 8 }, () => makeMarker(path)))
    expect(await readdir(path)).toEqual(['CORESTORE'])
    await (await openStore(path)).close()
    await (await openStore(path)).close()
  }
})

test('a marker that a killed process left unfinished is in nobody’s way', async () => {
  const path = join(dir, 'store')
  await makeMarker(path)
  await rm(join(path, 'CORESTORE'))
  await writeFile(join(path, 'CORESTORE.left'), '')
  await (await openStore(path)).close()
  await (await openStore(path)).close()
})

test('of processes that open a new folder at once one has it, and the others find it locked or come after it', async () => {
  const child = `
    const { openStore } = await import(process.argv[2])
    try {
      await (await openStore(process.argv[1])).close()
      console.log('opened')
    } catch ({ code, reason }) {
      console.log(code, reason ?? '')
    }`
  const module = new URL('../../dist/node/storage/file.js', import.meta.url).href
  for (let round = 0; round < 3; round++) {
    const path = join(dir, `store-${round}`)
    const said = await Promise.all(
      Array.from({ length: 4 }, () => node(['--input-type=module', '-e', child, path, module]))
    )
    expect(said.filter(text => text !== 'opened' && text !== 'STORE_LOCKED')).toEqual([])
    expect(said).toContain('opened')
    await (await openStore(path)).close()
  }
})

function node(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.on('data', data => {
    said += data
  })
  return new Promise(resolve => child.once('close', () => resolve(said.trim())))
}
