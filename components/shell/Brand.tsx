/** The mark and the name. */
export function Brand({ name }: { name: string }) {
  return (
    <span translate="no" className="inline-flex items-center gap-2 text-lg font-semibold tracking-tight">
      <svg viewBox="0 0 32 32" className="size-7" aria-hidden="true">
        <path
          d="M16 3C8.3 3 2.5 7.9 2.5 14.4c0 3.7 1.9 6.9 4.9 9L6.6 29l6.1-3.6c1 .2 2.1.3 3.3.3 7.7 0 13.5-4.8 13.5-11.3S23.7 3 16 3Z"
          className="fill-accent"
        />
        <path
          d="M6.8 15h4.4l2.3-5 4 9.200 2.4-4.2h5.3"
          fill="none"
          className="stroke-on-accent"
          strokeWidth="2.1"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      </svg>
      <span>{name}</span>
    </span>
  );
}
