/** The Web Lock of a store; null when somebody has it and one does not wait. Released when this page or worker is gone. */
export function takeLock(name: string, { wait }: { wait: boolean }): Promise<(() => void) | null> {
  return new Promise((resolve, reject) => {
    const hold = (lock: Lock | null) =>
      new Promise<void>(end => {
        if (lock) return resolve(end)
        resolve(null)
        end()
      })
    navigator.locks.request(`autobee:opfs:${name}`, { ifAvailable: !wait }, hold).catch(reject)
  })
}
