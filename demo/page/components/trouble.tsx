import type { Trouble } from '../errors.ts'

/** What went wrong and what to do, where it is read out at once. */
export function TroubleNotice({ trouble }: { trouble: Trouble }) {
  return (
    <div class="notice bad" role="alert" data-code={trouble.code}>
      <p>
        <strong>{trouble.title}.</strong> {trouble.advice}
      </p>
      {trouble.reload && (
        <button type="button" class="button" onClick={() => location.reload()}>
          Reload
        </button>
      )}
    </div>
  )
}
