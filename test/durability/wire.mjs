import net from 'node:net'

/** Replicates over a socket until either end is gone. */
export function replicate(db, socket, isInitiator) {
  const stream = db.replicate(isInitiator)
  for (const end of [stream, socket]) end.on('error', () => {})
  socket.on('close', () => stream.destroy())
  stream.on('close', () => socket.destroy())
  stream.pipe(socket).pipe(stream)
}

/** A server on 127.0.0.1 that replicates with whoever connects. Resolves to its port and what ends it. */
export function listen(db) {
  const sockets = new Set()
  const server = net.createServer(socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    replicate(db, socket, false)
  })
  const close = () => {
    for (const socket of sockets) socket.destroy()
    return new Promise(resolve => server.close(() => resolve()))
  }
  return new Promise((resolve, reject) => {
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => resolve({ port: server.address().port, close }))
  })
}

/** Resolves to what cuts the connection. */
export function connect(db, port) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1')
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      replicate(db, socket, true)
      resolve(() => {
        const closed = new Promise(done => socket.once('close', () => done()))
        socket.destroy()
        return closed
      })
    })
  })
}
