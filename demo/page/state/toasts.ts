import { Store } from './store.ts'

export interface Toast {
  readonly id: number
  readonly text: string
  readonly kind: 'plain' | 'bad'
  readonly action: { readonly label: string; run(): void } | null
}

/** How long one stays, ms; nothing is lost with it: what was removed is in the bin. Those that tell of a failure stay. */
const STAYS = 10_000

/** Short messages at the foot of the page. */
export class Toasts extends Store<{ readonly all: readonly Toast[] }> {
  #count = 0

  constructor() {
    super({ all: [] })
  }

  show({ text, kind = 'plain', action = null }: Pick<Toast, 'text'> & Partial<Omit<Toast, 'id'>>): void {
    const id = ++this.#count
    const others = this.state.all.filter(toast => toast.text !== text).slice(-1)
    this.set({ all: [...others, { id, text, kind, action }] })
    if (kind === 'plain') setTimeout(() => this.hide(id), STAYS)
  }

  hide(id: number): void {
    this.set({ all: this.state.all.filter(toast => toast.id !== id) })
  }
}
