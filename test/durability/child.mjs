// A peer in a process of its own, that a test can kill. Takes commands as JSON lines on stdin, says everything as JSON
// lines on stdout, each written before anything else happens, so that what was said before a SIGKILL is not lost.
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import b4a from 'b4a'
import Corestore from 'corestore'
import { Autobee } from '../../dist/node/index.js'
import { apply, op } from './apply.mjs'
import { random } from './random.mjs'
import { connect, listen } from './wire.mjs'

const { dir, key, name, seed, durability, failpoint, unsynced } = JSON.parse(process.argv[2])
const rng = random(seed)
const store = new Corestore(dir)
// as if the power went before the disk had any of it: whatever is written stays in the write-ahead log
if (unsynced) store.storage.db.flush = async () => {}
const db = new Autobee(store, key, {
  apply,
  ackInterval: 0,
  durability,
  [Symbol.for('autobee.onphase')]: onphase
})

const INSPECT = Symbol.for('autobee.inspect')
const connections = []
let appended = 0
let seen = 0
let undosWritten = 0

for (const event of [
  'writable',
  'conflict',
  'writer-frozen',
  'diverged',
  'recovered',
  'error',
  'waiting',
  'rejected'
]) {
  db.on(event, detail => say({ event, detail: plain(detail ?? null) }))
}

const commands = {
  async append({ values }) {
    return plain(await db.append(values.map(op)))
  },
  /** Appends without end, or `count` units: one by one, as batches, in parallel. Connects to `port` after `after` units. */
  run({ count = Number.POSITIVE_INFINITY, port = null, after = 0 }) {
    run({ count, port, after }).catch(fail)
  },
  async listen() {
    const { port } = await listen(db)
    return { port }
  },
  async connect({ port }) {
    connections.push(await connect(db, port))
  },
  async disconnect() {
    await Promise.all(connections.splice(0).map(cut => cut()))
  },
  async status() {
    while (!db[INSPECT]().cycle.isIdle) await db.updated()
    const { linearizer, orderHash } = db[INSPECT]()
    const digest = await db.view.get(b4a.from('digest'))
    return {
      position: linearizer.length,
      orderHash: b4a.toString(orderHash(), 'hex'),
      digest: digest && b4a.toString(digest.value),
      local: db.local.length,
      writable: db.writable,
      undos: db.stats.undos
    }
  },
  async close() {
    await db.close()
    await store.close()
    say({ closed: true })
    process.exit(0)
  }
}

process.stdin.on('end', () => process.exit(1))
createInterface({ input: process.stdin }).on('line', line => {
  const { re, command, ...args } = JSON.parse(line)
  Promise.resolve(commands[command](args)).then(
    answer => say({ re, answer: answer ?? null }),
    error => say({ re, error: { code: error.code, message: String(error.message) } })
  )
})

try {
  await db.ready()
  say({ ready: { key: hex(db.key), local: hex(db.local.key), length: db.local.length } })
} catch (error) {
  fail(error)
}

async function run({ count, port, after }) {
  for (let done = 0; done < count; ) {
    const kind = rng()
    const units = kind < 0.5 ? [unit()] : kind < 0.7 ? [batch()] : Array.from({ length: 2 + whole(7) }, unit)
    await Promise.all(units.map(append))
    done += units.length
    if (port !== null && done >= after) {
      connections.push(await connect(db, port))
      port = null
    }
  }
}

async function append(values) {
  const { length } = await db.append(values.map(op))
  say({ acked: { length, ids: values.map(value => value.id) } })
}

function unit() {
  return rng() < 0.2 ? batch() : [value()]
}

function batch() {
  return Array.from({ length: 2 + whole(5) }, value)
}

function value() {
  return { id: `${name}.${appended++}`, ...(rng() < 0.05 && { fill: whole(2500) }) }
}

function whole(below) {
  return Math.floor(rng() * below)
}

function onphase(phase) {
  const merging = db.stats.undos > undosWritten
  if (phase === 'written') undosWritten = db.stats.undos
  if (!failpoint || failpoint.phase !== phase || (failpoint.merging && !merging)) return
  if (++seen < failpoint.n) return
  say({ killing: { phase, merging } })
  process.kill(process.pid, 'SIGKILL')
}

function fail(error) {
  say({ failed: { code: error.code, message: String(error.stack) } })
}

function say(line) {
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`)
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at)
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error
    }
  }
}

function plain(value) {
  if (value instanceof Uint8Array) return hex(value)
  if (value instanceof Error) return { code: value.code, message: value.message }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]))
}

function hex(bytes) {
  return b4a.toString(bytes, 'hex')
}
