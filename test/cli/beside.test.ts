import { lstat, mkdir, rm } from 'node:fs/promises'
import { createServer, connect as dial, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { controlPath } from '../../demo/cli/control/path.ts'
import { Folder } from '../../demo/cli/folder.ts'
import { until } from '../support/peers.ts'
import { type Autobee, errorsOf, Workshop } from './program.ts'

/** Commands and the process that has the store open: who holds it, and what happens when that changes. */
let shop: Workshop
const servers: Server[] = []

beforeEach(async () => {
  shop = await Workshop.open()
  await shop.row(['create'])
})

afterEach(async () => {
  for (const server of servers.splice(0)) server.close()
  await shop.close()
})

function socketOf(data = 'autobee-data'): Promise<string> {
  return controlPath(new Folder(shop.path(data)))
}

/** An append that has the store open and waits for more. */
async function hold(): Promise<Autobee> {
  const append = shop.start(['append'])
  const lines = Array.from({ length: 2000 }, (_, i) => `{"key":"held${i}","value":"${'x'.repeat(100)}"}\n`)
  // more than a pipe holds, so it has begun to take them
  await new Promise(resolve => append.child.stdin.write(lines.join(''), resolve))
  return append
}

/** Stands where a peer would listen. */
async function standIn(onsocket: (socket: Socket) => void): Promise<Server> {
  const server = createServer(socket => {
    socket.on('error', () => {})
    onsocket(socket)
  })
  servers.push(server)
  await socketOf().then(path => new Promise<void>(resolve => server.listen(path, resolve)))
  return server
}

const HELLO = '{"autobee":1,"version":"0","pid":1,"command":"serve"}\n'

describe('who serves', () => {
  test('the control socket is for its user alone, and gone when the peer ends', async () => {
    const { peer } = await shop.serve()
    const path = await socketOf()
    const { mode } = await lstat(path)
    expect([mode & 0o170000, mode & 0o777]).toEqual([0o140000, 0o600])
    expect((await peer.kill('SIGTERM')).code).toBe(0)
    await expect(lstat(path)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('a second one on the folder is told who is there; so are create and join', async () => {
    const { ready } = await shop.serve()
    const result = await shop.run(['serve', '--json'])
    expect(result.code).toBe(1)
    expect(errorsOf(result)).toMatchObject([{ code: 'STORE_LOCKED', pid: ready.pid }])
    const waits = await shop.run([
      'join',
      String(ready.key),
      '--connect',
      '127.0.0.1:9',
      '--wait',
      '1',
      '--json'
    ])
    expect(errorsOf(waits)).toMatchObject([{ code: 'STORE_LOCKED', pid: ready.pid }])
  })

  test('killed with SIGKILL, it leaves a socket that stops nobody, and all that it had told', async () => {
    const { peer } = await shop.serve()
    await shop.row(['put', 'kept', '1'])
    const watch = shop.start(['watch', '--json'])
    await until(() => watch.err.includes('watching'))
    await peer.kill('SIGKILL')
    expect((await watch.exited).code).toBe(1)
    expect(errorsOf(watch)).toMatchObject([{ code: 'CONTROL_LOST' }])
    await lstat(await socketOf())
    expect((await shop.row(['get', 'kept'])).value).toBe(1)
    await shop.row(['put', 'after', '2'])
    await shop.serve()
    expect(await shop.rows(['list'])).toHaveLength(2)
  })

  test('stopped, it ends those who watch with CLOSED, and answers those who write', async () => {
    const { peer } = await shop.serve()
    const watch = shop.start(['watch', '--json'])
    await until(() => watch.err.includes('watching'))
    const append = shop.start(['append', '--json'])
    append.child.stdin.write('{"key":"a","value":1}\n')
    await until(async () => (await shop.run(['get', 'a'])).code === 0)
    expect((await peer.kill('SIGINT')).code).toBe(0)
    expect((await watch.exited).code).toBe(1)
    expect(errorsOf(watch)).toMatchObject([{ code: 'CLOSED' }])
    expect((await append.exited).code).toBe(1)
    // told how far it came, although it could not go on
    expect(append.rows).toEqual([{ units: 1, operations: 1 }])
    expect(errorsOf(append)).toMatchObject([{ code: 'CLOSED' }])
  })

  test('a folder whose path is too long for a socket has one elsewhere, private as well', async () => {
    const data = join('long'.repeat(20), 'path'.repeat(20), 'data')
    await mkdir(shop.path(data), { recursive: true })
    await shop.row(['create', '--data', data])
    const { ready } = await shop.serve('--data', data)
    const path = await socketOf(data)
    expect(path.startsWith(shop.dir)).toBe(false)
    expect((await lstat(path)).mode & 0o777).toBe(0o600)
    expect((await lstat(join(path, '..'))).mode & 0o777).toBe(0o700)
    // another way to the same folder
    const info = await shop.row(['info', '--data', join(data, '..', 'data')])
    expect(info.pid).toBe(ready.pid)
  })
})

describe('at the same time', () => {
  test('commands without a peer wait for each other', async () => {
    await Promise.all(Array.from({ length: 4 }, (_, i) => shop.row(['put', `k${i}`, String(i)])))
    expect(await shop.rows(['list'])).toHaveLength(4)
  })

  test('only one of those who create in a folder does; the encryption key is that of the database', async () => {
    const created = await Promise.all(
      Array.from({ length: 3 }, () => shop.run(['create', '--encrypted', '--data', 'new', '--json']))
    )
    expect(created.map(({ code }) => code).sort()).toEqual([0, 1, 1])
    const errors = created.flatMap(errorsOf)
    expect(errors.map(({ code }) => code)).toEqual(['DATABASE_EXISTS', 'DATABASE_EXISTS'])
    await shop.row(['put', 'a', '1', '--data', 'new'])
  })

  test('10,000 lines, with readers and writers beside them', async () => {
    await shop.serve()
    const lines = Array.from({ length: 10_000 }, (_, i) => `{"key":"k${i}","value":{"i":${i}}}`)
    const append = shop.row(['append'], { input: lines.join('\n') })
    await Promise.all(
      Array.from({ length: 5 }, (_, i) =>
        shop.row(['put', `other${i}`, '1']).then(() => shop.rows(['list', '--limit', '10']))
      )
    )
    expect(await append).toEqual({ units: 10_000, operations: 10_000 })
    const list = await shop.rows(['list', '--prefix', 'k'])
    expect(list).toHaveLength(10_000)
    expect(new Set(list.map(row => (row.value as { i: number }).i)).size).toBe(10_000)
    expect(await shop.rows(['list', '--prefix', 'other'])).toHaveLength(5)
  })

  test('neither input nor output gathers in a command', async () => {
    await shop.serve()
    const input = Array.from({ length: 40_000 }, (_, i) => `{"key":"${i % 5000}","value":${i}}`).join('\n')
    const env = { NODE_OPTIONS: '--max-old-space-size=16' }
    expect(await shop.row(['append'], { input, env })).toEqual({ units: 40_000, operations: 40_000 })
    expect(await shop.rows(['list'], { env })).toHaveLength(5000)
  })

  test('a peer starts when the command that has the store is done', async () => {
    const append = await hold()
    const peer = shop.start(['serve', '--json'])
    const put = shop.run(['put', 'waited', '1'])
    append.child.stdin.end()
    expect((await append.exited).code).toBe(0)
    await peer.row({ event: 'ready' })
    expect((await put).code).toBe(0)
  })

  test('a command that has the store for long is STORE_LOCKED for the others, who say what to do', async () => {
    const append = await hold()
    const result = await shop.run(['put', 'a', '1', '--json'])
    expect(result.code).toBe(1)
    expect(errorsOf(result)).toMatchObject([{ code: 'STORE_LOCKED' }])
    append.child.stdin.end()
    expect((await append.exited).code).toBe(0)
  })
})

describe('whoever answers on the socket', () => {
  test('hangs: CONTROL_FAILED, and it can go on', async () => {
    const { peer } = await shop.serve()
    peer.child.kill('SIGSTOP')
    const result = await shop.run(['list', '--json'])
    peer.child.kill('SIGCONT')
    expect(errorsOf(result)).toMatchObject([{ code: 'CONTROL_FAILED' }])
    expect(await shop.rows(['list'])).toEqual([])
  })

  test('is of another version: UPGRADE_REQUIRED', async () => {
    await standIn(socket => socket.write(HELLO.replace('1', '2')))
    const result = await shop.run(['list', '--json'])
    expect({ code: result.code, errors: errorsOf(result) }).toMatchObject({
      code: 1,
      errors: [{ code: 'UPGRADE_REQUIRED' }]
    })
  })

  test('is something else: CONTROL_FAILED', async () => {
    await standIn(socket => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'))
    const result = await shop.run(['put', 'a', '1', '--json'])
    expect(errorsOf(result)).toMatchObject([{ code: 'CONTROL_FAILED' }])
  })

  test('says hello and no more: the command is done elsewhere, once', async () => {
    let times = 0
    const server = await standIn(socket => {
      times++
      socket.write(HELLO)
      socket.once('data', () => {
        server.close()
        socket.destroy()
      })
    })
    expect(await shop.row(['append'], { input: '{"key":"a","value":1}\n' })).toEqual({
      units: 1,
      operations: 1
    })
    expect(times).toBe(1)
  })

  test('is lost after it took the request: CONTROL_LOST, since nobody knows what became of it', async () => {
    await standIn(socket => {
      socket.write(HELLO)
      socket.once('data', () => socket.end('{"id":1,"accepted":true}\n'))
    })
    const result = await shop.run(['put', 'a', '1', '--json'])
    expect({ code: result.code, errors: errorsOf(result) }).toMatchObject({
      code: 1,
      errors: [{ code: 'CONTROL_LOST' }]
    })
  })

  test('is nobody: a folder in its place stops a peer only', async () => {
    await rm(await socketOf(), { force: true })
    await mkdir(await socketOf())
    await shop.row(['put', 'a', '1'])
    const result = await shop.run(['serve', '--json'])
    expect({ code: result.code, errors: errorsOf(result) }).toMatchObject({
      code: 1,
      errors: [{ code: 'CONTROL_FAILED' }]
    })
  })
})

describe('a client that talks nonsense is cut off, and nobody else', () => {
  const nonsense: [string, string | Uint8Array][] = [
    ['no JSON', 'hello\n'],
    ['no UTF-8', Uint8Array.of(0xff, 0xfe, 0x0a)],
    ['no object', '[1]\n'],
    ['no id', '{"op":"list","params":{},"input":false}\n'],
    ['no message', '{"id":1,"what":1}\n'],
    [
      'an id twice',
      '{"id":1,"op":"watch","params":{},"input":false}\n{"id":1,"op":"watch","params":{},"input":false}\n'
    ],
    [
      'too many requests',
      Array.from({ length: 100 }, (_, i) => `{"id":${i},"op":"watch","params":{},"input":false}\n`).join('')
    ]
  ]

  test('whatever it says', async () => {
    const { peer } = await shop.serve()
    const watch = shop.start(['watch', '--json'])
    await until(() => watch.err.includes('watching'))
    for (const [name, bytes] of nonsense) {
      const socket = dial(await socketOf())
      socket.on('error', () => {}).resume()
      socket.write(bytes)
      await new Promise<void>(resolve => socket.once('close', () => resolve()))
      expect(socket.destroyed, name).toBe(true)
    }
    // and one that hangs up in the middle of it all
    const socket = dial(await socketOf())
    socket.on('error', () => {}).resume()
    socket.write('{"id":1,"op":"append","params":{"batch":true},"input":true}\n{"id":1,"items":[{"line":1,')
    await new Promise(resolve => socket.write('"size', resolve))
    socket.destroy()
    await shop.row(['put', 'still', '"here"'])
    await watch.row({ key: 'still' })
    expect(peer.err).toBe('')
  })

  test('a request that is wrong is answered, and the connection goes on', async () => {
    await shop.serve()
    const socket = dial(await socketOf())
    let text = ''
    socket.setEncoding('utf8').on('data', data => {
      text += data
    })
    const ask = (id: number, op: string, params: unknown, input = false) =>
      socket.write(`${JSON.stringify({ id, op, params, input })}\n`)
    ask(1, 'constructor', {})
    ask(2, 'get', null)
    ask(3, 'get', { key: 1 })
    ask(4, 'list', { limit: -1 })
    ask(5, 'append', {}, true)
    socket.write(
      '{"id":5,"items":[{"line":1,"size":1,"steps":[{"type":"put","key":1}]}]}\n{"id":5,"end":true}\n'
    )
    ask(6, 'put', { key: 'a' })
    ask(7, 'add-writer', { key: 'x' })
    // of a request that is over, or never was
    socket.write('{"id":5,"items":[1]}\n{"id":99,"cancel":true}\n')
    ask(8, 'put', { key: 'a', value: 1 })
    await until(() => text.includes('{"id":8,"done":true}'))
    const messages = text
      .trim()
      .split('\n')
      .slice(1)
      .map(line => JSON.parse(line))
    const errors = messages.filter(({ error }) => error).map(({ id, error }) => [id, error.code])
    expect(Object.fromEntries(errors)).toEqual({
      1: 'INVALID_ARGUMENT',
      2: 'INVALID_ARGUMENT',
      3: 'INVALID_ARGUMENT',
      4: 'INVALID_ARGUMENT',
      5: 'INVALID_INPUT',
      6: 'INVALID_ARGUMENT',
      7: 'INVALID_KEY'
    })
    socket.destroy()
  })
})
