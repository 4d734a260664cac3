// One file, nothing loaded: script and style stand inside. The sources' own hash stands in it too, so that a stale
// build is found without Node (tests/report/test_page_build.py computes it the same way).
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vite";
import { viteSingleFile } from "vite-plugin-singlefile";

const root = import.meta.dirname;

export function sourcesHash() {
  const files = ["index.html", "package-lock.json", "package.json", "vite.config.js",
    ...readdirSync(join(root, "src")).map((name) => `src/${name}`)].sort();
  const hash = createHash("sha256");
  for (const file of files) hash.update(`${file}\n`).update(readFileSync(join(root, file))).update("\n");
  return hash.digest("hex");
}

const stamped = {
  name: "sources",
  transformIndexHtml: (html) => html.replace("SOURCES-HASH", sourcesHash()),
};

export default defineConfig({
  root,
  plugins: [stamped, viteSingleFile({ removeViteModuleLoader: true })],
  build: { target: "es2022", outDir: "dist", reportCompressedSize: false, modulePreload: false },
});
