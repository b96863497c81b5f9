interface DevTableProps {
  head: readonly string[];
  rows: readonly (readonly (string | number)[])[];
}

export function DevTable({ head, rows }: DevTableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <div tabIndex={0} className="overflow-x-auto rounded-2xl bg-surface p-2 shadow-card">
      <table className="w-full whitespace-nowrap text-left text-sm">
        <thead>
          <tr>
            {head.map((title) => (
              <th key={title} scope="col" className="px-3 py-2 font-medium text-ink-soft">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="font-mono text-xs tabular-nums">
          {rows.map((row) => (
            <tr key={row.join(" ")} className="border-line border-t">
              {row.map((value, column) => (
                <td key={head[column]} className="px-3 py-2">
                  {value}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
