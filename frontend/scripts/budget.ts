// Hold the bundle to its budgets, in kB after gzip: what the first route loads, the charts'
// chunk and the styles. A page that grows past them fails the build.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const folder = process.argv[2] ?? "../src/trade2026/edge/bundle";
const budgets = { first: 225, charts: 85, css: 40 };

const page = readFileSync(join(folder, "index.html"), "utf-8");
const assets = readdirSync(join(folder, "assets"));
const kB = (name: string) => gzipSync(readFileSync(join(folder, "assets", name))).length / 1000;
const total = (names: string[]) => names.reduce((sum, name) => sum + kB(name), 0);

const scripts = assets.filter((name) => name.endsWith(".js"));
const charts = scripts.filter((name) => name.startsWith("chart_lines"));
const first = scripts.filter((name) => !charts.includes(name));
if (!page.includes("/assets/") || charts.length !== 1) throw new Error("not a bundle of ours");

const sizes = {
  first: total(first),
  charts: total(charts),
  css: total(assets.filter((name) => name.endsWith(".css"))),
};
let fits = true;
for (const [name, size] of Object.entries(sizes)) {
  const budget = budgets[name as keyof typeof budgets];
  if (size > budget) fits = false;
  process.stdout.write(`${name}: ${size.toFixed(1)} of ${budget} kB\n`);
}
process.exit(fits ? 0 : 1);
