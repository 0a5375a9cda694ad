// node notes.mjs [TEXT]: keeps a note, and lists all there are. They are in the folder `notes`.
import { Autobee, openStore } from 'autobee'

const store = await openStore('./notes')
const db = new Autobee(store, null, { valueEncoding: 'json', apply })
await db.ready()

const [text] = process.argv.slice(2)
if (text) await db.append({ text })
for await (const { key, value } of db.view.createReadStream()) console.log(`${key}: ${value}`)

await db.close()
await store.close()

// what each note becomes in the view, on every peer alike: its writer and its place there are its key
async function apply(nodes, view) {
  const batch = view.write()
  for (const { key, length, value } of nodes) {
    const id = `${Buffer.from(key).toString('hex').slice(0, 6)}-${String(length).padStart(6, '0')}`
    batch.tryPut(Buffer.from(id), Buffer.from(String(value.text)))
  }
  await batch.flush()
}
