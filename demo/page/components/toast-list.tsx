import { useStore } from '../state/store.ts'
import { Icon } from './icons.tsx'
import { useSession } from './session-context.ts'

/** Messages at the foot, and the sentence by which others' changes are read out. */
export function ToastList() {
  const { toasts, news } = useSession()
  const all = useStore(toasts, state => state.all)
  const sentence = useStore(news, state => state.sentence)
  return (
    <>
      <section class="toasts" aria-label="Messages" role="status">
        {all.map(toast => (
          <div key={toast.id} class="toast">
            <p>{toast.text}</p>
            {toast.action && (
              <button
                type="button"
                class="button"
                onClick={() => {
                  toast.action?.run()
                  toasts.hide(toast.id)
                }}
              >
                {toast.action.label}
              </button>
            )}
            <button
              type="button"
              class="button icon"
              aria-label="Hide this message"
              onClick={() => toasts.hide(toast.id)}
            >
              <Icon name="close" />
            </button>
          </div>
        ))}
      </section>
      <p class="unseen" aria-live="polite" data-news>
        {sentence}
      </p>
    </>
  )
}
