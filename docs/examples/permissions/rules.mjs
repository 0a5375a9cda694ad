// Who may do what: decided in apply, alike on every peer, from what the view says at that place of the order.
import { b4a, typed } from 'autobee'
import crypto from 'hypercore-crypto'

export const openView = bee => typed(bee, { keyEncoding: 'utf-8', valueEncoding: 'json' })

const hex = key => b4a.toString(key, 'hex')

/**
 * `owner`: may do everything. `editor`: may write. Values:
 * { text }                    a line, by an editor or the owner
 * { invite: publicKey }       by the owner: whoever has the secret key of it may join, once
 * { join: publicKey, proof }  by a stranger, optimistic: `proof` signs his own writer key
 * { expel: key }              by the owner
 */
export async function apply(nodes, view, host) {
  for (const node of nodes) {
    const role = host.genesis ? 'owner' : ((await view.get(`role/${hex(node.key)}`))?.value ?? null)
    if (host.genesis) await put(view, `role/${hex(node.key)}`, 'owner')
    const { value } = node
    if (value === null || typeof value !== 'object') continue
    if (isKey(value.join)) await join(node, view, host)
    else if (role === null) continue
    else if (typeof value.text === 'string')
      await put(view, `line/${hex(node.key)}/${node.length}`, value.text.slice(0, 500))
    else if (role !== 'owner') continue
    else if (isKey(value.invite)) await put(view, `invitation/${value.invite}`, true)
    else if (isKey(value.expel) && value.expel !== hex(node.key)) await expel(value.expel, view, host)
  }
}

async function join({ key, value }, view, host) {
  const invitation = `invitation/${value.join}`
  if (!(await view.get(invitation)) || !isSigned(key, value)) return
  host.ackWriter(key)
  // no indexer: who is let in like this is not trusted to settle the order, and can be removed for good
  host.addWriter(key, { isIndexer: false })
  await put(view, `role/${hex(key)}`, 'editor')
  const batch = view.write()
  batch.tryDelete(invitation)
  await batch.flush()
}

async function expel(id, view, host) {
  host.removeWriter(id)
  const batch = view.write()
  batch.tryDelete(`role/${id}`)
  await batch.flush()
}

/** The same on every peer: nothing but the values goes in. */
function isSigned(key, { join, proof }) {
  if (typeof proof !== 'string' || !/^[0-9a-f]{128}$/.test(proof)) return false
  return crypto.verify(key, b4a.from(proof, 'hex'), b4a.from(join, 'hex'))
}

export function proofOf(key, secretKey) {
  return hex(crypto.sign(key, secretKey))
}

async function put(view, key, value) {
  const batch = view.write()
  batch.tryPut(key, value)
  await batch.flush()
}

function isKey(value) {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
}
