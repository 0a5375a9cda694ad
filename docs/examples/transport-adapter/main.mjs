// node main.mjs: two threads, each with a database of its own, that replicate over a MessageChannel
import { Worker } from 'node:worker_threads'
import SecretStream from '@hyperswarm/secret-stream'
import { Autobee, memory, openStore } from 'autobee'
import { apply } from './apply.mjs'
import { PortStream } from './port-stream.mjs'

const db = new Autobee(await openStore(memory()), null, { valueEncoding: 'utf-8', apply })
await db.ready()
await db.append('hello, worker')

const { port1, port2 } = new MessageChannel()
const worker = new Worker(new URL('./worker.mjs', import.meta.url), {
  workerData: { key: db.id, port: port2 },
  transferList: [port2]
})
const stream = db.replicate(new SecretStream(true, new PortStream(port1)))
stream.on('error', error => console.error('the stream failed:', error.code, error.reason))

worker.once('message', latest => console.log('the worker reads:', latest))
await new Promise(resolve => worker.once('exit', resolve))
await db.close()
await db.store.close()
