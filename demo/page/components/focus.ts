/** After what had the focus is gone, puts it where the user goes on, rather than at the beginning of the page. */
export function keepFocus(next: () => HTMLElement | null | undefined): void {
  // two frames: the view has moved by then, and the page was rendered
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      if (document.activeElement === document.body || !document.activeElement) next()?.focus()
    })
  )
}

/** In a panel: its heading. */
export function panelTitle(): HTMLElement | null {
  return document.getElementById('panel-title')
}
