/** Registers the service worker; calls back when a newer version of the page is there, with what puts it in place. */
export function followUpdates(onupdate: (takeOver: () => void) => void): () => void {
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined
  // pages that are not secure have none: they work, but for opening without a network
  if (!container) return () => {}
  let isAsked = false
  const reload = () => {
    if (isAsked) location.reload()
  }
  container.addEventListener('controllerchange', reload)

  const follow = (registration: ServiceWorkerRegistration) => {
    const tell = (worker: ServiceWorker) => {
      // without a controller it is the first version, which takes over by itself
      if (worker.state !== 'installed' || !container.controller) return
      onupdate(() => {
        isAsked = true
        worker.postMessage('take over')
      })
    }
    if (registration.waiting) tell(registration.waiting)
    registration.addEventListener('updatefound', () => {
      const worker = registration.installing
      worker?.addEventListener('statechange', () => tell(worker))
    })
  }
  container
    .register('./service-worker.js')
    .then(follow)
    .catch(error => console.warn('this page will not open without a network', error))
  return () => container.removeEventListener('controllerchange', reload)
}
