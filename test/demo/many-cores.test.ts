import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Corestore from 'corestore'
import createTestnet from 'hyperdht/testnet.js'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createRelay, type RelayHandle } from '../../adapters/transport/relay.ts'
import { until } from '../support/peers.ts'
import { Program } from './program.ts'

let relay: RelayHandle
let testnet: Awaited<ReturnType<typeof createTestnet>>
let dir: string
const programs: Program[] = []

beforeAll(async () => {
  testnet = await createTestnet(3)
  relay = await createRelay()
})

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'autobee-many-cores-'))
})

afterEach(async () => {
  await Promise.all(programs.splice(0).map(program => program.kill('SIGKILL')))
  await rm(dir, { recursive: true, force: true })
})

afterAll(async () => {
  await testnet.destroy()
  await relay.close()
})

function start(name: 'writer' | 'reader', ...args: string[]): Program {
  const program = new Program(`many-cores/${name}`, args, { cwd: dir })
  programs.push(program)
  return program
}

interface Writer {
  readonly program: Program
  readonly main: string
  readonly short: string
  readonly long: string
  /** The reader's arguments, as the writer prints them. */
  readonly args: string[]
}

async function writer(...args: string[]): Promise<Writer> {
  const program = start('writer', ...args)
  const [, , short, long] = await program.says(/^(Main core .*\n)Short .* core (\w{64}), .* core (\w{64})$/m)
  const [, line, main] = await program.says(/^Read them: npm run many-cores:reader -- ((\w{64}) .*)$/m)
  return { program, main, short, long, args: (line as string).split(' ') } as Writer
}

/** The blocks that a reader printed, by core. */
function blocksOf(reader: Program): Record<string, string[]> {
  const blocks: Record<string, string[]> = {}
  for (const line of reader.out) {
    const [, index, key, text] = /^Block (\d+) of core (\w{64}): (.*)$/.exec(line) ?? []
    if (!key) continue
    blocks[key] ??= []
    // each once, and in order
    expect(Number(index)).toBe(blocks[key].length)
    blocks[key].push(text as string)
  }
  return blocks
}

async function reads(reader: Program, key: string, count: number): Promise<string[]> {
  await until(() => (blocksOf(reader)[key]?.length ?? 0) >= count)
  return blocksOf(reader)[key] as string[]
}

function bootstrap(): string {
  const [{ host, port }] = testnet.bootstrap as [{ host: string; port: number }]
  return `${host}:${port}`
}

/** How a writer is met. */
const ways: [string, () => string[]][] = [
  ['TCP', () => []],
  ['Hyperswarm', () => ['--bootstrap', bootstrap()]],
  ['a relay', () => ['--relay', relay.url]]
]

describe.for(ways)('over %s', ([, way]) => {
  test('a reader finds all cores from the main key, and prints what was there and what comes, by core', async () => {
    const { program, main, short, long, args } = await writer(...way())
    program.type('abcd', 'abcde', '', 'éé', 'ééé')
    await program.says(/Appended to long: block 1/)
    const reader = start('reader', ...args)
    expect(await reads(reader, short, 2)).toEqual(['abcd', 'éé'])
    expect(await reads(reader, long, 2)).toEqual(['abcde', 'ééé'])
    expect((await reads(reader, main, 1)).map(block => JSON.parse(block))).toEqual([
      { otherKeys: [short, long] }
    ])
    const many = Array.from({ length: 50 }, (_, i) => `message number ${i}`)
    program.type(...many, 'ok')
    program.endInput()
    expect((await reads(reader, long, 52)).slice(2)).toEqual(many)
    expect((await reads(reader, short, 3))[2]).toBe('ok')
    expect(new Set(Object.keys(blocksOf(reader)))).toEqual(new Set([main, short, long]))
    expect(await reader.kill('SIGTERM')).toBe(0)
    expect(await program.kill('SIGINT')).toBe(0)
    expect([...program.err, ...reader.err]).toEqual([])
  })

  test('a reader that is there before its writer waits for it', async () => {
    // its key, and where it will be
    const { program, long, args } = await writer(...way(), '--data', 'later')
    expect(await program.kill('SIGTERM')).toBe(0)
    const reader = start('reader', ...args, '--wait', '100')
    const port = args[1] === '--connect' ? ['--listen', args[2]?.split(':')[1] as string] : []
    const again = await writer(...way(), '--data', 'later', ...port)
    expect(again.args).toEqual(args)
    again.program.type('hello, reader')
    expect(await reads(reader, long, 1)).toEqual(['hello, reader'])
  })

  test('a writer that goes on has the same cores and tells their keys no second time', async () => {
    const first = await writer(...way())
    first.program.type('one', 'number one')
    await first.program.says(/Appended to long/)
    expect(await first.program.kill('SIGTERM')).toBe(0)
    const second = await writer(...way())
    expect([second.main, second.short, second.long]).toEqual([first.main, first.short, first.long])
    second.program.type('two', 'number two')
    const reader = start('reader', ...second.args)
    expect(await reads(reader, second.long, 2)).toEqual(['number one', 'number two'])
    expect(await reads(reader, second.short, 2)).toEqual(['one', 'two'])
    expect(await second.program.kill('SIGTERM')).toBe(0)
    const store = new Corestore(join(dir, 'many-cores-writer'))
    const main = store.get({ name: 'main' })
    await main.ready()
    expect(main.length).toBe(1)
    await store.close()
  })

  test('a reader without a writer says so, exit code 1', async () => {
    const { program, args } = await writer(...way())
    expect(await program.kill('SIGTERM')).toBe(0)
    const reader = start('reader', ...args, '--wait', '0.2')
    expect(await reader.exited).toBe(1)
    expect([reader.err, reader.out]).toEqual([['Could not connect to the writer peer'], []])
  })

  test('a reader with the key of something else says so, exit code 1', async () => {
    const { main, short, args, program } = await writer(...way())
    program.type('abc')
    await program.says(/Appended/)
    // over others nobody is met under a topic that nobody has: only who is met can be asked
    const unknown = '11'.repeat(32)
    const reader = start('reader', unknown, ...args.slice(1), '--wait', '0.5')
    expect(await reader.exited).toBe(1)
    const isMet = args[1] === '--connect'
    expect(reader.err).toEqual([
      isMet
        ? `Connected, but nobody there has the core ${unknown}. Compare the key with the one that the writer prints.`
        : 'Could not connect to the writer peer'
    ])
    if (!isMet) return
    const other = start('reader', short, ...args.slice(1))
    expect(await other.exited).toBe(1)
    expect(other.err[0]).toMatch(new RegExp(`^${short} is no writer's main core`))
    expect(main).not.toBe(short)
  })

  test('a reader that was there keeps what it has, and goes on when the writer is back', async () => {
    const first = await writer(...way())
    first.program.type('number one')
    const reader = start('reader', ...first.args)
    await reads(reader, first.long, 1)
    expect(await first.program.kill('SIGTERM')).toBe(0)
    expect(await reader.kill('SIGINT')).toBe(0)
    const again = start('reader', ...first.args)
    expect(await reads(again, first.long, 1)).toEqual(['number one'])
    const port = first.args[1] === '--connect' ? ['--listen', first.args[2]?.split(':')[1] as string] : []
    const second = await writer(...way(), ...port)
    second.program.type('number two')
    expect(await reads(again, first.long, 2)).toEqual(['number one', 'number two'])
  })
})

test('a writer may start a DHT of its own, and be met over TCP as well', async () => {
  const { program, args, long } = await writer('--testnet', '--tcp')
  expect(args[1]).toBe('--connect')
  expect(args[3]).toBe('--bootstrap')
  program.type('for both')
  const [key, ...ways] = args as [string, ...string[]]
  for (const [i, way] of [ways.slice(0, 2), ways.slice(2)].entries()) {
    const reader = start('reader', key, ...way, '--data', `reader-${i}`)
    expect(await reads(reader, long, 1)).toEqual(['for both'])
  }
  expect(await program.kill('SIGTERM')).toBe(0)
})

test('stopped, a writer has let go of its port and of its folder', async () => {
  const { program, args } = await writer()
  const port = Number(args[2]?.split(':')[1])
  expect(await program.kill('SIGTERM')).toBe(0)
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  await new Promise(resolve => server.close(resolve))
  await writer()
})

describe('wrong input gets one sentence', () => {
  const key = '11'.repeat(32)
  const cases: [string, 'writer' | 'reader', string[], number, RegExp][] = [
    ['no key', 'reader', [], 2, /takes the key of the writer's main core/],
    ['what is no key', 'reader', ['abc', '--connect', '127.0.0.1:1'], 2, /^"abc" is no key.*64 hex digits/],
    ['nobody to talk to', 'reader', [key], 2, /give --connect HOST:PORT/],
    ['what is no address', 'reader', [key, '--connect', 'here'], 2, /^"here" is no address/],
    ['what is no time', 'reader', [key, '--swarm', '--wait', 'long'], 2, /^"long" is no time/],
    ['a word too many', 'reader', [key, key], 2, /belongs to no flag/],
    ['a word too many', 'writer', [key], 2, /belongs to no flag/],
    ['what is no port', 'writer', ['--listen', '70000'], 2, /^"70000" is no port/],
    ['an unknown flag', 'writer', ['--colour'], 2, /--colour.*--help/],
    ['what is no relay', 'writer', ['--relay', 'http://127.0.0.1'], 2, /^"http:.* is no address of a relay/],
    ['what is no relay', 'reader', [key, '--relay', '8080'], 2, /^"8080" is no address of a relay/],
    ['two DHTs', 'writer', ['--testnet', '--bootstrap', '127.0.0.1:1'], 2, /leave --bootstrap out/]
  ]
  test.for(cases)('%s, of the %s', async ([, name, args, code, sentence]) => {
    const program = start(name, ...args)
    expect(await program.exited).toBe(code)
    expect(program.err).toEqual([expect.stringMatching(sentence)])
  })

  test('a port that is taken, and a folder that is in use', async () => {
    const { args } = await writer()
    const port = args[2]?.split(':')[1] as string
    const second = start('writer', '--listen', port, '--data', 'other')
    expect([await second.exited, second.err]).toEqual([
      1,
      [`Port ${port} is taken. Choose another with --listen, or 0 for any free one.`]
    ])
    const third = start('writer')
    expect(await third.exited).toBe(1)
    expect(third.err).toEqual([expect.stringMatching(/^STORE_LOCKED/)])
  })

  test('a line that is too long: the others are appended', async () => {
    const { program } = await writer()
    program.type('x'.repeat(20_000_000), 'hello')
    await program.says(/Appended to long: block 0/)
    expect(program.err).toEqual([expect.stringMatching(/^Not appended/)])
  })

  test('--help', async () => {
    for (const name of ['writer', 'reader'] as const) {
      const program = start(name, '--help')
      expect(await program.exited).toBe(0)
      expect(program.out.join('\n')).toContain(`npm run many-cores:${name}`)
    }
  })
})
