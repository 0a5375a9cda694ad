// A shared database, and a reader who knows nothing of Autobee: plain Corestore and Hyperbee, by one key.
import { Corestore, memory, openStore } from 'autobee'
import { KeyValue } from 'autobee/kv'
import { publish } from 'autobee/publish'
import Hyperbee from 'hyperbee'

const db = new KeyValue(await openStore(memory()))
await db.ready()
await db.put('front page', { title: 'Hello' })

const published = publish(db, { name: 'site' })
await published.updated()

// somewhere else
const store = new Corestore('./reader')
const core = store.get({ key: published.key })
const bee = new Hyperbee(core, { keyEncoding: 'utf-8', valueEncoding: 'json' })
await bee.ready()
const streams = [db.replicate(true), store.replicate(false)]
for (const stream of streams) stream.on('error', error => console.error(error.code))
streams[0].pipe(streams[1]).pipe(streams[0])

await core.update({ wait: true })
console.log('at first:', (await bee.get('front page')).value)
const watcher = await bee.getAndWatch('front page')
const changed = new Promise(resolve => watcher.once('update', resolve))
await db.put('front page', { title: 'Hello again' })
await changed
console.log('followed:', watcher.node.value)

await watcher.close()
await published.close()
for (const stream of streams) stream.destroy()
await store.close()
await db.close()
await db.db.store.close()
