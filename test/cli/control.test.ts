import { mkdtemp, rm } from 'node:fs/promises'
import { connect as dial, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ControlClient } from '../../demo/cli/control/client.ts'
import type { Handler } from '../../demo/cli/control/connection.ts'
import { LONGEST, PROTOCOL } from '../../demo/cli/control/protocol.ts'
import { ControlServer } from '../../demo/cli/control/server.ts'
import { Stopped, until as upTo } from '../../demo/cli/life.ts'
import { splitLines } from '../../demo/cli/lines.ts'
import { harmless, showKey } from '../../demo/cli/text.ts'
import { UserError } from '../../demo/common/user-error.ts'
import { until } from '../support/peers.ts'

let dir: string
let server: ControlServer | null = null

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'autobee-control-'))
})

afterEach(async () => {
  await server?.close()
  server = null
  await rm(dir, { recursive: true, force: true })
})

async function listen(handle: Handler): Promise<string> {
  const path = join(dir, 's')
  server = await ControlServer.listen({
    path,
    hello: { autobee: PROTOCOL, version: '0', pid: process.pid, command: 'test' },
    handle
  })
  return path
}

async function connect(path: string): Promise<ControlClient> {
  return (await ControlClient.connect(path)) as ControlClient
}

const never = new AbortController().signal

/** Resolves to a number when it has not changed for long; one that grows for ever makes the test run out of time. */
async function settled(count: () => number): Promise<number> {
  let last = -1
  let turns = 0
  await until(() => {
    turns = count() === last ? turns + 1 : 0
    last = count()
    return last > 0 && turns > 20
  })
  return last
}

async function* counting(
  onrow: (i: number) => void,
  text: string
): AsyncGenerator<{ i: number; text: string }> {
  for (let i = 1; ; i++) {
    onrow(i)
    yield { i, text }
  }
}

test('rows are made no faster than they are read, and no more when the client is gone', async () => {
  let made = 0
  let hasEnded = false
  const path = await listen(async function* (_, { signal }) {
    try {
      yield* upTo(
        counting(i => {
          made = i
        }, 'x'.repeat(1000)),
        signal
      )
    } finally {
      hasEnded = true
    }
  })
  const client = await connect(path)
  const rows = client.run({ op: 'endless', params: {} }, { input: null, signal: never })
  expect(await rows.next()).toMatchObject({ value: { i: 1 } })
  // some megabytes: what the buffers on the way hold
  const first = await settled(() => made)
  expect(first).toBeLessThan(10_000)
  for (let i = 0; i < first; i++) await rows.next()
  expect(await settled(() => made)).toBeGreaterThan(first)
  await rows.return(undefined)
  await until(() => hasEnded)
})

test('input is read no faster than it is taken', async () => {
  let sent = 0
  let take = () => {}
  const mayTake = new Promise<void>(resolve => {
    take = resolve
  })
  const path = await listen(async function* (_, { input }) {
    yield { began: true }
    await mayTake
    for await (const item of input) {
      yield { item }
      if ((item as { i: number }).i === 5000) return
    }
  })
  const client = await connect(path)
  const input = counting(i => {
    sent = i
  }, 'x'.repeat(1000))
  const rows = client.run({ op: 'slow', params: {} }, { input, signal: never })
  await rows.next()
  expect(await settled(() => sent)).toBeLessThan(4000)
  take()
  let last: unknown
  for await (const row of rows) last = row
  expect(last).toMatchObject({ item: { i: 5000 } })
})

test('a request that is cancelled ends with Stopped; one whose input breaks ends with what broke it', async () => {
  const path = await listen(async function* (_, { input, signal }) {
    yield { began: true }
    for await (const item of upTo(input, signal)) yield { item }
  })
  const controller = new AbortController()
  const one = (await connect(path)).run({ op: 'x', params: {} }, { input: slow(), signal: controller.signal })
  await one.next()
  controller.abort()
  await expect(one.next()).rejects.toBeInstanceOf(Stopped)

  const two = (await connect(path)).run({ op: 'x', params: {} }, { input: broken(), signal: never })
  await two.next()
  await expect(all(two)).rejects.toMatchObject({ code: 'BROKEN' })

  async function* slow(): AsyncGenerator<object> {
    await new Promise(() => {})
  }
  async function* broken(): AsyncGenerator<object> {
    yield { a: 1 }
    throw new UserError('It broke.', { code: 'BROKEN' })
  }
})

test('what a request throws arrives with its code, exit code and details', async () => {
  const path = await listen(async function* () {
    yield { row: 1 }
    throw new UserError('No.', { code: 'NO', exitCode: 3, details: { key: 'k' } })
  })
  const rows = (await connect(path)).run({ op: 'x', params: {} }, { input: null, signal: never })
  expect(await rows.next()).toMatchObject({ value: { row: 1 } })
  await expect(rows.next()).rejects.toMatchObject({
    code: 'NO',
    message: 'No.',
    exitCode: 3,
    details: { key: 'k' }
  })
})

test('a line without end is cut off at its limit', async () => {
  const path = await listen(async function* () {})
  const socket: Socket = dial(path)
  socket.on('error', () => {}).resume()
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()))
  const chunk = Buffer.alloc(1024 * 1024, 'x')
  for (let i = 0; i <= LONGEST / chunk.length && !socket.destroyed; i++) {
    if (!socket.write(chunk))
      await Promise.race([closed, new Promise(resolve => socket.once('drain', resolve))])
  }
  if (!socket.destroyed) socket.write('\n')
  await closed
})

test('lines come out of pieces as they went in', async () => {
  const lines = async (pieces: string[], limit = 10) => {
    const out: (string | null)[] = []
    async function* source() {
      for (const piece of pieces) yield Buffer.from(piece)
    }
    for await (const line of splitLines(source(), { limit })) out.push(line && Buffer.from(line).toString())
    return out
  }
  expect(await lines([])).toEqual([])
  expect(await lines(['a\nb\n'])).toEqual(['a', 'b'])
  expect(await lines(['a', 'b', '\n', '\n', 'c'])).toEqual(['ab', '', 'c'])
  expect(await lines(['0123456789\n0123456789x\nafter'])).toEqual(['0123456789', null, 'after'])
  expect(await lines(['01234', '56789', 'x', 'y\nafter\n'])).toEqual([null, 'after'])
  expect(await lines(['🐝'.slice(0, 1), '\n']).then(([line]) => line)).toBeTypeOf('string')
})

test('what others wrote cannot control a terminal', () => {
  expect(harmless('\u001b[2J\u009b\u202e\n🐝')).toBe('\\u001b[2J\\u009b\\u202e\\u000a🐝')
  expect([showKey('plain:1'), showKey('with space'), showKey(''), showKey('a=b')]).toEqual([
    'plain:1',
    '"with space"',
    '""',
    '"a=b"'
  ])
})

async function all(rows: AsyncIterable<unknown>): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const row of rows) found.push(row)
  return found
}
