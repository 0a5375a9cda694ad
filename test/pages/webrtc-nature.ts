/** Of a data channel, for the acceptance suite: on its way are the window, and what the streams themselves hold. */
export const NATURE = { bound: 1.25 * 2 ** 20, halfOpen: true }
