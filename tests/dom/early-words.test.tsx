import { cleanup, render } from "@testing-library/react";
import { useState } from "react";
import { afterEach, expect, it } from "vitest";
import { ViewpointProvider } from "@/components/ui/ViewpointProvider";
import { rememberEarlyWords } from "@/lib/browser/early-words";

afterEach(cleanup);

const form = `
  <input type="hidden" name="csrfToken" value="old">
  <input type="email" name="email"><input type="search"><textarea name="content"></textarea><input name="name" value="Nora">`;

it("W4 words typed into fields that React renders anew are in their successors, which know of them, and so is the focus", () => {
  const server = document.createElement("div");
  server.innerHTML = form;
  document.body.append(server);
  const field = (name: string) => {
    const found = document.querySelector<HTMLInputElement>(name);
    if (!found) throw new Error(`No ${name}`);
    return found;
  };
  rememberEarlyWords();
  field("[name=email]").value = "nora@praxis.example";
  field("[type=search]").value = "knee";
  field("textarea").value = "It hurts";
  field("[name=name]").value = "Nora Neu";
  field("textarea").focus();
  server.remove();

  const heard: string[] = [];
  function Fields() {
    const [query, setQuery] = useState("");
    return (
      <form>
        <input type="hidden" name="csrfToken" value="new" />
        <input type="email" name="email" onInput={({ currentTarget }) => heard.push(currentTarget.value)} />
        <input type="search" value={query} onChange={({ currentTarget }) => setQuery(currentTarget.value)} />
        <textarea name="content" onInput={({ currentTarget }) => heard.push(currentTarget.value)} />
        <input name="name" defaultValue="Nora" />
        <output>{query}</output>
      </form>
    );
  }
  render(
    <ViewpointProvider locale="en" zone="UTC" renderedAt={0}>
      <Fields />
    </ViewpointProvider>,
  );
  expect(heard).toEqual(["nora@praxis.example", "It hurts"]);
  expect(document.querySelector("output")?.textContent).toBe("knee");
  expect(field("[name=name]").value).toBe("Nora Neu");
  expect(field("[name=csrfToken]").value).toBe("new");
  expect(document.activeElement).toBe(field("textarea"));
});

it("W4 what stands there already, or was never replaced, is left alone", () => {
  const page = document.createElement("div");
  page.innerHTML = form;
  document.body.append(page);
  rememberEarlyWords();
  const [box] = page.getElementsByTagName("textarea");
  if (!box) throw new Error("No field");
  box.value = "still here";
  render(
    <ViewpointProvider locale="en" zone="UTC" renderedAt={0}>
      <textarea name="content" />
    </ViewpointProvider>,
  );
  expect([...document.querySelectorAll("textarea")].map(({ value }) => value)).toEqual(["still here", ""]);
  page.remove();
});
