/** What Vite makes of `import.meta.glob`: of the files that are there, what loads each. */
interface ImportMeta {
  glob<T>(pattern: string): Record<string, () => Promise<T>>
}
