/** Styles that a component brings along: Vite makes a style sheet of them. */
declare module '*.css' {}
