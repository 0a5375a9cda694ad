// A thread that has a database of its own, and replicates it over the port that it is given.
import { parentPort, workerData } from 'node:worker_threads'
import SecretStream from '@hyperswarm/secret-stream'
import { Autobee, memory, openStore } from 'autobee'
import { apply } from './apply.mjs'
import { PortStream } from './port-stream.mjs'

const db = new Autobee(await openStore(memory()), workerData.key, { valueEncoding: 'utf-8', apply })
await db.ready()
// Noise on the port's stream itself: who reads slowly holds the other side back
const stream = db.replicate(new SecretStream(false, new PortStream(workerData.port)))

const latest = Buffer.from('latest')
for (;;) {
  // listens before it looks: an update in between is not missed
  const updated = new Promise(resolve => db.once('update', resolve))
  if (await db.view.get(latest)) break
  await updated
}
parentPort.postMessage(String((await db.view.get(latest)).value))
// a stream that was handed in stays open until it is ended
stream.end()
await db.close()
await db.store.close()
