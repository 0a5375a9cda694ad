// node counter.cjs [NAME]: counts how often each name was given.
const Autobee = require('autobee')
const { openStore, typed } = Autobee

// encodings for the view, inside of apply and outside
const open = bee => typed(bee, { keyEncoding: 'utf-8', valueEncoding: 'json' })

async function main() {
  const store = await openStore('./counter')
  const db = new Autobee(store, null, { valueEncoding: 'utf-8', open, apply })
  await db.ready()

  const [name] = process.argv.slice(2)
  if (name) await db.append(name)
  for await (const { key, value } of db.view.createReadStream()) console.log(`${key}: ${value}`)

  await db.close()
  await store.close()
}

async function apply(nodes, view) {
  for (const { value: name } of nodes) {
    const count = (await view.get(name))?.value ?? 0
    const batch = view.write()
    batch.tryPut(name, count + 1)
    await batch.flush()
  }
}

main().catch(error => {
  console.error(error)
  process.exitCode = 1
})
