/** In the place of the package `ws`: the page's own, with the same form as far as the relay's client goes. */
export const { WebSocket } = globalThis
