// Bundles the scripts of the pages into a folder: hashed file names, manifest.json (name → file) and licences.txt.
import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

const ENTRIES = ["editor.js", "live.js"];

/** @param {string} folder where the files go; emptied first */
async function bundle(folder) {
  await rm(folder, { recursive: true, force: true });
  const { metafile } = await build({
    entryPoints: ENTRIES.map((name) => join(import.meta.dirname, "src", name)),
    absWorkingDir: import.meta.dirname,
    outdir: folder,
    entryNames: "[name].[hash]",
    chunkNames: "part.[hash]",
    splitting: true,
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
  });
  await writeFile(join(folder, "licences.txt"), await licences(Object.keys(metafile.inputs)));
  await writeFile(join(folder, "manifest.json"), `${JSON.stringify(manifest(metafile.outputs), null, 2)}\n`);
}

/** @param {import("esbuild").Metafile["outputs"]} outputs */
function manifest(outputs) {
  const files = Object.entries(outputs).flatMap(([file, { entryPoint }]) =>
    entryPoint ? [[last(entryPoint), last(file)]] : [],
  );
  return Object.fromEntries(files);
}

/**
 * The licence of every package that a file was taken from.
 * @param {string[]} inputs
 */
async function licences(inputs) {
  const packages = new Set(inputs.flatMap((file) => file.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1] ?? []));
  const texts = await Promise.all([...packages].sort().map(licence));
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}

/** @param {string} name of a package */
async function licence(name) {
  const folder = join(import.meta.dirname, "node_modules", name);
  const { version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  if (!file) throw new Error(`${name} ships no licence: find its text before it is bundled`);
  return `${name} ${version} (${license})\n\n${(await readFile(join(folder, file), "utf8")).trim()}\n`;
}

/** @param {string} path */
function last(path) {
  return path.slice(path.lastIndexOf("/") + 1);
}

await bundle(process.argv[2] ?? "");
