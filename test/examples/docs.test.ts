import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createProject, repository } from './project.ts'

interface Block {
  readonly language: string
  /** What is said behind the language: `guide NAME`, `file PATH`. */
  readonly words: readonly string[]
  readonly text: string
}

/** Fenced blocks of a page, in their order. */
async function blocksOf(path: string): Promise<Block[]> {
  const page = await readFile(join(repository, path), 'utf8')
  return [...page.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(([, info = '', text = '']) => {
    const [language = '', ...words] = info.split(' ')
    return { language, words, text }
  })
}

const PAGES = ['docs/GUIDE.md', 'docs/ADAPTERS.md', 'docs/COMPARISON.md']
const guide = (await blocksOf('docs/GUIDE.md')).filter(({ words }) => words[0] === 'guide')
const programs = guide.filter(({ language }) => language === 'js').map(({ words }) => words[1] as string)

/** What programs print, of which the page shows no output of its own. */
const PRINTED: Record<string, RegExp> = {
  reading: /^one: 2 null\nrange: b\nrange: c\nwatch: 2 -> 20\n$/,
  reorg:
    /^apart: 5, Ada's again \| 2, Bob's\n(?:(?:ada|bob) applies \d+ again\n)+together: 7, Ada's again \| 7, Ada's again\n$/
}

test('the guide has programs, each once', () => {
  expect(programs.length).toBeGreaterThan(5)
  expect(new Set(programs).size).toBe(programs.length)
})

test.each(programs)('guide, %s: it runs as it stands, and prints what the guide says', async name => {
  const [program] = guide.filter(({ language, words }) => language === 'js' && words[1] === name)
  const [output] = guide.filter(({ language, words }) => language === 'text' && words[1] === name)
  const project = await createProject()
  onTestFinished(() => project.destroy())
  await project.write(`${name}.mjs`, program?.text as string)
  const { stdout, ...rest } = await project.node([`${name}.mjs`])
  expect(rest).toEqual({ code: 0, stderr: '' })
  if (output) expect(stdout).toBe(output.text)
  else expect(stdout.replace(/^update: .*\n/gm, '')).toMatch(PRINTED[name] as RegExp)
})

test.each(PAGES)('%s: every program in it is run, and every file that it quotes is as quoted', async path => {
  for (const { language, words, text } of await blocksOf(path)) {
    if (language === 'text' || language === 'sh') continue
    const [kind, name = ''] = words
    // its types are checked below
    if (language === 'ts') continue
    if (kind === 'file')
      expect(await readFile(join(repository, 'docs/examples', name), 'utf8'), name).toBe(text)
    else expect([language, kind, programs.includes(name)], text).toEqual(['js', 'guide', true])
  }
})

test('what the guide says in TypeScript has no errors of types', async () => {
  const source = guide.filter(({ language }) => language === 'ts').map(({ text }) => text)
  expect(source.length).toBeGreaterThan(0)
  const project = await createProject()
  onTestFinished(() => project.destroy())
  const compilerOptions = { strict: true, noEmit: true, module: 'nodenext', target: 'es2022', types: [] }
  const files = source.map((_, i) => `program-${i}.mts`)
  for (const [i, text] of source.entries()) await project.write(`program-${i}.mts`, text)
  await project.write('tsconfig.json', JSON.stringify({ compilerOptions, files }))
  const tsc = join(repository, 'node_modules', 'typescript', 'bin', 'tsc')
  expect(await project.node([tsc, '-p', '.'])).toEqual({ code: 0, stdout: '', stderr: '' })
})

test("the comparison has the benchmark's own table", async () => {
  const results = await readFile(join(repository, 'bench/RESULTS.md'), 'utf8')
  const [, table = ''] = /<!-- measured: comparison -->\n([\s\S]*?)\n<!-- end/.exec(results) ?? []
  expect(table).toContain('| sequential appends |')
  expect(await readFile(join(repository, 'docs/COMPARISON.md'), 'utf8')).toContain(table)
})

test('the guide has a line for every code of an error, and for no other', async () => {
  const source = await readFile(join(repository, 'src/errors.ts'), 'utf8')
  const [, union = ''] = /AutobeeErrorCode =([^/]*)\n\n/.exec(source) ?? []
  const codes = [...union.matchAll(/'(\w+)'/g)].map(([, code]) => code)
  const page = await readFile(join(repository, 'docs/GUIDE.md'), 'utf8')
  const [, table = ''] = page.split('## Errors, by code')
  const lines = [...table.matchAll(/^\| `(\w+)` \| ./gm)].map(([, code]) => code)
  expect(codes.length).toBeGreaterThan(20)
  expect(lines).toEqual(codes.sort())
})

/** Pages that users read; what is yet to be merged is none. */
const pages = ['README.md', ...markdownIn('docs')]

function markdownIn(folder: string): string[] {
  return readdirSync(join(repository, folder), { withFileTypes: true }).flatMap(entry => {
    const path = `${folder}/${entry.name}`
    if (path === 'docs/parts' || entry.name === 'node_modules') return []
    if (entry.isDirectory()) return markdownIn(path)
    return entry.name.endsWith('.md') ? [path] : []
  })
}

/** As GitHub names a heading; of several alike the first. */
function anchorsOf(page: string): Set<string> {
  const text = page.replace(/^```[\s\S]*?^```$/gm, '')
  return new Set(
    [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(' ', '-')
    )
  )
}

test.each(pages)('%s: every link within the repository leads somewhere', async path => {
  const page = await readFile(join(repository, path), 'utf8')
  const text = page.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, '')
  const dead: string[] = []
  for (const [, link = ''] of text.matchAll(/\]\((?!\w+:)([^)\s]+)\)/g)) {
    const [file = '', anchor] = link.split('#')
    const target = file === '' ? join(repository, path) : join(repository, dirname(path), file)
    if (relative(repository, target).startsWith('..') || !existsSync(target)) dead.push(link)
    else if (anchor && !anchorsOf(await readFile(target, 'utf8')).has(anchor)) dead.push(link)
  }
  expect(dead).toEqual([])
})
