/** Arrows lead to it, Tab does not. */
const UNCHOSEN = "fieldset:has(input[type='radio']:checked) input[type='radio']:not(:checked)";
const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex]";
/** What lies over the page and has a focus of its own. */
export const OVERLAY = "dialog, [role='dialog'], [role='alertdialog'], [role='menu'], [data-notices]";
/** Where the focus goes when nothing near is left. */
const CONTENT = "#content";

interface Held {
  element: HTMLElement;
  overlay: Element | null;
  /** Live: where the element stands, and where it stood once it is gone. */
  place: Range;
}

/**
 * Whoever uses the keyboard is where the focus is; when that goes away they must not be sent to the start of the page.
 * What had the focus, in the page and in each overlay over it, leaves it to its nearest survivor. Only a press beside
 * everything lets go.
 */
export function keepFocus(document: Document): () => void {
  /** The newest last. */
  let held: Held[] = [];
  let pressing = false;

  function remember({ target }: FocusEvent): void {
    if (!(target instanceof HTMLElement) || target === document.body) return;
    const overlay = target.closest(OVERLAY);
    const place = document.createRange();
    place.setStartBefore(target);
    place.collapse(true);
    held = [...held.filter((one) => one.overlay !== overlay), { element: target, overlay, place }];
  }

  function lose({ target, relatedTarget }: FocusEvent): void {
    if (relatedTarget) return;
    if (pressing && target instanceof HTMLElement && takesFocus(target))
      held = held.filter(({ element }) => element !== target);
    queueMicrotask(keep);
  }

  function keep(): void {
    if (isSomewhere(document.activeElement)) return;
    const there = held.filter(({ overlay }) => overlay === null || isOpen(overlay));
    const closed = there.at(-1) !== held.at(-1);
    held = there;
    const last = there.at(-1);
    if (!last || (!closed && takesFocus(last.element) && !hasMoved(last))) return;
    const same = takesFocus(last.element) ? last.element : twinOf(last.element);
    const next = same ?? survivorOf(last) ?? document.querySelector<HTMLElement>(CONTENT);
    next?.focus({ preventScroll: next === same });
  }

  const press = (event: Event) => {
    pressing = event.type === "mousedown";
    if (event instanceof KeyboardEvent && event.key === "Tab") stayInDialog(event);
  };
  const watching = new MutationObserver(keep);
  watching.observe(document, { childList: true, subtree: true });
  const ending = new AbortController();
  const { signal } = ending;
  document.addEventListener("focusin", remember, { signal });
  document.addEventListener("focusout", lose, { signal });
  for (const type of ["mousedown", "mouseup", "keydown"]) {
    document.addEventListener(type, press, { signal, capture: true });
  }
  return () => {
    watching.disconnect();
    ending.abort();
  };
}

/** From the last stop of a modal dialog browsers go to their own controls, and the page has no focus meanwhile. */
function stayInDialog(event: KeyboardEvent): void {
  const active = event.target instanceof HTMLElement ? event.target : null;
  const dialog = active?.closest("dialog:modal");
  if (!dialog) return;
  const stops = stopsIn(dialog);
  const [last, first] = event.shiftKey ? [stops[0], stops.at(-1)] : [stops.at(-1), stops[0]];
  if (active !== last) return;
  event.preventDefault();
  first?.focus();
}

function isSomewhere(active: Element | null): boolean {
  if (!active || active.matches("body, html")) return false;
  const overlay = active.closest(OVERLAY);
  return overlay === null || isOpen(overlay);
}

function isOpen(overlay: Element): boolean {
  return overlay.isConnected && !overlay.matches("dialog:not([open]), :empty");
}

function takesFocus(element: HTMLElement): boolean {
  return (
    element.isConnected &&
    !element.matches(":disabled") &&
    !element.closest("[inert]") &&
    element.checkVisibility({ visibilityProperty: true })
  );
}

/** Taken out and put back elsewhere, as when a list is put in order: browsers take the focus away then. */
function hasMoved({ element, place }: Held): boolean {
  return place.startContainer.childNodes[place.startOffset] !== element;
}

/**
 * The nearest that can be reached by Tab: in the same list first, then the message it belonged to, then in whatever
 * contained it; what follows comes before what precedes.
 */
function survivorOf({ element, overlay, place }: Held): HTMLElement | null {
  const at = element.isConnected ? element : place.startContainer;
  let scope: Element | null = at instanceof Element ? at : at.parentElement;
  const message = scope?.closest<HTMLElement>("article");
  for (; scope && scope !== scope.ownerDocument.body; scope = scope.parentElement) {
    if (message && scope === message && takesFocus(message)) return message;
    const inMessage = message?.contains(scope) && !scope.matches("ul, ol");
    const found = inMessage ? undefined : nearestIn(scope, place);
    if (found) return message?.contains(found) ? found : (found.closest<HTMLElement>("article") ?? found);
    if (scope === overlay || scope.matches(CONTENT)) return null;
  }
  return null;
}

/** The same drawn anew, as when a page is rendered in another language. */
function twinOf(element: HTMLElement): HTMLElement | undefined {
  const { id, tagName } = element;
  const attribute = (name: string) => {
    const value = element.getAttribute(name);
    return value === null ? "" : `[${name}="${CSS.escape(value)}"]`;
  };
  const marks = id ? attribute("id") : attribute("href") || attribute("name") + attribute("value");
  const twins = marks ? element.ownerDocument.querySelectorAll<HTMLElement>(tagName + marks) : [];
  return [...twins].find(takesFocus);
}

function nearestIn(scope: Element, place: Range): HTMLElement | undefined {
  const ofRows = scope.closest("[role='log']") !== null && scope.closest("article") === null;
  const stops = ofRows ? [...scope.querySelectorAll<HTMLElement>("article")].filter(takesFocus) : stopsIn(scope);
  return stops.find((stop) => place.comparePoint(stop, 0) > 0) ?? stops.at(-1);
}

function stopsIn(scope: Element): HTMLElement[] {
  return [...scope.querySelectorAll<HTMLElement>(FOCUSABLE)].filter(
    (stop) => stop.tabIndex >= 0 && !stop.matches(UNCHOSEN) && takesFocus(stop),
  );
}
