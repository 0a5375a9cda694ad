import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AUTOBEE, errorsOf, type Result, Workshop } from './program.ts'

let shop: Workshop
let key: string

beforeAll(async () => {
  shop = await Workshop.open()
  key = String((await shop.row(['create', '--data', 'here'])).key)
  await writeFile(shop.path('file'), 'a file')
})

afterAll(() => shop.close())

/** One line on standard error, nothing on standard output, never a stack. */
function expectError(result: Result, { code, error }: { code: number; error: string }): void {
  expect({ code: result.code, out: result.out, errors: errorsOf(result).map(({ code }) => code) }).toEqual({
    code,
    out: '',
    errors: [error]
  })
  expect(result.err).toMatch(/^[^\n]+\n$/)
  expect(result.err).not.toMatch(/\n +at |node:internal/)
}

describe('wrong usage is exit code 2 and one sentence', () => {
  const cases: [string, string[], string][] = [
    ['no such command', ['frobnicate'], 'USAGE'],
    ['no such flag', ['list', '--colour'], 'USAGE'],
    ['an argument too few', ['put', 'key'], 'USAGE'],
    ['an argument too many', ['get', 'one', 'two'], 'USAGE'],
    ['a flag without its value', ['list', '--limit'], 'USAGE'],
    ['no number', ['list', '--limit', 'many'], 'USAGE'],
    ['an empty folder name', ['list', '--data', ''], 'USAGE'],
    ['a value that becomes another one', ['put', 'n', '9007199254740993', '--data', 'here'], 'USAGE'],
    ['a value with a dash', ['put', 'k', '-x'], 'USAGE'],
    ['no key', ['join', 'abc'], 'INVALID_KEY'],
    ['a key with a letter too many', ['join', `${'ab'.repeat(32)}a`], 'INVALID_KEY'],
    ['no address', ['join', 'ab'.repeat(32), '--connect', 'localhost'], 'USAGE'],
    ['a port that is none', ['serve', '--listen', '70000'], 'USAGE'],
    ['a port that is none for a relay', ['relay', '--port', 'many'], 'USAGE'],
    ['an origin with a path', ['relay', '--origin', 'https://example.org/page'], 'USAGE'],
    ['a token too long', ['relay', '--token', 'x'.repeat(257)], 'USAGE'],
    ['a mirror that nobody may ask', ['relay', '--mirror', 'here'], 'USAGE'],
    ['peers of no mirror', ['relay', '--mirror-allow', 'ab'.repeat(32)], 'USAGE'],
    ['no public key', ['relay', '--mirror', 'here', '--mirror-allow', 'abc'], 'INVALID_KEY'],
    [
      'no bytes',
      ['relay', '--mirror', 'm', '--mirror-allow', 'ab'.repeat(32), '--mirror-quota', '1G'],
      'USAGE'
    ],
    ['nobody to wait for', ['join', 'ab'.repeat(32), '--wait', '--data', 'waits'], 'USAGE'],
    ['no seconds', ['join', 'ab'.repeat(32), '--connect', 'h:1', '--wait', 'long'], 'USAGE'],
    ['all or nothing, and going on', ['append', '--batch', '--continue', '--data', 'here'], 'USAGE'],
    ['an argument that is no JSON', ['append', '{', '--data', 'here'], 'INVALID_INPUT'],
    ['an argument that is no change', ['append', '{"kye":1}', '--data', 'here'], 'INVALID_INPUT'],
    [
      'an encryption key that is none',
      ['create', '--data', 'new', '--encryption-key-file', 'file'],
      'INVALID_KEY'
    ]
  ]
  test.for(cases)('%s', async ([, args, error]) => {
    expectError(await shop.run([...args, '--json']), { code: 2, error })
  })

  test('it is told to people as CODE: sentence, with what was probably meant', async () => {
    const { code, out, err } = await shop.run(['lst'])
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(/^USAGE: Unknown command 'lst'\. Did you mean list\? .*--help.*\n$/)
    // without a command: the help, on standard error
    const none = await shop.run([])
    expect({ code: none.code, out: none.out }).toEqual({ code: 2, out: '' })
    expect(none.err).toContain('Usage: autobee')
  })
})

describe('what cannot be done is exit code 1 and one sentence', () => {
  test('no database, another one, none of this kind, no folder, no access', async () => {
    for (const args of [['list'], ['put', 'a', '1'], ['serve'], ['info'], ['watch'], ['append']])
      expectError(await shop.run([...args, '--json', '--data', 'nothing-here']), {
        code: 1,
        error: 'NO_DATABASE'
      })
    // looking made nothing
    expect(await readdir(shop.dir)).not.toContain('nothing-here')

    expectError(await shop.run(['create', '--json', '--data', 'here']), { code: 1, error: 'DATABASE_EXISTS' })
    expectError(await shop.run(['join', 'ab'.repeat(32), '--json', '--data', 'here']), {
      code: 1,
      error: 'DATABASE_EXISTS'
    })
    await mkdir(shop.path('demo'))
    await writeFile(shop.path('demo', 'board.json'), '{}')
    for (const args of [['create'], ['join', key], ['list']])
      expectError(await shop.run([...args, '--json', '--data', 'demo']), {
        code: 1,
        error: 'DATABASE_EXISTS'
      })

    for (const args of [['create'], ['list'], ['serve']])
      expectError(await shop.run([...args, '--json', '--data', 'file']), { code: 1, error: 'INVALID_FOLDER' })
    expectError(await shop.run(['create', '--json', '--data', 'x', '--encryption-key-file', 'gone']), {
      code: 1,
      error: 'ENCRYPTION_KEY_MISSING'
    })
  })

  test('joining the same database again is none: it changes whom to connect to', async () => {
    const again = await shop.row(['join', key.toUpperCase(), '--data', 'here', '--connect', '127.0.0.1:9'])
    expect(again).toMatchObject({ key, role: 'indexer', connect: ['127.0.0.1:9'] })
  })

  test('a port that is taken, an address of another machine', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise(resolve => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    for (const args of [
      ['serve', '--json', '--data', 'here', '--listen', String(port)],
      ['relay', '--json', '--port', String(port)]
    ])
      expectError(await shop.run(args), { code: 1, error: 'TRANSPORT_FAILED' })
    server.close()
    expectError(await shop.run(['serve', '--json', '--data', 'here', '--host', '203.0.113.1']), {
      code: 1,
      error: 'TRANSPORT_FAILED'
    })
  })

  test.runIf(existsSync('/dev/full'))('output that cannot be written', async () => {
    await shop.row(['put', 'some', '"thing"', '--data', 'here'])
    const command = `'${AUTOBEE}' list --data here > /dev/full`
    const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>(resolve => {
      execFile('sh', ['-c', command], { cwd: shop.dir }, (error, _, stderr) =>
        resolve({ code: error?.code, stderr })
      )
    })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^OUTPUT_FAILED: .*\n$/)
  })

  test('a damaged folder, a damaged store, a database of a later version', async () => {
    await shop.row(['create', '--data', 'broken'])
    const db = shop.path('broken', 'store', 'db')
    for (const name of await readdir(db))
      if (name.startsWith('MANIFEST')) await writeFile(`${db}/${name}`, 'x')
    expectError(await shop.run(['list', '--json', '--data', 'broken']), { code: 1, error: 'STORE_CORRUPT' })
    for (const text of ['{', '{"version":1,"key":"abc"}', '[]', 'null']) {
      await writeFile(shop.path('broken', 'autobee.json'), text)
      expectError(await shop.run(['list', '--json', '--data', 'broken']), {
        code: 1,
        error: 'INVALID_FOLDER'
      })
    }
    await writeFile(shop.path('broken', 'autobee.json'), '{"version":2}')
    expectError(await shop.run(['list', '--json', '--data', 'broken']), {
      code: 1,
      error: 'UPGRADE_REQUIRED'
    })
  })
})

describe('help', () => {
  test('every command says what it does, with examples, and takes what all commands take', async () => {
    const { out } = await shop.run(['--help'])
    const commands = [...out.matchAll(/^ {2}([a-z][a-z-]*)(?: \[options\])?(?: [<[]\S+)* {2,}\S/gm)].map(
      ([, name]) => name as string
    )
    expect(commands).toEqual([
      ...['create', 'join', 'serve', 'get', 'put', 'del', 'list', 'watch', 'append'],
      ...['writers', 'add-writer', 'remove-writer', 'info', 'relay', 'help']
    ])
    for (const command of commands.filter(name => name !== 'help')) {
      const help = await shop.run([command, '--help'])
      expect({ command, code: help.code, err: help.err }).toEqual({ command, code: 0, err: '' })
      expect(help.out).toMatch(/Examples?:\n {2}\$ autobee /)
      expect(help.out).toContain('--data <dir>')
    }
  })

  test('--version is that of the package', async () => {
    expect((await shop.run(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})
