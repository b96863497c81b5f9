import type * as React from "react";
import type { Content, Parts } from "./content";

// React's own runtime. What is ours are the types: `jsxImportSource` in tsconfig.json has every .tsx judged by them.
export { Fragment, jsx, jsxs } from "react/jsx-runtime";

type Bare = string | number | bigint | Iterable<unknown> | Promise<unknown>;

/** A component that would take anything takes no bare text: who knows what it puts beside it. */
type Given<P> = P extends { children?: unknown }
  ? React.ReactNode extends P["children"]
    ? Omit<P, "children"> & { children?: Exclude<P["children"], Bare> | Parts }
    : P
  : P;

type Made<C> =
  C extends React.MemoExoticComponent<infer M> ? Made<M> : C extends (props: never) => infer R ? Awaited<R> : never;

/** No component of ours makes bare text: its place is beside whatever stands there. What libraries make is said of none. */
type Used<C, P> =
  Awaited<React.ReactNode> extends Made<C>
    ? P
    : Extract<Made<C>, string | number | bigint> extends never
      ? P
      : { "this component must make elements, not bare text": never };

export namespace JSX {
  export type ElementType = React.JSX.ElementType;
  export interface Element extends React.JSX.Element {}
  export interface ElementClass extends React.JSX.ElementClass {}
  export interface ElementAttributesProperty extends React.JSX.ElementAttributesProperty {}
  export interface ElementChildrenAttribute extends React.JSX.ElementChildrenAttribute {}
  export type LibraryManagedAttributes<C, P> = Used<C, Given<React.JSX.LibraryManagedAttributes<C, P>>>;
  export interface IntrinsicAttributes extends React.JSX.IntrinsicAttributes {}
  export interface IntrinsicClassAttributes<T> extends React.JSX.IntrinsicClassAttributes<T> {}
  export type IntrinsicElements = {
    [Tag in keyof React.JSX.IntrinsicElements]: Omit<React.JSX.IntrinsicElements[Tag], "children"> & {
      children?: Content;
    };
  };
}
