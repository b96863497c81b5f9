import "@fontsource-variable/inter/wght.css";
import "./globals.css";
import type { Metadata, Viewport } from "next";
import type { ReactNode } from "react";
import { PageKeeper } from "@/components/shell/PageKeeper";
import { PageWait } from "@/components/shell/PageWait";
import { SkipLink } from "@/components/shell/SkipLink";
import { ViewpointProvider } from "@/components/ui/ViewpointProvider";
import type { Parts } from "@/lib/jsx/content";
import { requestViewpoint, requestWords } from "./viewpoint";

export async function generateMetadata(): Promise<Metadata> {
  const { app } = await requestWords();
  return {
    title: { default: app.name, template: `%s · ${app.name}` },
    description: app.tagline,
    manifest: "/manifest.webmanifest",
    icons: { apple: "/apple-touch-icon.png" },
    robots: { index: false, follow: false },
  };
}

export const viewport: Viewport = {
  width: "device-width",
  initialScale: 1,
  viewportFit: "cover",
  interactiveWidget: "resizes-content",
  themeColor: [
    { media: "(prefers-color-scheme: light)", color: "#eff3f4" },
    { media: "(prefers-color-scheme: dark)", color: "#0c1417" },
  ],
};

export default async function RootLayout({ children }: { children: ReactNode }) {
  const { locale, zone } = await requestViewpoint();
  return (
    <html lang={locale}>
      <body className="font-sans text-base">
        <ViewpointProvider locale={locale} zone={zone} renderedAt={Date.now()}>
          <SkipLink />
          {children as Parts}
          <PageWait />
        </ViewpointProvider>
        <PageKeeper />
      </body>
    </html>
  );
}
