// Appends and publishes until it is killed. Says the published key, and each length that readers may have seen.
import { writeSync } from 'node:fs'
import b4a from 'b4a'
import Corestore from 'corestore'
import { Autobee } from '../../dist/node/index.js'
import { publish } from '../../dist/node/publish.js'

const { dir, blocks } = JSON.parse(process.argv[2])
const db = new Autobee(new Corestore(dir), null, { apply, ackInterval: 0 })
await db.ready()
const options = { name: 'view', [Symbol.for('autobee.publish.limits')]: { blocks, bytes: 2 ** 20 } }
const published = publish(db, options)
published.on('error', error => say({ failed: error.message }))
await published.ready()
published.core.on('append', () => say({ length: published.core.length }))
say({ key: published.id, length: published.core.length })
for (let i = 0; ; i++) {
  const put = Object.fromEntries(
    Array.from({ length: 1 + (i % 90) }, (_, n) => [`k${n}`, `${process.pid} ${i}`])
  )
  await db.append(b4a.from(JSON.stringify({ put, del: [`k${i % 7}`] })))
}

async function apply(nodes, view) {
  const batch = view.write()
  for (const node of nodes) {
    const { put, del } = JSON.parse(b4a.toString(node.value))
    for (const [key, value] of Object.entries(put)) batch.tryPut(b4a.from(key), b4a.from(value))
    for (const key of del) batch.tryDelete(b4a.from(key))
  }
  await batch.flush()
}

// at once, so that nothing that was said is lost
function say(line) {
  writeSync(1, `${JSON.stringify(line)}\n`)
}
