import { posix } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Packed, pack } from './packed.ts'

let packed: Packed
let notices: string

beforeAll(async () => {
  packed = await pack()
  notices = packed.read('dist/browser/THIRD_PARTY_NOTICES.txt')
})

afterAll(() => packed?.remove())

/** Names of packages, each with the text that stands below its name. */
function textsByPackage(): Map<string, string> {
  const texts = new Map<string, string>()
  for (const [, names = '', text = ''] of notices.matchAll(
    /((?:^---- .* ----\n)+)\n([\s\S]*?)(?=\n\n---- |\n$(?![\s\S]))/gm
  ))
    for (const [, name] of names.matchAll(/^---- (\S+) /gm)) texts.set(name as string, text)
  return texts
}

test('every package of which a page loads code is named, as the source maps tell', () => {
  const bundled = new Set<string>()
  for (const path of packed.files.filter(path => path.endsWith('.map'))) {
    const { sources } = JSON.parse(packed.read(path)) as { sources: string[] }
    for (const source of sources) {
      const [, name] = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(posix.normalize(source)) ?? []
      if (name) bundled.add(name)
    }
  }
  expect(bundled.size).toBeGreaterThan(30)
  const named = textsByPackage()
  expect([...bundled].filter(name => !named.has(name))).toEqual([])
  // their code is there without a map
  expect([...named.keys()].filter(name => !bundled.has(name)).sort()).toEqual(['libsodium-sumo', 'rolldown'])
})

test('each with the whole text of its licence, and who holds the rights', () => {
  const texts = textsByPackage()
  const whole = [
    /Permission is hereby granted[\s\S]*WITHOUT WARRANTY OF ANY KIND/,
    /Permission to use, copy, modify[\s\S]*DISCLAIMS ALL WARRANTIES/,
    /Apache License[\s\S]*TERMS AND CONDITIONS[\s\S]*Limitation of Liability/
  ]
  const without = [...texts].filter(([, text]) => !whole.some(words => words.test(text)))
  expect(without.map(([name]) => name)).toEqual([])
  const nobodys = [...texts].filter(([, text]) => !/copyright/i.test(text))
  expect(nobodys.map(([name]) => name)).toEqual([])
  expect(texts.get('libsodium-sumo')).toContain('Frank Denis')
})

test('the licence of the package itself is there whole', () => {
  expect(packed.read('LICENSE')).toMatch(/Apache License[\s\S]*END OF TERMS AND CONDITIONS/)
})
