// node main.mjs [TEXT]: a database in the file `notes.store`
import { Autobee, openStore } from 'autobee'
import { oneFile } from './one-file.mjs'

const store = await openStore(oneFile('./notes.store'))
const db = new Autobee(store, null, { valueEncoding: 'utf-8', apply })
await db.ready()
const [text] = process.argv.slice(2)
if (text) await db.append(text)
console.log(`${db.local.length} notes`)
await db.close()
await store.close()

async function apply(nodes, view) {
  const batch = view.write()
  for (const { length, value } of nodes) batch.tryPut(Buffer.from(String(length)), Buffer.from(value))
  await batch.flush()
}
