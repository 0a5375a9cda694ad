/** What the page shows, and nothing about where it comes from. */

/** Blocks of a core that are shown: the last ones. */
const SHOWN = 10

export interface Wanted {
  /** As it was typed. */
  readonly key: string
  readonly relay: string
}

/** The form, filled; it is handed in by button or Enter. */
export function showForm(filled: Wanted, onsubmit: (wanted: Wanted) => void): void {
  const form = one('form', HTMLFormElement)
  const key = one('#key', HTMLInputElement)
  const relay = one('#relay', HTMLInputElement)
  key.value = filled.key
  relay.value = filled.relay
  form.addEventListener('submit', event => {
    event.preventDefault()
    onsubmit({ key: key.value.trim(), relay: relay.value.trim() })
  })
}

/** Says how it goes; screen readers say it, too, when there is time. */
export function say(sentence: string): void {
  setText(one('[role=status]', HTMLElement), sentence)
}

/** Says what went wrong; screen readers say it at once. */
export function sayProblem(sentence: string): void {
  setText(one('[role=alert]', HTMLElement), sentence)
}

/** One core: its key, how long it is, and its last blocks. */
export class CoreView {
  readonly #length: HTMLElement
  readonly #blocks: HTMLElement

  constructor({ title, key }: { title: string; key: string }) {
    const template = one('template', HTMLTemplateElement)
    const card = (template.content.cloneNode(true) as DocumentFragment).firstElementChild as HTMLElement
    const heading = one('h2', HTMLElement, card)
    heading.id = `core-${key}`
    heading.textContent = title
    card.setAttribute('aria-labelledby', heading.id)
    one('code', HTMLElement, card).textContent = key
    this.#length = one('output', HTMLElement, card)
    this.#blocks = one('ol', HTMLElement, card)
    one('[role=log]', HTMLElement, card).setAttribute('aria-label', `Last blocks of ${title}`)
    this.setLength(0)
    one('section', HTMLElement).append(card)
  }

  setLength(length: number): void {
    setText(this.#length, length === 1 ? '1 block' : `${length} blocks`)
  }

  addBlock(index: number, text: string): void {
    const item = document.createElement('li')
    item.value = index
    item.textContent = text
    this.#blocks.append(item)
    while (this.#blocks.childElementCount > SHOWN) this.#blocks.firstElementChild?.remove()
  }
}

function setText(element: HTMLElement, text: string): void {
  // said once, not whenever it is the same again
  if (element.textContent !== text) element.textContent = text
}

function one<E extends Element>(selector: string, type: new () => E, within: ParentNode = document): E {
  const found = within.querySelector(selector)
  if (found instanceof type) return found
  throw new Error(`the page has no ${selector}`)
}
