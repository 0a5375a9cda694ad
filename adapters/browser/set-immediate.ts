/**
 * `setImmediate` for a page: Hypercore's replicator yields with it. Unlike a timer, a message is neither slowed down by
 * nesting nor put off in a tab in the background.
 */
const waiting: (() => void)[] = []
const { port1, port2 } = new MessageChannel()

port1.onmessage = () => waiting.shift()?.()

export function setImmediate(task: () => void): void {
  waiting.push(task)
  port2.postMessage(null)
}
