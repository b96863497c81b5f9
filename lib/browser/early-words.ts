const FIELDS = "textarea, input:not([type=hidden], [type=checkbox], [type=radio])";

type Field = HTMLInputElement | HTMLTextAreaElement;

let early: readonly { field: Field; kind: string; index: number }[] = [];
let focused: Element | null = null;

/**
 * Before hydration. Where the page is not as the server rendered it (extensions put elements beside fields), React
 * throws it away and renders it anew, and what somebody had typed in the meantime would go with it.
 */
export function rememberEarlyWords(): void {
  early = fieldsByKind();
  focused = document.activeElement;
  document.addEventListener("focusin", noteFocus);
}

/** After it: fields that were replaced get the words of those that they replace, and the focus. */
export function restoreEarlyWords(): void {
  document.removeEventListener("focusin", noteFocus);
  const now = fieldsByKind();
  for (const { field, kind, index } of early) {
    const successor = now.find((other) => other.kind === kind && other.index === index)?.field;
    if (field.isConnected || !successor) continue;
    if (field.value !== "" && successor.value === successor.defaultValue) write(successor, field.value);
    if (field === focused) successor.focus();
  }
  early = [];
  focused = null;
}

function noteFocus({ target }: FocusEvent): void {
  focused = target instanceof Element ? target : null;
}

function fieldsByKind() {
  const counts = new Map<string, number>();
  return [...document.querySelectorAll<Field>(FIELDS)].map((field) => {
    const kind = `${field.tagName} ${field.type} ${field.name}`;
    const index = counts.get(kind) ?? 0;
    counts.set(kind, index + 1);
    return { field, kind, index };
  });
}

/** As if it was typed: through the setter that React does not watch. */
function write(field: Field, text: string): void {
  const { prototype } = field instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement;
  Object.getOwnPropertyDescriptor(prototype, "value")?.set?.call(field, text);
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
}
