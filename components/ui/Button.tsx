import type { ComponentProps } from "react";
import type { Content } from "@/lib/jsx/content";
import { cn } from "./cn";

const looks = {
  primary: "bg-accent text-on-accent hover:bg-accent-strong",
  secondary: "border-control bg-surface text-ink hover:bg-hover",
  quiet: "text-accent hover:bg-hover",
  danger: "text-danger hover:bg-danger-soft",
};

const sizes = {
  regular: "min-h-11 px-4 text-[0.9375rem]",
  small: "min-h-8 px-2.5 text-sm pointer-coarse:min-h-11",
};

interface ButtonLook {
  look?: keyof typeof looks;
  size?: keyof typeof sizes;
}

export function buttonClass({ look = "primary", size = "regular" }: ButtonLook = {}): string {
  return cn(
    "inline-flex max-w-full items-center justify-center gap-2 rounded-lg border border-transparent font-medium transition-colors",
    "wrap-anywhere [&>svg]:shrink-0",
    "aria-disabled:cursor-default aria-disabled:opacity-60",
    looks[look],
    sizes[size],
  );
}

interface ButtonProps extends Omit<ComponentProps<"button">, "disabled" | "children">, ButtonLook {
  children?: Content;
  /** What it began is not done yet. It does nothing meanwhile, and keeps the focus. */
  busy?: boolean;
}

export function Button({ look, size, className, type = "button", busy = false, onClick, ...props }: ButtonProps) {
  return (
    <button
      type={type}
      aria-disabled={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
      className={cn(buttonClass({ look, size }), className)}
      {...props}
    />
  );
}
