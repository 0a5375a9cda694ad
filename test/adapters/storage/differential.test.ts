import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { memory } from '../../../adapters/storage/memory.ts'
import { RocksDB } from '../../../adapters/storage/rocksdb/index.ts'
import { Random } from '../../../adapters/testing/random.ts'
import { type Native, openNative, RocksDBNative } from './rocksdb-places.ts'

const closing: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function real(): Promise<Native> {
  const path = await mkdtemp(join(tmpdir(), 'autobee-differential-'))
  closing.push(() => rm(path, { recursive: true, force: true }))
  const database = await openNative(path)
  closing.push(() => database.close())
  return database
}

async function standIn(): Promise<Native> {
  const database: Native = RocksDB.on(await memory().openKeyValue())
  closing.push(() => database.close())
  await database.ready()
  return database
}

/** What a piece of work gave, so that two runs can be compared: errors are the same if both are errors. */
async function outcome(work: () => unknown): Promise<string> {
  try {
    return show(await work())
  } catch {
    return 'error'
  }
}

function show(value: unknown): string {
  if (Buffer.isBuffer(value)) {
    const isOwn = value.byteOffset === 0 && value.buffer.byteLength === value.length
    return `${isOwn ? '' : 'part of '}<${value.toString('hex')}>`
  }
  if (value instanceof Uint8Array) return 'bytes that are no Buffer'
  if (Array.isArray(value)) return `[${value.map(show).join(' ')}]`
  if (typeof value === 'object' && value !== null)
    return show(Object.entries(value).map(([name, one]) => `${name}:${show(one)}`))
  return String(value)
}

/** The same walk for the same seed, on whatever database it is given; resolves to all that it answered. */
class Walk {
  readonly log: string[] = []
  readonly #random: Random
  readonly #root: Native
  #sessions: Native[]
  readonly #closed: Native[] = []

  constructor(root: Native, seed: number) {
    this.#root = root
    this.#sessions = [root]
    this.#random = new Random(seed)
  }

  async run(steps: number): Promise<readonly string[]> {
    for (let i = 0; i < steps; i++) {
      const [name, work] = this.#random.of([
        ['write', () => this.#write()],
        ['write', () => this.#write()],
        ['put', () => this.#put()],
        ['read', () => this.#read()],
        ['read', () => this.#read()],
        ['iterate', () => this.#iterate()],
        ['iterate', () => this.#iterate()],
        ['iterate while written', () => this.#iterateWhileWritten()],
        ['peek', () => this.#session().peek(this.#range(), { reverse: this.#random.oneIn(2) })],
        ['session', () => this.#newSession()],
        ['session', () => this.#newSession()],
        ['close session', () => this.#closeSession()],
        ['closed session', () => this.#useClosed()],
        ['suspend', () => this.#suspend()],
        ['flush', () => this.#session().flush()],
        ['compact', () => this.#session().compactRange()]
      ] as const)
      this.log.push(`${name}: ${await outcome(work)}`)
    }
    await this.#close()
    return this.log
  }

  #session(): Native {
    return this.#random.of(this.#sessions)
  }

  /** Sessions on a snapshot write to the database itself. */
  async #write(): Promise<unknown> {
    const autoDestroy = this.#random.oneIn(2)
    const batch = this.#session().write({ autoDestroy })
    const said: unknown[] = []
    for (let round = this.#random.below(2); round >= 0; round--) {
      const promises: Promise<string>[] = []
      for (let i = this.#random.below(6); i >= 0; i--) {
        const [a, b] = [this.#key(), this.#key()].sort(Buffer.compare) as [Buffer, Buffer]
        const kind = this.#random.below(7)
        if (kind < 2) batch.tryPut(a, this.#value())
        else if (kind === 2) batch.tryDelete(b)
        else if (kind === 3) batch.tryDeleteRange(a, b)
        else if (kind === 4) promises.push(outcome(() => batch.put(b, this.#value())))
        else if (kind === 5) promises.push(outcome(() => batch.delete(a)))
        else promises.push(outcome(() => batch.deleteRange(a, b)))
      }
      if (this.#random.oneIn(6)) {
        batch.destroy()
        said.push('destroyed', await Promise.all(promises), await outcome(() => batch.flush()))
        return said
      }
      const flushing = outcome(() => batch.flush())
      said.push(await outcome(() => batch.flush()), await flushing, await Promise.all(promises))
      if (autoDestroy) break
    }
    batch.destroy()
    batch.destroy()
    return said
  }

  async #put(): Promise<unknown> {
    const [session, a, b] = [this.#session(), this.#key(), this.#key()]
    await session.put(a, this.#value())
    await session.delete(b)
    return [await session.get(a), await session.get('a')]
  }

  async #read(): Promise<unknown> {
    const batch = this.#session().read({ autoDestroy: true })
    const gets = Array.from({ length: this.#random.below(6) }, () => outcome(() => batch.get(this.#key())))
    if (this.#random.oneIn(6)) batch.destroy()
    else if (this.#random.oneIn(2)) batch.tryFlush()
    else await batch.flush()
    const values = await Promise.all(gets)
    return [values, await outcome(() => batch.tryFlush())]
  }

  async #iterate(): Promise<unknown> {
    const options = { reverse: this.#random.oneIn(2), limit: this.#random.below(12) - 2 }
    const entries: unknown[] = []
    for await (const entry of this.#session().iterator(this.#range(), options)) entries.push(entry)
    return entries
  }

  async #iterateWhileWritten(): Promise<unknown> {
    const options = { reverse: this.#random.oneIn(2) }
    const iterator = this.#session().iterator(this.#range(), options)[Symbol.asyncIterator]()
    const entries: unknown[] = [await iterator.next()]
    await this.#root.put(this.#key(), this.#value())
    await this.#root.deleteRange(Buffer.from([128]), Buffer.from([200]))
    if (this.#random.oneIn(4)) await iterator.return?.()
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) entries.push(next.value)
    return entries
  }

  #newSession(): unknown {
    const from = this.#session()
    const session = this.#random.of([
      () => from.session(),
      () => from.snapshot(),
      () => from.session({ snapshot: true }),
      () => from.session({ snapshot: false })
    ])()
    this.#sessions.push(session)
    return this.#facts(session)
  }

  async #closeSession(): Promise<unknown> {
    const session = this.#session()
    if (session === this.#root) return 'the root'
    // what runs goes on
    const reading = outcome(() => session.get(this.#key()))
    this.#sessions = this.#sessions.filter(one => one !== session)
    this.#closed.push(session)
    await session.close()
    await session.close()
    return [await reading, this.#facts(session)]
  }

  async #useClosed(): Promise<unknown> {
    if (this.#closed.length === 0) return 'none'
    return this.#useAll(this.#random.of(this.#closed))
  }

  async #useAll(session: Native): Promise<unknown> {
    const work: (() => unknown)[] = [
      () => session.read(),
      () => session.write(),
      () => session.iterator(),
      () => session.session(),
      () => session.snapshot(),
      () => session.flush(),
      () => session.suspend(),
      () => session.get(this.#key()),
      () => session.put(this.#key(), null),
      () => session.peek()
    ]
    const said: string[] = []
    for (const one of work) said.push(await outcome(one))
    return [said, this.#facts(session)]
  }

  async #suspend(): Promise<unknown> {
    const session = this.#session()
    await this.#root.suspend()
    await this.#root.suspend()
    const key = this.#key()
    const written = outcome(() => this.#root.put(key, this.#value()))
    const read = outcome(() => session.snapshot().get(key))
    await this.#root.resume()
    await this.#root.resume()
    return [await written, await outcome(() => this.#root.get(key)), (await read).length > 0]
  }

  async #close(): Promise<void> {
    const [batch, iterator] = [this.#session().read(), this.#session().iterator({})]
    const read = outcome(() => batch.get(this.#key()))
    let isClosed = false
    const closing = this.#root.close().then(() => {
      isClosed = true
    })
    // it waits for these two
    await batch.flush()
    this.log.push(`before: ${isClosed} ${await read} ${await outcome(() => this.#root.get(this.#key()))}`)
    batch.destroy()
    this.log.push(`before: ${isClosed}`)
    iterator.destroy()
    await closing
    for (const session of this.#sessions) this.log.push(`closed: ${show(await this.#useAll(session))}`)
    this.log.push(await outcome(() => this.#root.close()))
  }

  #facts(session: Native): unknown {
    const { opened, closed, snapshotted } = session
    const internals = session as unknown as {
      _snapshot: unknown
      _state: { closing: unknown }
      _index: number
    }
    return [
      opened,
      closed,
      snapshotted,
      session.isRoot(),
      internals._snapshot === null,
      !internals._state.closing,
      internals._index === -1
    ]
  }

  #range() {
    const key = () => (this.#random.oneIn(3) ? {} : { it: this.#key() })
    const [low, high] = [key(), key()]
    return {
      ...(low.it ? { [this.#random.of(['gt', 'gte'])]: low.it } : {}),
      ...(high.it ? { [this.#random.of(['lt', 'lte'])]: high.it } : {})
    }
  }

  #key(): Buffer {
    return Buffer.from(
      Array.from({ length: 1 + this.#random.below(2) }, () => this.#random.of([0, 1, 97, 128, 200, 255]))
    )
  }

  #value(): Buffer | string | null {
    const bytes = Buffer.alloc(this.#random.below(40), this.#random.below(256))
    return this.#random.of([bytes, bytes, bytes, null, 'text ä'])
  }
}

describe('the stand-in answers what the binding of RocksDB answers', () => {
  test.for(Array.from({ length: 12 }, (_, i) => i + 1))('whatever is asked of it (seed %i)', async seed => {
    const expected = await new Walk(await real(), seed).run(120)
    const actual = await new Walk(await standIn(), seed).run(120)
    expect(actual).toEqual(expected)
    expect(expected.filter(line => line.includes('<')).length).toBeGreaterThan(20)
  })

  test('a batch, an iterator and a snapshot from before it is ready', async () => {
    const early = async (database: Native) => {
      const facts = [database.opened, database.closed]
      const [write, read] = [database.write({ autoDestroy: true }), database.read({ autoDestroy: true })]
      write.tryPut('a', 'b')
      const value = read.get('b')
      read.tryFlush()
      const snapshot = database.snapshot()
      await write.flush()
      const entries: unknown[] = []
      for await (const entry of database.iterator()) entries.push(entry)
      await database.ready()
      await snapshot.close()
      return show([facts, await value, database.opened, entries])
    }
    const path = await mkdtemp(join(tmpdir(), 'autobee-differential-'))
    closing.push(() => rm(path, { recursive: true, force: true }))
    const native = new RocksDBNative(path)
    closing.push(() => native.close())
    const mine: Native = RocksDB.on(await memory().openKeyValue())
    closing.push(() => mine.close())
    expect(await early(mine)).toBe(await early(native))
  })

  test('closed while suspended: what waits rejects, and sessions close', async () => {
    const answers = async (database: Native) => {
      const session = database.session()
      await database.suspend()
      const waiting = [
        outcome(() => session.put('a', 'b')),
        outcome(() => session.get('a')),
        outcome(() => session.peek())
      ]
      await database.close()
      return show([await Promise.all(waiting), session.closed, database.closed])
    }
    expect(await answers(await standIn())).toBe(await answers(await real()))
  })
})
