/** Pictures of 24 by 24, in the colour of the text; what they mean is said by the text of their button. */
const PATHS = {
  plus: 'M12 5v14M5 12h14',
  close: 'm6 6 12 12M18 6 6 18',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  down: 'm6 9 6 6 6-6',
  people:
    'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 20a6.5 6.5 0 0 1 13 0M16 4.3a3.5 3.5 0 0 1 0 6.4M18 14.2a6.5 6.5 0 0 1 3.5 5.8',
  bin: 'M4 7h16M10 11v6M14 11v6M6 7l1 13h10l1-13M9 7V4h6v3',
  settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 9.5v-5M9 19.5v-5',
  order: 'M6 4v16M18 4v6M6 8h0M18 10c0 5-12 2-12 6',
  back: 'm15 5-7 7 7 7',
  grip: 'M9 6h.01M15 6h.01M9 12h.01M15 12h.01M9 18h.01M15 18h.01',
  share: 'M12 15V4M8 8l4-4 4 4M5 13v6h14v-6',
  copy: 'M9 9h10v11H9zM5 15V4h10',
  note: 'M5 6h14M5 11h14M5 16h8',
  versions: 'M7 4v9a4 4 0 0 0 4 4h6M17 4v4a4 4 0 0 1-4 4h-2M14 14l3 3-3 3',
  home: 'M4 11 12 4l8 7v9H4z'
} as const

export type IconName = keyof typeof PATHS

export function Icon({ name }: { name: IconName }) {
  const isDots = name === 'more' || name === 'grip'
  return (
    <svg
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width={isDots ? 2.75 : 1.75}
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  )
}
