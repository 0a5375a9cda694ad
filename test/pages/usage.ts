/** What a page holds of the network, and who listens to it, from its beginning on: imported before anything else. */

export interface Usage {
  /** WebSockets that are not closed. */
  readonly sockets: number
  /** Listeners on the window and on the document. */
  readonly listeners: number
}

const sockets = new Set<WebSocket>()
const listeners = new Map<string, Set<unknown>>()

globalThis.WebSocket = class extends WebSocket {
  constructor(url: string | URL, protocols?: string | string[]) {
    super(url, protocols)
    sockets.add(this)
  }
}

for (const [name, target] of [
  ['window', globalThis],
  ['document', document]
] as const) {
  const { addEventListener, removeEventListener } = target
  const of = (type: string) => {
    const known = listeners.get(`${name} ${type}`) ?? new Set()
    listeners.set(`${name} ${type}`, known)
    return known
  }
  target.addEventListener = ((type: string, listener: EventListener, options?: AddEventListenerOptions) => {
    of(type).add(listener)
    addEventListener.call(target, type, listener, options)
  }) as typeof addEventListener
  target.removeEventListener = ((type: string, listener: EventListener, options?: EventListenerOptions) => {
    of(type).delete(listener)
    removeEventListener.call(target, type, listener, options)
  }) as typeof removeEventListener
}

export function usage(): Usage {
  return {
    sockets: [...sockets].filter(({ readyState }) => readyState !== WebSocket.CLOSED).length,
    listeners: [...listeners.values()].reduce((sum, all) => sum + all.size, 0)
  }
}
