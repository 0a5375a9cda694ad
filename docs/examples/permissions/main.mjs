// An owner, a guest with an invitation, and a stranger without one, over TCP on this machine.
import { Autobee, b4a, memory, openStore } from 'autobee'
import { connectTcp, listenTcp } from 'autobee/transport/tcp'
import crypto from 'hypercore-crypto'
import { apply, openView, proofOf } from './rules.mjs'

const hex = key => b4a.toString(key, 'hex')
const peer = async (key = null) => {
  const db = new Autobee(await openStore(memory()), key, { valueEncoding: 'json', open: openView, apply })
  await db.ready()
  return db
}

const owner = await peer()
const server = await listenTcp(owner)
// an invitation is a key pair: the owner notes the public key, the guest gets the secret one
const invitation = crypto.keyPair()
await owner.append({ invite: hex(invitation.publicKey) })

const guest = await peer(owner.key)
const stranger = await peer(owner.key)
const links = [guest, stranger].map(db => connectTcp(db, { port: server.port }))
for (const db of [guest, stranger])
  await until(db, () => db.view.get(`invitation/${hex(invitation.publicKey)}`))

const proof = proofOf(guest.local.key, invitation.secretKey)
await guest.append({ join: hex(invitation.publicKey), proof }, { optimistic: true })
await until(guest, () => guest.writable)
await guest.append({ text: 'hello' })

// a proof for somebody else's key is none; apply acknowledges nothing, so nothing is written
const stolen = { join: hex(invitation.publicKey), proof }
console.log('the stranger:', await stranger.append(stolen, { optimistic: true }).catch(error => error.code))
await guest.append({ expel: hex(owner.local.key) })
console.log('the owner is there still:', owner.writable)

await until(owner, async () => (await lines(owner)).length === 1)
await owner.append({ expel: hex(guest.local.key) })
await until(guest, () => !guest.writable)
console.log('the guest, removed:', await guest.append({ text: 'again' }).catch(error => error.code))
console.log('what he wrote:', await lines(owner))

for (const link of [...links, server]) await link.close()
for (const db of [guest, stranger, owner]) {
  await db.close()
  await db.store.close()
}

async function lines(db) {
  const found = []
  for await (const { value } of db.view.createReadStream({ prefix: 'line/' })) found.push(value)
  return found
}

async function until(db, condition) {
  for (;;) {
    // listens before it looks: an update in between is not missed
    const updated = new Promise(resolve => db.once('update', resolve))
    if (await condition()) return
    await updated
  }
}
