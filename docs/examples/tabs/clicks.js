// Open it in several tabs, and close them in any order. Serve the package's folder `dist/browser` as `/autobee/`.
import { typed } from '/autobee/autobee.js'
import { SharedAutobee } from '/autobee/tabs.js'

const find = name => document.querySelector(name)

const db = new SharedAutobee('clicks', null, {
  valueEncoding: 'json',
  open: bee => typed(bee, { keyEncoding: 'utf-8', valueEncoding: 'json' }),
  // runs in the tab that owns the store; the others read through it
  async apply(nodes, view) {
    const clicks = (await view.get('clicks'))?.value ?? 0
    const batch = view.write()
    batch.tryPut('clicks', clicks + nodes.length)
    await batch.flush()
  }
})
await db.ready()

const show = async () => {
  find('output').textContent = (await db.view.get('clicks'))?.value ?? 0
  find('#role').textContent = db.role
}
db.on('update', show)
db.on('role', show)
await show()

// exactly once, also when the owner is closed in the middle of it
find('button').addEventListener('click', () => db.append('click'))
