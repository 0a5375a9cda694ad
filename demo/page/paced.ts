/** So long what is merged may keep the page from answering, ms. */
const SLICE = 20

/** Makes way for the page between calls when they have taken a while: what is awaited in them is often there already. */
export function paced<Args extends unknown[]>(
  run: (...args: Args) => Promise<void>
): (...args: Args) => Promise<void> {
  let since = 0
  return async (...args) => {
    const now = performance.now()
    if (now - since > SLICE) {
      await turn()
      since = performance.now()
    }
    await run(...args)
  }
}

/** The page's turn: unlike a timer, a message is not put off in a tab that is hidden. */
function turn(): Promise<void> {
  const { port1, port2 } = new MessageChannel()
  return new Promise(resolve => {
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}
