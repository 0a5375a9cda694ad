import type { ComponentChildren } from 'preact'

/** What the shapes mean. */
export function Legend() {
  return (
    <details class="order-legend">
      <summary>How to read this</summary>
      <p>
        Everybody writes a log of their own: a lane. All devices put the entries of all logs into the same
        order, from the top to the bottom. A line goes up from an entry to what its writer had seen.
      </p>
      <ul>
        <Sample label="applied: it is part of what you see">
          <circle class="order-core" r="6" />
        </Sample>
        <Sample label="skipped: it has a place, but no effect">
          <g class="skipped">
            <circle class="order-core" r="6" />
          </g>
        </Sample>
        <Sample label="written before its writer was a member">
          <circle class="order-guest" r="8.5" />
          <circle class="order-core" r="5.5" />
        </Sample>
        <Sample label="confirms what came before, and holds nothing">
          <circle class="order-core" r="4" />
        </Sample>
        <Sample label="has just moved, since something older came in">
          <g class="marked">
            <circle class="order-halo" r="9" />
            <circle class="order-core" r="5.5" />
          </g>
        </Sample>
      </ul>
    </details>
  )
}

function Sample({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <li>
      <svg width="24" height="24" viewBox="-12 -12 24 24" aria-hidden="true">
        <g class="order-dot">{children}</g>
      </svg>
      {label}
    </li>
  )
}
