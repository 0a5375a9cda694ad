import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { until } from '../support/peers.ts'
import { Workshop } from './program.ts'

let shop: Workshop

beforeEach(async () => {
  shop = await Workshop.open()
})

afterEach(() => shop.close())

/** A command and what it has to print; `err` is a code. */
type Step = readonly [args: string[], expected: { code?: number; out?: string; err?: string; input?: string }]

const KEY = 'ab'.repeat(32)

const ENTRIES: Step[] = [
  [['put', 'hello', 'world'], { out: 'Put hello.\n' }],
  [['get', 'hello'], { out: 'world\n' }],
  [['get', 'hello', '--json'], { out: '{"key":"hello","value":"world"}\n' }],
  [['get', 'nothing'], { code: 3, err: 'NOT_FOUND' }],
  [['put', 'user:1', '{"name":"Ada","tags":[1,null]}'], { out: 'Put user:1.\n' }],
  [['get', 'user:1'], { out: '{"name":"Ada","tags":[1,null]}\n' }],
  [['put', 'n', '-5', '--json'], { out: '{"type":"put","key":"n","value":-5}\n' }],
  [['put', 'null', 'null'], { out: 'Put null.\n' }],
  [['get', 'null', '--json'], { out: '{"key":"null","value":null}\n' }],
  [['put', 'digits', '42', '--string'], { out: 'Put digits.\n' }],
  [['get', 'digits', '--json'], { out: '{"key":"digits","value":"42"}\n' }],
  [['put', 'page', '-', '--string'], { input: 'two\nlines\n', out: 'Put page.\n' }],
  [['get', 'page'], { out: 'two\nlines\n\n' }],
  [['put', 'page', '-'], { input: '', code: 2, err: 'USAGE' }],
  [['put', '--', '--flag', '-v'], { out: 'Put --flag.\n' }],
  [['get', '--', '--flag'], { out: '-v\n' }],
  [['put', '', 'empty key'], { out: 'Put "".\n' }],
  [['get', ''], { out: 'empty key\n' }],
  [['put', 'naïve 🐝\nkey', '"\\u0000\\u001b[31m\\ud83d\\udc1d"'], { out: 'Put "naïve 🐝\\nkey".\n' }],
  [['get', 'naïve 🐝\nkey'], { out: '\u0000\u001b[31m🐝\n' }],
  [['list', '--prefix', 'na'], { out: '"naïve 🐝\\nkey" = "\\u0000\\u001b[31m🐝"\n' }],
  [['del', 'naïve 🐝\nkey', '--json'], { out: '{"type":"del","key":"naïve 🐝\\nkey"}\n' }],
  [['del', 'was never there'], { out: 'Removed "was never there".\n' }],
  [['put', 'k'.repeat(4097), '1'], { code: 1, err: 'ENTRY_TOO_LARGE' }],
  [['put', 'lone', '"\\ud800"'], { out: 'Put lone.\n' }],
  [['get', 'lone', '--json'], { out: '{"key":"lone","value":"\\ud800"}\n' }],
  [['put', 'big', '12345678901234567890'], { code: 2, err: 'USAGE' }]
]

const RANGES: Step[] = [
  [
    ['append', ...[1, 2, 3, 4].map(n => `{"key":"k${n}","value":${n}}`), '{"type":"del","key":"k4"}'],
    { out: 'Appended 5 units (5 changes).\n' }
  ],
  [['list'], { out: 'k1 = 1\nk2 = 2\nk3 = 3\n' }],
  [
    ['list', '--json', '--reverse', '--limit', '2'],
    { out: '{"key":"k3","value":3}\n{"key":"k2","value":2}\n' }
  ],
  [['list', '--gt', 'k1', '--lt', 'k3'], { out: 'k2 = 2\n' }],
  [['list', '--gte', 'k2', '--lte', 'k3'], { out: 'k2 = 2\nk3 = 3\n' }],
  [['list', '--prefix', 'x'], { out: '' }],
  [['list', '--limit', '0'], { out: '' }],
  [['list', '--limit', '-1'], { code: 2, err: 'USAGE' }]
]

const INPUT: Step[] = [
  [
    ['append', '--json'],
    {
      input:
        '{"type":"put","key":"a","value":1}\r\n\n  [{"key":"b","value":2},{"type":"del","key":"a"}]  \n{"key":"c","value":3}',
      out: '{"units":3,"operations":4}\n'
    }
  ],
  [['append'], { input: '', out: 'Appended 0 units (0 changes).\n' }],
  // what comes before the wrong line is written, what comes after is not
  [
    ['append', '--json'],
    {
      input: '{"key":"d","value":4}\n{"key":"e"\n{"key":"f","value":6}\n',
      code: 1,
      out: '{"units":1,"operations":1}\n',
      err: 'INVALID_INPUT'
    }
  ],
  [
    ['append'],
    {
      input: `{"key":"d2","value":4}\n{"key":"${'k'.repeat(5000)}","value":1}\n{"key":"f","value":6}\n`,
      code: 1,
      out: 'Appended 1 unit (1 change).\n',
      err: 'ENTRY_TOO_LARGE'
    }
  ],
  [
    ['append', '--continue'],
    {
      input: `{"key":"g","value":7}\nnonsense\n{"key":"${'k'.repeat(5000)}","value":1}\n[]\n{"key":"h","value":8}\n`,
      code: 1,
      out: 'Appended 2 units (2 changes).\n',
      err: 'INVALID_INPUT'
    }
  ],
  [
    ['append', '--batch'],
    { input: '{"key":"i","value":9}\nnonsense\n', code: 1, out: '', err: 'INVALID_INPUT' }
  ],
  [
    ['append', '--batch'],
    {
      input: `{"key":"i","value":9}\n{"key":"${'k'.repeat(5000)}","value":1}`,
      code: 1,
      out: '',
      err: 'ENTRY_TOO_LARGE'
    }
  ],
  [
    ['append', '--batch'],
    { input: '{"key":"j","value":10}\n{"type":"del","key":"h"}\n', out: 'Appended 1 unit (2 changes).\n' }
  ],
  [['append', '{"key":"i","value":9}', 'nonsense'], { code: 2, out: '', err: 'INVALID_INPUT' }],
  [['list'], { out: 'b = 2\nc = 3\nd = 4\nd2 = 4\ng = 7\nj = 10\n' }]
]

const MEMBERS: Step[] = [
  [['add-writer', KEY], { out: `${KEY} is now an indexer.\n` }],
  [['add-writer', KEY, '--json'], { out: `{"key":"${KEY}","role":"indexer","changed":false}\n` }],
  [['add-writer', KEY, '--no-indexer'], { out: `${KEY} is now a writer.\n` }],
  [['remove-writer', KEY], { out: `${KEY} is removed.\n` }],
  [['remove-writer', KEY], { out: `${KEY} was removed already.\n` }],
  [['remove-writer', 'cd'.repeat(32)], { code: 1, err: 'NOT_A_WRITER' }],
  [['add-writer', 'me'], { code: 2, err: 'INVALID_KEY' }],
  [['remove-writer', 'me'], { code: 2, err: 'INVALID_KEY' }]
]

/** Of the first error, as it is told to people or to scripts; empty without one. */
function codeOf(err: string): string {
  return /^(?:\{"error":\{"code":")?([A-Z_]*)/.exec(err)?.[1] ?? ''
}

const cases = { ENTRIES, RANGES, INPUT, MEMBERS }

describe.for([{ way: 'in a process of their own' }, { way: 'beside a running peer' }])(
  'commands $way',
  ({ way }) => {
    const isServed = way.startsWith('beside')

    async function begin(): Promise<Record<string, unknown>> {
      const created = await shop.row(['create'])
      if (isServed) await shop.serve()
      return created
    }

    test.for(Object.entries(cases))('print and return what they should: %s', async ([, steps]) => {
      await begin()
      for (const [args, { code = 0, out = '', err, input = '' }] of steps) {
        const result = await shop.run(args, { input })
        expect({ args, ...result, err: codeOf(result.err) }).toEqual({
          args,
          code,
          out,
          err: err ?? ''
        })
        // never a stack
        expect(result.err).not.toMatch(/^ +at /m)
      }
    })

    test('info and writers tell who this peer is and what there is', async () => {
      const { key, writer } = await begin()
      await shop.rows(['put', 'a', '1'])
      await shop.rows(['add-writer', KEY, '--no-indexer'])
      const info = await shop.row(['info'])
      expect(info).toMatchObject({ key, writer, role: 'indexer', entries: 2, writers: 2, encrypted: false })
      expect(info.bytes).toBeGreaterThan(0)
      expect(info.peers).toEqual(isServed ? [] : null)
      expect(info.pid === null).toBe(!isServed)
      expect(await shop.rows(['writers'])).toEqual([
        { key: writer, role: 'indexer', entries: 2, local: true, frozen: false },
        { key: KEY, role: 'writer', entries: 0, local: false, frozen: false }
      ])
      const text = await shop.run(['info'])
      expect(text.out).toContain(`writer     ${writer} (this peer)\n`)
      expect((await shop.run(['writers'])).out).toContain(`${writer}  indexer  2 entries  (this peer)\n`)
    })

    test('watch prints what changes in its range until it is interrupted; others write meanwhile', async () => {
      await begin()
      await shop.rows(['append', '{"key":"a","value":1}', '{"key":"b","value":2}'])
      const watch = shop.start(['watch', '--json', '--initial', '--gte', 'b'])
      await until(() => watch.err.includes('watching'))
      await shop.rows(['append', '{"key":"a","value":9}', '{"key":"c","value":[3]}'])
      await watch.row({ key: 'c' })
      await shop.rows(['append', '{"type":"del","key":"b"}'])
      await watch.row({ type: 'del' })
      const people = shop.start(['watch'])
      await until(() => people.err.includes('Watching'))
      await shop.rows(['put', 'c', 'null'])
      await until(() => people.out.includes('c'))
      expect(people.out).toBe('~ c = null (was [3])\n')
      await watch.row({ value: null })
      expect(watch.rows).toEqual([
        { type: 'put', key: 'b', value: 2 },
        { type: 'put', key: 'c', value: [3] },
        { type: 'del', key: 'b', previous: 2 },
        { type: 'put', key: 'c', value: null, previous: [3] }
      ])
      expect((await people.kill('SIGTERM')).code).toBe(0)
      expect((await watch.kill('SIGINT')).code).toBe(0)
    })

    test('what list and watch print can be appended to another database', async () => {
      await begin()
      await shop.rows(['append', '{"key":"a","value":{"b":[1]}}', '{"key":"\\u0000","value":"\\n"}'])
      const { out } = await shop.run(['list', '--json'])
      await shop.rows(['create', '--data', 'other'])
      await shop.rows(['append', '--data', 'other'], { input: out })
      expect((await shop.run(['list', '--json', '--data', 'other'])).out).toBe(out)
    })

    test('a pipe that nobody reads ends a command quietly', async () => {
      await begin()
      const lines = Array.from({ length: 2000 }, (_, i) => `{"key":"${i}","value":"${'x'.repeat(200)}"}`)
      await shop.rows(['append'], { input: lines.join('\n') })
      for (const args of [['list'], ['list', '--json'], ['watch', '--initial']]) {
        const list = shop.start(args)
        await new Promise<void>(resolve => {
          list.child.stdout.once('data', () => resolve())
        })
        list.child.stdout.destroy()
        const { code, err } = await list.exited
        expect({ args, code, err: err.replace('Watching; Ctrl-C ends.\n', '') }).toEqual({
          args,
          code: 0,
          err: ''
        })
      }
      // what it writes is written, whoever reads about it
      const put = shop.start(['put', 'unread', '1'])
      put.child.stdout.destroy()
      expect((await put.exited).code).toBe(0)
      expect(await shop.row(['get', 'unread'])).toEqual({ key: 'unread', value: 1 })
    })

    test('an append that is interrupted tells how much of it is written', async () => {
      await begin()
      const append = shop.start(['append', '--json'])
      const lines = Array.from({ length: 3000 }, (_, i) => `{"key":"${i}","value":"${'x'.repeat(100)}"}\n`)
      // more than a pipe holds: when it is taken, most of it is read
      await new Promise(resolve => append.child.stdin.write(`${lines.join('')}{"key":"half a li`, resolve))
      const { code, out, err } = await append.kill('SIGINT')
      expect({ code, err }).toEqual({ code: 130, err: '' })
      const { units } = JSON.parse(out)
      expect((await shop.rows(['list'])).length).toBe(units)
    })
  }
)
