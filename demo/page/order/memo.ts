import { Component, type ComponentChildren, type ComponentClass } from 'preact'

/**
 * A component that is rendered again only when one of its properties is another value. It uses no hooks. (`preact/compat` has this as
 * well, but makes every element of the page dearer.)
 */
export function memo<Props extends object>(draw: (props: Props) => ComponentChildren): ComponentClass<Props> {
  return class extends Component<Props> {
    override shouldComponentUpdate(next: Props): boolean {
      const now: Props = this.props
      const keys = Object.keys(next) as (keyof Props)[]
      return keys.some(key => !Object.is(next[key], now[key]))
    }

    override render(): ComponentChildren {
      return draw(this.props)
    }
  }
}
