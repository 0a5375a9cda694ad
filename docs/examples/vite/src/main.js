// A guest book. The fragment of its address says which one, and over which relay: `#KEY,wss://relay.example.org`.
// Without a key it makes a new one; `autobee relay --port 8080` runs a relay on this machine.
import { Autobee, connectRelay, openStore } from 'autobee'
import { apply, openView } from './book.js'

const find = name => document.querySelector(name)
const [key = '', url = 'ws://127.0.0.1:8080'] = decodeURIComponent(location.hash.slice(1)).split(',')

// one database of the browser for each guest book
const store = await openStore(`guests-${key || 'own'}`)
const db = new Autobee(store, key || null, { valueEncoding: 'json', open: openView, apply })
await db.ready()

const relay = connectRelay(db, url)
const tell = () => {
  find('[role=status]').textContent =
    relay.peers.length > 0 ? `Connected with ${relay.peers.length}` : 'On your own'
}
for (const event of ['peer', 'peer-close']) relay.on(event, tell)
relay.on('error', error => console.warn(error.code, error.reason))
tell()

const invitation = new URL(`#${db.id},${url}`, location.href)
Object.assign(find('#invitation'), { href: invitation, textContent: invitation })

find('form').addEventListener('submit', async event => {
  event.preventDefault()
  const name = new FormData(event.target).get('name')
  event.target.reset()
  // whoever has the key may sign: see apply
  await db.append({ sign: name }, { optimistic: !db.writable })
})

db.on('update', show)
await show()

async function show() {
  const entries = []
  for await (const { value } of db.view.createReadStream())
    entries.push(Object.assign(document.createElement('li'), { textContent: value.name }))
  find('ol').replaceChildren(...entries)
}
