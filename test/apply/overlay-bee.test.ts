import b4a from 'b4a'
import fc from 'fast-check'
import Hyperbee from 'hyperbee2'
import { Readable } from 'streamx'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { BeeEntry } from '../../src/apply/entry.ts'
import { flushOverlay } from '../../src/apply/flush-overlay.ts'
import { Overlay } from '../../src/apply/overlay.ts'
import { type BaseBee, OverlayBee } from '../../src/apply/overlay-bee.ts'
import { AutobeeError, type AutobeeErrorCode } from '../../src/errors.ts'
import { type TempStore, tempStore } from '../support/store.ts'
import { type Bounds, bounds, bytes, inRange, key, limited, toRange, value } from './model.ts'

let temp: TempStore
let trees = 0

beforeAll(async () => {
  temp = await tempStore()
})
afterAll(() => temp.close())

/** A tree of its own on disk; `t` is small, so that few entries make several levels. */
async function newTree(entries: Record<string, string> = {}): Promise<Hyperbee> {
  const bee = new Hyperbee(temp.store, { core: temp.store.get({ name: `tree-${trees++}` }), t: 3 })
  await bee.ready()
  if (Object.keys(entries).length > 0) {
    const batch = bee.write()
    for (const [key, value] of Object.entries(entries)) batch.tryPut(bytes(key), bytes(value))
    await batch.flush()
  }
  return bee
}

/** The same core read anew: what is on disk, not what is cached. */
async function readAgain(bee: Hyperbee): Promise<[string, string][]> {
  const again = new Hyperbee(temp.store, { core: bee.core, t: 3 })
  await again.ready()
  return collect(again.createReadStream())
}

describe('against a model', () => {
  type Op = { put: [string, string] } | { delete: string } | 'clear'
  type Step =
    | { type: 'batch'; ops: Op[] }
    | { type: 'mark' | 'chunk' }
    | { type: 'rollback' | 'release'; nth: number }
    | { type: 'get'; key: string }
    | { type: 'peek' | 'range'; bounds: Bounds }
    | { type: 'stream'; bounds: Bounds; read: number }

  const op: fc.Arbitrary<Op> = fc.oneof(
    { weight: 10, arbitrary: fc.record({ put: fc.tuple(key, value) }) },
    { weight: 6, arbitrary: fc.record({ delete: key }) },
    { weight: 1, arbitrary: fc.constant('clear' as const) }
  )
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        type: fc.constant('batch' as const),
        ops: fc.array(op, { maxLength: 12, size: 'max' })
      })
    },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('chunk' as const) }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('mark' as const) }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('rollback', 'release'), nth: fc.nat(2) }) },
    { weight: 3, arbitrary: fc.record({ type: fc.constant('get' as const), key }) },
    { weight: 6, arbitrary: fc.record({ type: fc.constantFrom('peek', 'range'), bounds }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('stream' as const), bounds, read: fc.nat(3) }) }
  )

  test('reads what a plain sorted list has, and the tree has it after each chunk', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async steps => {
        const tree = await newTree()
        const overlay = new Overlay()
        const view = new OverlayBee({ overlay, base: () => tree })

        let model: [string, string][] = []
        let flushed = model
        let marks: { mark: number; model: [string, string][] }[] = []
        const running: { rest: AsyncIterator<BeeEntry>; expected: unknown; read: [string, string][] }[] = []
        const expectedOf = (bounds: Bounds) => limited(inRange(model, bounds), bounds.limit)

        for (const step of steps) {
          if (step.type === 'batch') {
            const batch = view.write()
            for (const op of step.ops) {
              if (op === 'clear') {
                batch.tryClear()
                model = []
              } else if ('put' in op) {
                batch.tryPut(bytes(op.put[0]), bytes(op.put[1]))
                model = sorted([...model.filter(([key]) => key !== op.put[0]), op.put])
              } else {
                batch.tryDelete(bytes(op.delete))
                model = model.filter(([key]) => key !== op.delete)
              }
            }
            await batch.flush()
          } else if (step.type === 'mark') {
            marks.push({ mark: overlay.mark(), model })
          } else if (step.type === 'rollback' || step.type === 'release') {
            const position = marks.length - 1 - step.nth
            const savepoint = marks[position]
            if (savepoint === undefined) continue
            if (step.type === 'rollback') {
              overlay.rollback(savepoint.mark)
              model = savepoint.model
              marks.length = position + 1
            } else {
              overlay.release(savepoint.mark)
              marks.length = position
            }
          } else if (step.type === 'get') {
            const entry = await view.get(bytes(step.key))
            const expected = model.find(([key]) => key === step.key)
            expect(entry && text(entry)).toEqual(expected ?? null)
          } else if (step.type === 'peek') {
            const entry = await view.peek(toRange(step.bounds))
            expect(entry && text(entry)).toEqual(inRange(model, step.bounds)[0] ?? null)
          } else if (step.type === 'range') {
            expect(await collect(view.createReadStream(toRange(step.bounds)))).toEqual(
              expectedOf(step.bounds)
            )
          } else if (step.type === 'stream') {
            const rest = view.createReadStream(toRange(step.bounds))[Symbol.asyncIterator]()
            const expected = expectedOf(step.bounds)
            running.push({ rest, expected, read: await take(rest, step.read) })
          } else {
            const { cleared } = overlay
            const head = tree.head()
            const written = await flushOverlay(overlay, tree)
            overlay.reset()
            marks = []
            if (JSON.stringify(model) !== JSON.stringify(flushed)) expect(written).toBe(true)
            else if (!cleared) expect(written).toBe(false)
            if (!written) expect(tree.head()).toEqual(head)
            expect(await collect(tree.createReadStream())).toEqual(model)
            expect(await readAgain(tree)).toEqual(model)
            flushed = model
          }
        }

        // Streams that ran meanwhile, chunks' ends included, give what was there when they were made.
        for (const { rest, expected, read } of running) {
          expect([...read, ...(await take(rest, Number.POSITIVE_INFINITY))]).toEqual(expected)
        }
        await tree.core.close()
      }),
      { numRuns: 800 }
    )
  })

  test('without changes, a range is what Hyperbee gives', async () => {
    const keys = ['', '\x00', '\x00\x00', 'a', 'a\x80', 'b', 'ba', '\x80', '\xff', '\xff\xff']
    const tree = await newTree(Object.fromEntries(keys.map(key => [key, key])))
    const view = new OverlayBee({ overlay: new Overlay(), base: () => tree })
    await fc.assert(
      fc.asyncProperty(bounds, async bounds => {
        const range = toRange(bounds) as Hyperbee.RangeOptions
        const expected: Hyperbee.Entry[] = []
        for await (const entry of tree.createReadStream(range)) expected.push(entry)
        const actual: BeeEntry[] = []
        for await (const entry of view.createReadStream(range)) actual.push(entry)
        expect(actual.map(whole)).toEqual(expected.map(whole))
        const [peeked, hyperbees] = [await view.peek(range), await tree.peek(range)]
        expect(peeked && whole(peeked)).toEqual(hyperbees && whole(hyperbees))
      }),
      { numRuns: 150 }
    )
  })
})

describe('reading', () => {
  let tree: Hyperbee
  let overlay: Overlay
  let view: OverlayBee

  beforeEach(async () => {
    tree = await newTree({ a: '1', b: '2', c: '3', d: '4' })
    overlay = new Overlay()
    view = new OverlayBee({ overlay, base: () => tree })
  })

  test('marks what is not in the tree yet, and passes on what is', async () => {
    await put(view, { b: 'two' })
    expect(await view.get('b')).toEqual({
      core: null,
      seq: -1,
      offset: -1,
      key: bytes('b'),
      value: bytes('two')
    })
    const entry = await view.get('a')
    expect(whole(entry!)).toEqual(whole((await tree.get(bytes('a')))!))
    expect(entry!.core).toBe(tree.core)

    const [first, second] = await all(view.createReadStream())
    expect(first).toMatchObject({ seq: 0, key: bytes('a') })
    expect(second).toMatchObject({ core: null, seq: -1, key: bytes('b') })
  })

  test('takes strings for keys, values and bounds', async () => {
    await put(view, { é: 'à' })
    expect(text((await view.get('é'))!)).toEqual(['é', 'à'].map(utf8))
    expect(text((await view.peek({ gt: 'd' }))!)[0]).toBe(utf8('é'))
    expect(await collect(view.createReadStream({ gte: 'b', lt: 'd', reverse: true }))).toEqual([
      ['c', '3'],
      ['b', '2']
    ])
    const batch = view.write()
    batch.tryDelete('é')
    await batch.flush()
    expect(await view.get('é')).toBe(null)
  })

  test('refuses what is neither bytes nor a string with INVALID_ARGUMENT', async () => {
    const batch = view.write()
    for (const bad of [undefined, null, 1, {}, [1], new ArrayBuffer(1)] as never[]) {
      expect(codeOf(() => batch.tryPut(bad, 'x'))).toBe('INVALID_ARGUMENT')
      expect(codeOf(() => batch.tryPut('x', bad))).toBe('INVALID_ARGUMENT')
      expect(codeOf(() => batch.tryDelete(bad))).toBe('INVALID_ARGUMENT')
      expect(await codeOfAsync(view.get(bad))).toBe('INVALID_ARGUMENT')
      if (bad != null) expect(codeOf(() => view.createReadStream({ gte: bad }))).toBe('INVALID_ARGUMENT')
    }
    await batch.flush()
    expect(overlay.size).toBe(0)
  })

  test('an empty or inverted range, and limit 0, give nothing', async () => {
    await put(view, { bb: '1', b: 'two' })
    for (const range of [{ gt: 'b', lt: 'b' }, { gte: 'c', lt: 'b' }, { gte: 'b', lt: 'b' }, { limit: 0 }]) {
      expect(await collect(view.createReadStream(range))).toEqual([])
      expect(await collect(view.createReadStream({ ...range, reverse: true }))).toEqual([])
    }
    // As in Hyperbee, whose peek has a limit of its own.
    expect(text((await view.peek({ limit: 0 }))!)).toEqual(['a', '1'])
  })

  test('a limit counts what comes out, not what deletions hide', async () => {
    const batch = view.write()
    batch.tryDelete('a')
    batch.tryDelete('c')
    batch.tryDelete('x')
    batch.tryPut('b', 'two')
    await batch.flush()
    expect(await collect(view.createReadStream({ limit: 2 }))).toEqual([
      ['b', 'two'],
      ['d', '4']
    ])
    expect(text((await view.peek({ gt: 'b' }))!)).toEqual(['d', '4'])
  })

  test('a stream shows what was there when it was made', async () => {
    await put(view, { e: '5' })
    const mark = overlay.mark()
    await put(view, { f: '6' })
    const stream = view.createReadStream()
    overlay.rollback(mark)
    const batch = view.write()
    batch.tryClear()
    batch.tryPut('0', '0')
    await batch.flush()
    expect((await collect(stream)).map(([key]) => key)).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
    expect(await collect(view.createReadStream())).toEqual([['0', '0']])
  })

  test('so does one that is first read when its chunk is over', async () => {
    await put(view, { a: 'one', e: '5' })
    const merged = view.createReadStream()
    const plain = view.createReadStream({ lt: 'a\x00' })
    const bare = new OverlayBee({ overlay: new Overlay(), base: () => tree }).createReadStream()
    await flushOverlay(overlay, tree)
    overlay.reset()
    expect((await collect(merged)).map(([key]) => key)).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(await collect(plain)).toEqual([['a', 'one']])
    expect((await collect(bare)).map(([key]) => key)).toEqual(['a', 'b', 'c', 'd'])
  })

  test('values that were read may be changed in place, and put', async () => {
    const entry = (await view.get('a'))!
    entry.value[0] = 0x39
    await put(view, { a: entry.value })
    const again = (await view.get('a'))!
    again.value[0] = 0x38
    expect(text((await view.get('a'))!)).toEqual(['a', '9'])
    for (const entry of await all(view.createReadStream({ gte: 'b' }))) {
      entry.value[0] = 0x37
      await put(view, { [text(entry)[0]]: entry.value })
    }

    await flushOverlay(overlay, tree)
    const expected = [
      ['a', '9'],
      ['b', '7'],
      ['c', '7'],
      ['d', '7']
    ]
    expect(await collect(tree.createReadStream())).toEqual(expected)
    expect(await readAgain(tree)).toEqual(expected)
  })

  test('a stream that is stopped early ends that of the tree', async () => {
    const opened: Readable[] = []
    const base = watched(tree, stream => opened.push(stream))
    const watchedView = new OverlayBee({ overlay, base: () => base })
    await put(watchedView, { aa: 'x' })

    for await (const entry of watchedView.createReadStream()) if (text(entry)[0] === 'aa') break
    expect(opened).toHaveLength(1)
    await closed(opened[0]!)

    // With a deletion in the range more is asked of the tree than comes out.
    const batch = watchedView.write()
    batch.tryDelete('x')
    await batch.flush()
    await collect(watchedView.createReadStream({ limit: 1 }))
    await watchedView.peek()
    const destroyed = watchedView.createReadStream()
    destroyed.destroy()
    await closed(destroyed)
    for (const stream of opened) await closed(stream)
    expect(opened.length).toBeGreaterThanOrEqual(3)
  })

  test('a stream can be destroyed while the tree waits for a block', async () => {
    let read = () => {}
    const reading = new Promise<void>(resolve => {
      read = resolve
    })
    let calledOff = false
    const stuck = new Readable({
      eagerOpen: true,
      read: () => read(),
      predestroy: () => {
        calledOff = true
      }
    })
    const base = Object.create(tree, { createReadStream: { value: () => stuck } })
    const stream = new OverlayBee({ overlay, base: () => base }).createReadStream()
    await reading
    stream.destroy()
    expect(calledOff).toBe(true)
  })

  test('the tree is not read where it cannot matter', async () => {
    const opened: Readable[] = []
    const base = watched(tree, stream => opened.push(stream))
    const watchedView = new OverlayBee({ overlay, base: () => base })
    await collect(watchedView.createReadStream({ limit: 0 }))
    const batch = watchedView.write()
    batch.tryClear()
    batch.tryPut('z', '1')
    await batch.flush()
    expect(await collect(watchedView.createReadStream())).toEqual([['z', '1']])
    expect(await watchedView.get('a')).toBe(null)
    expect(opened).toEqual([])
  })

  test('errors of the tree come out of the stream, of peek and of get', async () => {
    const error = new Error('no such block')
    const base = Object.create(tree, {
      get: { value: () => Promise.reject(error) },
      createReadStream: {
        value() {
          let next = 0
          const read = function (this: Readable, callback: (error: Error | null) => void) {
            if (next++ > 0) return callback(error)
            this.push({ core: null, seq: 0, offset: 0, key: bytes('a'), value: bytes('1') })
            callback(null)
          }
          return new Readable({ eagerOpen: true, read })
        }
      }
    })
    const failing = new OverlayBee({ overlay, base: () => base })
    await put(failing, { '0': 'x' })
    await expect(failing.get('a')).rejects.toBe(error)
    await expect(collect(failing.createReadStream())).rejects.toBe(error)

    const unopened = Object.create(tree, {
      createReadStream: {
        value() {
          throw error
        }
      }
    })
    const broken = new OverlayBee({ overlay, base: () => unopened })
    await expect(collect(broken.createReadStream())).rejects.toBe(error)
    await expect(broken.peek()).rejects.toBe(error)
  })

  test('what it has of the tree is the tree as of the chunk start', async () => {
    const start = tree.head()
    await put(view, { a: 'one', e: '5' })
    expect(view.head()).toEqual(start)
    expect(await collect(view.snapshot().createReadStream())).toHaveLength(4)
    expect(await collect(view.checkout({ length: start!.length }).createReadStream())).toHaveLength(4)
    expect(view.core).toBe(tree.core)
    expect(view.context).toBe(tree.context)
    expect([view.writable, view.closed]).toEqual([true, false])
    const changes: Hyperbee.Change[] = []
    for await (const change of view.createChangesStream()) changes.push(change)
    expect(changes).toHaveLength(1)

    const before = tree.snapshot()
    await flushOverlay(overlay, tree)
    overlay.reset()
    const keys: string[] = []
    for await (const { left, right } of view.createDiffStream(before)) keys.push(text((left ?? right)!)[0])
    expect(keys).toEqual(['a', 'e'])
  })

  test('refuses with NOT_SUPPORTED what would go past the overlay', () => {
    const calls = [
      () => view.undo(),
      () => view.move(),
      () => view.update(),
      () => view.replicate(),
      () => view.checkout({ writable: true }),
      () => view.write({ length: 0 }),
      () => view.write({ key: tree.core.key! }),
      () => view.write({ autoUpdate: false }),
      () => view.write({ compat: true })
    ]
    for (const call of calls) expect(codeOf(call)).toBe('NOT_SUPPORTED')
  })

  test('fails with CLOSED when it is closed', async () => {
    let over = false
    const closing = new OverlayBee({ overlay, base: () => tree, closed: () => over })
    const batch = closing.write()
    batch.tryPut('a', 'x')
    over = true
    expect(closing.closed).toBe(true)
    expect(codeOf(() => closing.write())).toBe('CLOSED')
    expect(codeOf(() => batch.tryPut('b', 'x'))).toBe('CLOSED')
    expect(await codeOfAsync(batch.flush())).toBe('CLOSED')
    expect(await codeOfAsync(closing.get('a'))).toBe('CLOSED')
    expect(await codeOfAsync(closing.peek())).toBe('CLOSED')
    expect(codeOf(() => closing.createReadStream())).toBe('CLOSED')
    expect(overlay.size).toBe(0)
  })
})

describe('a batch', () => {
  let overlay: Overlay
  let view: OverlayBee

  beforeEach(async () => {
    const tree = await newTree({ a: '1', b: '2' })
    overlay = new Overlay()
    view = new OverlayBee({ overlay, base: () => tree })
  })
  const contents = () => collect(view.createReadStream())

  test('shows nothing before its flush, and all of it then', async () => {
    const batch = view.write()
    batch.tryPut('a', 'x')
    batch.tryDelete('b')
    batch.tryPut('c', 'y')
    expect(await contents()).toEqual([
      ['a', '1'],
      ['b', '2']
    ])
    const flushed = batch.flush()
    expect(overlay.size).toBe(3)
    await flushed
    expect(await contents()).toEqual([
      ['a', 'x'],
      ['c', 'y']
    ])
  })

  test('is closed by flush and by close', async () => {
    const flushed = view.write()
    await flushed.flush()
    const dropped = view.write()
    dropped.tryPut('a', 'x')
    await dropped.close()
    await dropped.close()

    for (const batch of [flushed, dropped]) {
      expect(batch.closed).toBe(true)
      expect(codeOf(() => batch.tryPut('a', 'x'))).toBe('CLOSED')
      expect(codeOf(() => batch.tryDelete('a'))).toBe('CLOSED')
      expect(codeOf(() => batch.tryClear())).toBe('CLOSED')
      expect(await codeOfAsync(batch.flush())).toBe('CLOSED')
      expect(await codeOfAsync(batch.lock())).toBe('CLOSED')
    }
    expect(overlay.size).toBe(0)
  })

  test('lands in the order of flushes when several are open', async () => {
    const first = view.write()
    const second = view.write()
    const third = view.write()
    third.tryPut('a', 'third')
    first.tryPut('a', 'first')
    first.tryPut('b', 'first')
    second.tryClear()
    second.tryPut('c', 'second')
    await Promise.all([first.flush(), second.flush(), third.flush()])
    expect(await contents()).toEqual([
      ['a', 'third'],
      ['c', 'second']
    ])
  })

  test('tryClear drops what the batch did before and all below, not what it does after', async () => {
    await put(view, { x: '1' })
    const batch = view.write()
    batch.tryPut('y', '1')
    batch.tryClear()
    batch.tryPut('z', '1')
    await batch.flush()
    expect(await contents()).toEqual([['z', '1']])
    expect(await view.get('a')).toBe(null)
    expect(await view.get('x')).toBe(null)
  })

  test('has its own copy of keys and values', async () => {
    const key = bytes('k')
    const value = bytes('v')
    const batch = view.write()
    batch.tryPut(key, value)
    key[0] = 0x61
    value[0] = 0x61
    batch.tryDelete(key)
    key[0] = 0x7a
    await batch.flush()
    expect(await contents()).toEqual([
      ['b', '2'],
      ['k', 'v']
    ])
  })

  test('locks out the flushes of others until it is flushed, first come first served', async () => {
    const landed: (number | string)[] = []
    const add = async (n: number) => {
      const batch = view.write()
      await Promise.all([batch.lock(), batch.lock()])
      await batch.lock()
      const entry = await view.get('sum')
      batch.tryPut('sum', String(Number(entry ? text(entry)[1] : 0) + n))
      await batch.flush()
      landed.push(n)
    }
    const holder = view.write()
    await holder.lock()
    const adding = Promise.all([add(1), add(2), add(3)])
    const waiting = view.write()
    waiting.tryPut('other', '0')
    const flushed = waiting.flush().then(() => landed.push('other'))
    expect(overlay.size).toBe(0)
    holder.tryPut('sum', '10')
    await holder.flush()
    await Promise.all([adding, flushed])
    expect(landed).toEqual([1, 2, 3, 'other'])
    expect(text((await view.get('sum'))!)).toEqual(['sum', '16'])
  })

  test('gives the lock back when it is closed, and its place in the queue', async () => {
    const holder = view.write()
    await holder.lock()
    const gone = view.write()
    const refused = codeOfAsync(gone.lock())
    const next = view.write()
    next.tryPut('a', 'next')
    const flushed = next.flush()
    await gone.close()
    expect(await refused).toBe('CLOSED')
    await holder.close()
    await flushed
    expect(text((await view.get('a'))!)).toEqual(['a', 'next'])
  })

  test('that a unit left open can neither land in the next unit nor lock it out', async () => {
    const forgotten = view.write()
    forgotten.tryPut('a', 'late')
    await forgotten.lock()
    const late = view.write()
    late.tryPut('b', 'late')
    const flushing = codeOfAsync(late.flush())
    view.closeBatches()
    expect(await flushing).toBe('CLOSED')
    expect(await codeOfAsync(forgotten.flush())).toBe('CLOSED')

    await put(view, { c: '3' })
    expect(overlay.size).toBe(1)
  })
})

describe('flushOverlay', () => {
  test('writes everything as one flush, and nothing when there is nothing', async () => {
    const tree = await newTree({ a: '1', b: '2' })
    const overlay = new Overlay()
    expect(await flushOverlay(overlay, tree)).toBe(false)
    overlay.put(bytes('c'), bytes('3'))
    overlay.delete(bytes('a'))
    expect(await flushOverlay(overlay, tree)).toBe(true)
    expect([overlay.size, tree.core.length]).toEqual([2, 2])
    expect(await readAgain(tree)).toEqual([
      ['b', '2'],
      ['c', '3']
    ])
    const flushes: Hyperbee.Change[] = []
    for await (const change of tree.createChangesStream()) flushes.push(change)
    expect(flushes).toHaveLength(2)
  })

  test('writes no block for puts of what is there and deletions of what is not', async () => {
    const tree = await newTree({ a: '1', b: '2' })
    const head = tree.head()
    const overlay = new Overlay()
    overlay.put(bytes('a'), bytes('1'))
    overlay.delete(bytes('x'))
    expect(await flushOverlay(overlay, tree)).toBe(false)
    expect([tree.head(), tree.core.length]).toEqual([head, 1])
  })

  test('empties the tree, on disk as well', async () => {
    const tree = await newTree({ a: '1', b: '2' })
    const overlay = new Overlay()
    overlay.clearAll()
    expect(await flushOverlay(overlay, tree)).toBe(true)
    expect(tree.head()).toMatchObject({ length: tree.core.length })
    expect(await collect(tree.createReadStream())).toEqual([])
    expect(await readAgain(tree)).toEqual([])

    overlay.reset()
    overlay.put(bytes('c'), bytes('3'))
    expect(await flushOverlay(overlay, tree)).toBe(true)
    expect(await readAgain(tree)).toEqual([['c', '3']])
  })

  test('deletes every entry one by one', async () => {
    const tree = await newTree({ a: '1', b: '2', c: '3', d: '4', e: '5', f: '6', g: '7' })
    const overlay = new Overlay()
    for (const key of 'abcdefg') overlay.delete(bytes(key))
    expect(await flushOverlay(overlay, tree)).toBe(true)
    expect(await readAgain(tree)).toEqual([])
  })

  test('leaves an empty tree alone when there is nothing to put', async () => {
    const fresh = await newTree()
    const moved = await newTree({ a: '1' })
    moved.move({ length: 0 })
    for (const tree of [fresh, moved]) {
      const { length } = tree.core
      const overlay = new Overlay()
      overlay.delete(bytes('a'))
      expect(await flushOverlay(overlay, tree)).toBe(false)
      overlay.clearAll()
      expect(await flushOverlay(overlay, tree)).toBe(false)
      expect([tree.head()!.length, tree.core.length]).toEqual([0, length])

      overlay.reset()
      overlay.delete(bytes('a'))
      overlay.put(bytes('b'), bytes('2'))
      expect(await flushOverlay(overlay, tree)).toBe(true)
      expect(await readAgain(tree)).toEqual([['b', '2']])
    }
  })

  test('writes on top of a tree that lies in another core', async () => {
    const theirs = await newTree({ a: '1', b: '2' })
    const ours = await newTree({ x: '1' })
    const { core } = ours
    ours.move({ length: theirs.core.length, key: theirs.core.key! })
    const overlay = new Overlay()
    const view = new OverlayBee({ overlay, base: () => ours })
    await put(view, { c: '3' })
    expect(await collect(view.createReadStream({ reverse: true, limit: 2 }))).toEqual([
      ['c', '3'],
      ['b', '2']
    ])
    expect(await flushOverlay(overlay, ours)).toBe(true)
    expect(ours.head()).toEqual({ length: 2, key: core.key })
    expect([core.length, theirs.core.length]).toEqual([2, 1])
    expect(await collect(ours.createReadStream())).toEqual([
      ['a', '1'],
      ['b', '2'],
      ['c', '3']
    ])
  })
})

/** UTF-8, as the latin1 string that the helpers here compare. */
function utf8(text: string): string {
  return b4a.toString(b4a.from(text), 'latin1')
}

function text(entry: { key: Uint8Array; value: Uint8Array }): [key: string, value: string] {
  return [b4a.toString(entry.key, 'latin1'), b4a.toString(entry.value, 'latin1')]
}

function whole(entry: BeeEntry): unknown {
  return [...text(entry), entry.seq, entry.offset, entry.core?.id]
}

function sorted(entries: [string, string][]): [string, string][] {
  return entries.sort(([a], [b]) => (a < b ? -1 : 1))
}

async function put(view: OverlayBee, entries: Record<string, string | Uint8Array>): Promise<void> {
  const batch = view.write()
  for (const [key, value] of Object.entries(entries)) batch.tryPut(key, value)
  await batch.flush()
}

async function all(stream: AsyncIterable<BeeEntry>): Promise<BeeEntry[]> {
  const entries: BeeEntry[] = []
  for await (const entry of stream) entries.push(entry)
  return entries
}

async function collect(stream: AsyncIterable<BeeEntry>): Promise<[string, string][]> {
  return (await all(stream)).map(text)
}

async function take(iterator: AsyncIterator<BeeEntry>, count: number): Promise<[string, string][]> {
  const entries: [string, string][] = []
  while (entries.length < count) {
    const { done, value } = await iterator.next()
    if (done) break
    entries.push(text(value))
  }
  return entries
}

/** `tree`, telling of each stream that is made of it. */
function watched(tree: Hyperbee, onstream: (stream: Readable) => void): BaseBee {
  return Object.create(tree, {
    createReadStream: {
      value(range: Hyperbee.RangeOptions) {
        const stream = tree.createReadStream(range)
        onstream(stream)
        return stream
      }
    }
  })
}

async function closed(stream: Readable): Promise<void> {
  if (!stream.destroyed) await new Promise<void>(resolve => stream.once('close', () => resolve()))
}

function codeOf(fn: () => unknown): AutobeeErrorCode | unknown {
  try {
    fn()
    return null
  } catch (error) {
    return AutobeeError.is(error) ? error.code : error
  }
}

async function codeOfAsync(promise: Promise<unknown>): Promise<AutobeeErrorCode | unknown> {
  try {
    await promise
    return null
  } catch (error) {
    return AutobeeError.is(error) ? error.code : error
  }
}
