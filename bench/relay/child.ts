/** A child process of the relay's bench: does what it is asked, one message after the other. */
import b4a from 'b4a'
import { openStore } from '../../adapters/entry/node.ts'
import { memory } from '../../adapters/storage/memory.ts'
import { createRelay } from '../../adapters/transport/relay.ts'
import { connectRelay } from '../../adapters/transport/websocket.ts'
import { Crowd } from './crowd.ts'
import type { Methods, Task, Usage } from './tasks.ts'
import { holdBlocks, readBlocks } from './transfer.ts'

type Served<M> = { [K in keyof M]: M[K] extends (o: infer O) => infer R ? (o: O) => R | Promise<R> : never }

const task = JSON.parse(process.argv[2] as string) as Task

// a child does not outlive its parent
process.on('disconnect', () => process.exit(0))

async function begin(): Promise<{ ready: unknown; methods: object }> {
  switch (task.task) {
    case 'relay':
      return relay()
    case 'peer':
      return peer(task)
    case 'crowd': {
      const crowd = new Crowd(task.url)
      const methods: Served<Methods['crowd']> = {
        idle: o => crowd.idle(o.count),
        pump: o => crowd.pump(o),
        leave: () => crowd.leave()
      }
      return { ready: null, methods }
    }
  }
}

async function relay() {
  // a pair of the crowd sends as fast as it can
  const limits = { bytesPerSecond: Number.POSITIVE_INFINITY, framesPerSecond: Number.POSITIVE_INFINITY }
  const handle = await createRelay({
    limits: { ...limits, socketsPerAddress: 10_000, sockets: 10_000 }
  })
  const methods: Served<Methods['relay']> = {
    usage(): Usage {
      for (let i = 0; i < 2; i++) global.gc?.()
      const { rss, heapUsed, external } = process.memoryUsage()
      const { user, system } = process.cpuUsage()
      const { clients, channels } = handle
      return { clients, channels, rss, heap: heapUsed + external, cpu: (user + system) / 1000 }
    }
  }
  return { ready: handle.url, methods }
}

async function peer({ url, topic }: { url: string; topic: string }) {
  const store = await openStore(memory())
  connectRelay(store, url, { topics: [b4a.from(topic, 'hex')] })
  const methods: Served<Methods['peer']> = {
    hold: async load => b4a.toString((await holdBlocks(store, load)).key as Uint8Array, 'hex'),
    read: o => readBlocks(store, b4a.from(o.key, 'hex'), o.count),
    connect: async o => {
      const newcomer = await openStore(memory())
      const begin = performance.now()
      const handle = connectRelay(newcomer, o.url, { topics: [b4a.from(topic, 'hex')] })
      await handle.connected()
      const ms = performance.now() - begin
      await handle.close()
      await newcomer.close()
      return ms
    }
  }
  return { ready: null, methods }
}

const { ready, methods } = await begin()
process.on('message', async ([id, method, argument]: [number, string, unknown]) => {
  try {
    const result = await (methods as Record<string, (o: unknown) => unknown>)[method]?.(argument)
    process.send?.([id, { result }])
  } catch (error) {
    process.send?.([id, { error: String(error) }])
  }
})
process.send?.([0, { result: ready }])
