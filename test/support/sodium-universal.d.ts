declare module 'sodium-universal' {
  const sodium: unknown
  export default sodium
}
