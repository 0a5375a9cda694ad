// Serve the package's folder `dist/browser` as `/autobee/`.
import { Autobee, openStore, persist, typed } from '/autobee/autobee.js'

const [form, list, status] = ['form', 'ul', '[role=status]'].map(name => document.querySelector(name))

try {
  await main()
} catch (error) {
  status.textContent = error.code === 'STORE_LOCKED' ? 'This list is open in another tab.' : error.message
}

async function main() {
  const store = await openStore('shopping')
  const open = bee => typed(bee, { keyEncoding: 'utf-8', valueEncoding: 'json' })
  const db = new Autobee(store, null, { valueEncoding: 'json', open, apply })
  await db.ready()
  await show(db)
  db.on('update', () => show(db))
  form.addEventListener('submit', async event => {
    event.preventDefault()
    const item = new FormData(form).get('item')
    form.reset()
    await db.append({ add: item })
    // the first thing worth keeping: ask the browser not to delete it by itself
    await persist()
  })
  list.addEventListener('change', ({ target }) => db.append({ bought: target.value }))
}

async function apply(nodes, view) {
  const batch = view.write()
  for (const { value } of nodes) {
    if (typeof value?.add === 'string')
      batch.tryPut(value.add.slice(0, 100), { text: value.add.slice(0, 100) })
    if (typeof value?.bought === 'string') batch.tryDelete(value.bought)
  }
  await batch.flush()
}

async function show(db) {
  const items = []
  for await (const { key, value } of db.view.createReadStream()) items.push(item(key, value.text))
  list.replaceChildren(...items)
}

function item(key, text) {
  const label = document.createElement('label')
  const box = Object.assign(document.createElement('input'), { type: 'checkbox', value: key })
  label.append(box, ` ${text}`)
  const entry = document.createElement('li')
  entry.append(label)
  return entry
}
