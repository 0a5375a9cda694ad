import { useMemo } from 'preact/hooks'
import { encode } from 'uqr'

/** A text as a QR code: one path, dark on white in light and dark. */
export function Qr({ text }: { text: string }) {
  const { size, path } = useMemo(() => {
    const { size, data } = encode(text, { ecc: 'L', border: 2 })
    const squares = data.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')))
    return { size, path: squares.join('') }
  }, [text])
  return (
    <figure class="qr">
      <svg viewBox={`0 0 ${size} ${size}`} role="img" aria-label="The link as a QR code">
        <path d={path} fill="#000" />
      </svg>
    </figure>
  )
}
