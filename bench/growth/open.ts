import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import b4a from 'b4a'
import { openStore } from '../../adapters/storage/file.ts'
import type { Autobee } from '../../src/index.ts'
import { openAutobee } from '../peers/autobee.ts'
import { keyAt, valueAt } from './data.ts'
import { memory, peak } from './memory.ts'
import type { Opened, OpenTask, Read, ReadTask, ServeTask, Serving } from './tasks.ts'

export async function open({ dir, entries }: OpenTask): Promise<Opened> {
  const started = performance.now()
  const store = await openStore(dir)
  const opened = performance.now()
  const db = openAutobee(store, { role: 'indexer' })
  await db.ready()
  if (!(await shows(db, entries - 1))) throw new Error('The last entry is not in the view')
  const read = performance.now()
  const result = { store: opened - started, database: read - opened, memory: await memory() }
  await db.close()
  await store.close()
  return result
}

/** Stays open. */
export async function serve({ dir }: ServeTask): Promise<Serving> {
  const store = await openStore(dir)
  const db = openAutobee(store, { role: 'indexer' })
  await db.ready()
  const server = createServer(socket => replicate(db, { socket, isInitiator: false }))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port }
}

export async function read({ dir, key, port, entries }: ReadTask): Promise<Read> {
  const store = await openStore(dir)
  const db = openAutobee(store, { key: b4a.from(key, 'hex'), role: 'indexer' })
  await db.ready()
  const started = performance.now()
  const socket = connect(port, '127.0.0.1')
  replicate(db, { socket, isInitiator: true })
  while (!(await shows(db, entries - 1)))
    await new Promise(resolve => db.once('update', resolve as () => void))
  const ms = performance.now() - started
  const result = { ms, memory: await memory(), peak: peak() }
  socket.destroy()
  await db.close()
  await store.close()
  return result
}

/** Is the value of that index the one under its key? */
async function shows(db: Autobee, index: number): Promise<boolean> {
  const entry = await db.bee.get(b4a.from(keyAt(index)))
  return entry !== null && b4a.equals(entry.value, valueAt(index))
}

function replicate(db: Autobee, { socket, isInitiator }: { socket: Socket; isInitiator: boolean }): void {
  const stream = db.replicate(isInitiator)
  socket.setNoDelay(true)
  socket.on('error', () => stream.destroy())
  stream.on('error', () => socket.destroy())
  socket.pipe(stream as never)
  stream.pipe(socket as never)
}
