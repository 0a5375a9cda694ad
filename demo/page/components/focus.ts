/** How long what had the focus may take to go, ms. */
const PATIENCE = 2_000

/** When what has the focus goes, puts it where the user goes on, rather than at the beginning of the page. */
export function keepFocus(next: () => HTMLElement | null | undefined): void {
  const { activeElement } = document
  const isLost = () => document.activeElement === document.body || !document.activeElement
  const look = () => {
    if (isLost()) next()?.focus()
    // the user may have gone on by himself
    if (document.activeElement !== activeElement || isLost()) stop()
  }
  const stop = () => {
    observer.disconnect()
    clearTimeout(timer)
  }
  const observer = new MutationObserver(look)
  observer.observe(document.body, { childList: true, subtree: true })
  const timer = setTimeout(stop, PATIENCE)
  look()
}

/** In a panel: its heading. */
export function panelTitle(): HTMLElement | null {
  return document.getElementById('panel-title')
}
