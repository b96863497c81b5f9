"use client";

import { useId } from "react";
import { SearchField } from "@/components/shell/SearchField";
import { useWords } from "@/components/ui/ViewpointProvider";
import { FILTERS, type Filter } from "./filter-rows";

interface ListFilterProps {
  filter: Filter;
  query: string;
  onFilter(filter: Filter): void;
  onQuery(query: string): void;
}

export function ListFilter({ filter, query, onFilter, onQuery }: ListFilterProps) {
  const { list } = useWords();
  const name = useId();
  return (
    <search className="no-script:hidden block space-y-2 px-4 pb-3">
      <SearchField label={list.search} value={query} onChange={onQuery} />
      <fieldset className="flex flex-wrap gap-1">
        <legend className="sr-only">{list.filter}</legend>
        {FILTERS.map((one) => (
          <label
            key={one}
            className="choice relative inline-flex min-h-8 cursor-pointer items-center rounded-full border border-line px-2.25 font-medium text-[0.8125rem] text-ink-soft hover:bg-hover has-checked:border-accent has-checked:bg-accent-soft has-checked:font-semibold has-checked:text-accent-strong has-focus-visible:outline-2 has-focus-visible:outline-accent has-focus-visible:outline-offset-2 pointer-coarse:min-h-11"
          >
            <input
              type="radio"
              name={name}
              value={one}
              checked={filter === one}
              onChange={() => onFilter(one)}
              className="absolute inset-0 size-full cursor-pointer opacity-0"
            />
            <span>{list.filters[one]}</span>
          </label>
        ))}
      </fieldset>
    </search>
  );
}
