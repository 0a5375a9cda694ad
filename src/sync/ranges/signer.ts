import b4a from 'b4a'
import type Hypercore from 'hypercore'
import { keyOfSigner } from '../../engine/cores.ts'

/**
 * A core's key is the hash of its manifest. Of Autobee's own cores the manifest follows from the public key of their one
 * signer, so that is all that is sent of it; others are left to Hypercore's download.
 */
export function signerOf({ manifest, key }: Hypercore): Uint8Array | null {
  const publicKey = manifest?.signers.length === 1 ? manifest.signers[0]?.publicKey : null
  return publicKey && b4a.equals(keyOfSigner(publicKey), key) ? publicKey : null
}

/**
 * Tells an open core its manifest, if that is the one its key was made of.
 * Returns false when it is not.
 */
export async function setSigner(core: Hypercore, publicKey: Uint8Array): Promise<boolean> {
  if (!b4a.equals(keyOfSigner(publicKey), core.key)) return false
  const session = core.session({ manifest: { version: 1, signers: [{ publicKey }] }, active: false })
  await session.ready()
  await session.close()
  return true
}
