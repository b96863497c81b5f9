/** The form of a page that has a field of this name, as a browser without scripts would post it untouched. */
export function formOf(html: string, field: string): FormData {
  const forms = html.match(/<form\b[\s\S]*?<\/form>/g) ?? [];
  const form = forms.find((one) => one.includes(`name="${field}"`));
  if (!form) throw new Error(`The page has no form with a field ${field}`);
  const fields = new FormData();
  for (const [, attributes = ""] of form.matchAll(/<input\b([^>]*)>/g)) {
    const name = attributeOf(attributes, "name");
    const type = attributeOf(attributes, "type");
    if (!name || (type === "checkbox" && !/\schecked=""/.test(attributes))) continue;
    fields.set(name, attributeOf(attributes, "value") ?? (type === "checkbox" ? "on" : ""));
  }
  return fields;
}

function attributeOf(attributes: string, name: string): string | undefined {
  return new RegExp(`\\b${name}="([^"]*)"`)
    .exec(attributes)?.[1]
    ?.replaceAll("&quot;", '"')
    .replaceAll("&#x27;", "'")
    .replaceAll("&amp;", "&");
}
