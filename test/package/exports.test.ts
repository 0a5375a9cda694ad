import { readFileSync } from 'node:fs'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { node, type Packed, pack } from './packed.ts'

let packed: Packed

beforeAll(async () => {
  packed = await pack()
})

afterAll(() => packed?.remove())

test('arethetypeswrong finds nothing in any entry that we did not decide', async () => {
  const found = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(packed.tarball))))
  if (!found.types) throw new Error('it found no types')
  const entries = Object.keys(packed.manifest.exports)
  expect(Object.keys(found.entrypoints).sort()).toEqual(entries.sort())
  const decided: string[] = []
  for (const problem of found.problems) {
    const { kind, entrypoint, resolutionKind } = { entrypoint: '', resolutionKind: '', ...problem }
    // the resolution of TypeScript 4, which knows no exports: not supported
    if (resolutionKind === 'node10') continue
    // entries other than '.' are ES modules, which `require` of Node 20.19 takes
    if (kind === 'CJSResolvesToESM' && entrypoint !== '.') continue
    decided.push(`${kind} ${entrypoint} ${resolutionKind} ${JSON.stringify(problem)}`)
  }
  expect(decided).toEqual([])
})

test('publint finds no error and nothing to warn of', async () => {
  const { messages, pkg } = await publint({ pkgDir: packed.folder, strict: true, pack: false })
  // what it suggests is a matter of taste: `sideEffects` makes no bundle smaller, as all is bundled already
  const grave = messages.filter(({ type }) => type !== 'suggestion')
  expect(grave.map(message => formatMessage(message, pkg))).toEqual([])
})

test('every entry can be imported and required in Node', async () => {
  const script = `
import { createRequire } from 'node:module'
const require = createRequire(import.meta.url)
const wrong = []
for (const name of ${JSON.stringify(Object.keys(packed.manifest.exports))}) {
  const id = 'autobee' + name.slice(1)
  const imported = await import(id, name.endsWith('.json') ? { with: { type: 'json' } } : {})
  const required = require(id)
  const names = Object.keys(imported).filter(key => key !== 'default' && key !== 'module.exports')
  const missing = name.endsWith('.json') ? [] : names.filter(key => required[key] !== imported[key])
  if (missing.length > 0) wrong.push([id, missing])
}
const Autobee = require('autobee')
console.log(JSON.stringify({ wrong, same: Autobee === (await import('autobee')).Autobee, isClass: typeof Autobee }))
`
  const { stdout, stderr } = await node(['--input-type=module', '--eval', script], packed.project)
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toEqual({ wrong: [], same: true, isClass: 'function' })
})
