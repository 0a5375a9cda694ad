import { afterEach } from 'vitest'
import type { CreateMirrorOptions, MirrorToOptions } from '../../../adapters/transport/mirror.ts'
import {
  createMirror,
  type MirrorHandle,
  type MirrorToHandle,
  mirrorTo
} from '../../../adapters/transport/mirror.ts'
import type { RelayHandle } from '../../../adapters/transport/relay.ts'
import { ClientNet, SOON } from '../relay/client-net.ts'

/** What tests of mirrors on relays open; all of it is closed after each test, in reverse. */
export class MirrorNet extends ClientNet {
  async mirror(
    relay: RelayHandle,
    options: Pick<CreateMirrorOptions, 'store'> & Partial<CreateMirrorOptions>
  ): Promise<MirrorHandle> {
    const mirror = await createMirror({ relays: relay.url, retry: SOON, allow: () => true, ...options })
    this.onend(() => mirror.close())
    return mirror
  }

  ask(target: Parameters<typeof mirrorTo>[0], options: MirrorToOptions): MirrorToHandle {
    const handle = mirrorTo(target, { retry: SOON, ...options })
    this.onend(() => handle.close())
    return handle
  }
}

export function mirrors(): MirrorNet {
  const net = new MirrorNet()
  afterEach(() => net.end())
  return net
}
