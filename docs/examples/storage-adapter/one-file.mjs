// A storage adapter: everything in memory, and every commit one line of one file. For small stores in Node.
import { open } from 'node:fs/promises'
import { AutobeeError } from 'autobee'

const owners = new Map()

/** @param path of the file; created when missing */
export function oneFile(path) {
  return {
    name: path,
    async openKeyValue({ wait = false, readOnly = false } = {}) {
      if (readOnly) throw new AutobeeError('NOT_SUPPORTED', `${path} has one owner, who may write`)
      const release = await own(path, wait)
      try {
        return await Store.open(path, release)
      } catch (error) {
        // nothing stays open or locked
        release()
        throw error
      }
    }
  }
}

/** One owner at a time in this process. (Of several processes, have the system lock the file.) */
async function own(path, wait) {
  while (owners.has(path)) {
    if (!wait) throw new AutobeeError('STORE_LOCKED', `${path} is open already; close it there`)
    await owners.get(path)
  }
  let release
  owners.set(
    path,
    new Promise(resolve => {
      release = resolve
    })
  )
  return () => {
    owners.delete(path)
    release()
  }
}

/** What the store holds at one moment: sorted keys, one character for each byte, and their values. */
class State {
  constructor(keys = [], values = new Map()) {
    this.keys = keys
    this.values = values
    /** Somebody reads it: it is copied before the next commit changes it. */
    this.isShared = false
  }

  apply(operations) {
    const state = this.isShared ? new State([...this.keys], new Map(this.values)) : this
    for (const { type, key, value, start, end } of operations) {
      if (type === 'delete-range') state.#remove(state.at(text(start)), state.at(text(end)))
      else if (type === 'delete') state.#remove(state.at(text(key)), state.at(`${text(key)}\0`))
      else state.#put(text(key), value)
    }
    return state
  }

  /** The place of a key among the keys, or where it would be. */
  at(key) {
    let [low, high] = [0, this.keys.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.keys[middle] < key) low = middle + 1
      else high = middle
    }
    return low
  }

  #put(key, value) {
    if (!this.values.has(key)) this.keys.splice(this.at(key), 0, key)
    this.values.set(key, value)
  }

  #remove(from, to) {
    for (const key of this.keys.splice(from, Math.max(0, to - from))) this.values.delete(key)
  }
}

/** What can be read of a state: of the store the present one, of a snapshot the one it was made of. */
class Reader {
  constructor(store) {
    this.store = store
    this.isClosed = false
  }

  async getMany(keys) {
    const { values } = this.state()
    return keys.map(key => values.get(text(key)) ?? null)
  }

  entries({ start, end, reverse = false }) {
    const state = this.state()
    state.isShared = true
    const from = start ? state.at(text(start)) : 0
    const to = end ? state.at(text(end)) : state.keys.length
    const keys = state.keys.slice(from, Math.max(from, to))
    if (reverse) keys.reverse()
    let isClosed = false
    return {
      next: async limit => {
        if (isClosed || this.store.isClosed) throw closed(this.store)
        return keys.splice(0, limit).map(key => ({ key: bytes(key), value: state.values.get(key) }))
      },
      close: () => {
        isClosed = true
      }
    }
  }

  close() {
    this.isClosed = true
  }
}

class Snapshot extends Reader {
  #state

  constructor(store, state) {
    super(store)
    state.isShared = true
    this.#state = state
  }

  state() {
    if (this.isClosed || this.store.isClosed) throw closed(this.store)
    return this.#state
  }
}

class Store extends Reader {
  #file
  #path
  #state
  #length
  #release
  #queue = Promise.resolve()
  #closing = null
  #broken = null

  static async open(path, release) {
    const file = await open(path, 'a+')
    try {
      const content = await file.readFile()
      // a line without an end is a commit that a crash cut off: it never was
      const length = content.lastIndexOf(10) + 1
      if (length < content.length) await file.truncate(length)
      let state = new State()
      for (const line of content.toString('latin1', 0, length).split('\n').slice(0, -1))
        state = state.apply(decode(line, path))
      return new Store({ path, file, state, length, release })
    } catch (error) {
      await file.close()
      throw error
    }
  }

  constructor({ path, file, state, length, release }) {
    super(null)
    this.store = this
    this.#path = path
    this.#file = file
    this.#state = state
    this.#length = length
    this.#release = release
  }

  get path() {
    return this.#path
  }

  state() {
    if (this.isClosed) throw closed(this)
    if (this.#broken) throw this.#broken
    return this.#state
  }

  commit(operations) {
    return this.#inTurn(async () => {
      if (operations.length === 0) return
      const line = Buffer.from(`${JSON.stringify(operations.map(operation => fields(operation, base64)))}\n`)
      try {
        await this.#file.appendFile(line)
      } catch (error) {
        throw await this.#undo(error)
      }
      this.#length += line.byteLength
      // seen by readers from here on, all at once
      this.#state = this.#state.apply(operations)
    })
  }

  sync() {
    return this.#inTurn(() => this.#file.sync())
  }

  snapshot() {
    return new Snapshot(this, this.state())
  }

  close() {
    this.isClosed = true
    this.#closing ??= this.#queue.then(() => this.#file.close()).finally(this.#release)
    return this.#closing
  }

  /** One after the other, in the order of the calls. */
  async #inTurn(work) {
    this.state()
    const turn = this.#queue.then(() => {
      if (this.#broken) throw this.#broken
      return work()
    })
    this.#queue = turn.catch(() => {})
    return turn
  }

  /** A commit that rejects has no effect, not later either. */
  async #undo(cause) {
    try {
      await this.#file.truncate(this.#length)
    } catch {
      // memory and file may differ from here on: nothing more is read or written
      this.#broken = new AutobeeError('STORE_FAILED', `${this.#path} cannot be written; open it again`, {
        cause
      })
    }
    const code = cause.code === 'ENOSPC' ? 'STORE_FULL' : 'STORE_FAILED'
    return new AutobeeError(code, `${this.#path} could not be written`, { cause })
  }
}

function decode(line, path) {
  try {
    return JSON.parse(line).map(operation => fields(operation, value => Buffer.from(value, 'base64')))
  } catch (cause) {
    throw new AutobeeError('STORE_CORRUPT', `${path} is not what was written`, { cause })
  }
}

/** An operation with each field but its type changed. */
function fields(operation, change) {
  const changed = Object.entries(operation).map(([name, value]) => [
    name,
    name === 'type' ? value : change(value)
  ])
  return Object.fromEntries(changed)
}

const base64 = value => Buffer.from(value).toString('base64')
const text = key => Buffer.from(key).toString('latin1')
const bytes = key => new Uint8Array(Buffer.from(key, 'latin1'))
const closed = store => new AutobeeError('STORE_CLOSED', `${store.path}, or what was read of it, is closed`)
