// Builds Element (app.jsx and matrix-react-sdk, which it is made of) into a folder
// of static files for camera.mjs. It does what Element Web's own build does, as
// far as pictures need it.

import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

import { build } from "esbuild";
import postcss from "postcss";
import easings from "postcss-easings";
import hexrgba from "postcss-hexrgba";
import imports from "postcss-import";
import mixins from "postcss-mixins";
import nested from "postcss-nested";
import scss from "postcss-scss";
import variables from "postcss-simple-vars";

const out = process.argv[2];
const sdk = dirname(createRequire(import.meta.url).resolve("matrix-react-sdk/package.json"));
const embedded = [".png", ".gif", ".webp", ".woff", ".woff2", ".ttf", ".wasm"];
const common = {
    bundle: true,
    minify: true,
    logLevel: "error",
    define: { "process.env.NODE_ENV": '"production"', global: "globalThis" },
    loader: {
        ...Object.fromEntries(embedded.map((ending) => [ending, "dataurl"])),
        ...Object.fromEntries([".mp3", ".ogg", ".eot"].map((ending) => [ending, "empty"])),
    },
};

/** A module of an icon: its address, and as Icon a component that is the drawing itself. */
const iconModule = (svg) => `
    import { createElement, forwardRef } from "react";
    const svg = new DOMParser().parseFromString(${JSON.stringify(svg)}, "image/svg+xml").documentElement;
    const camel = (name) => name.replace(/[-:](.)/g, (_, letter) => letter.toUpperCase());
    const attributes = [...svg.attributes].filter(({ name }) => !["style", "class"].includes(name));
    const own = Object.fromEntries(attributes.map(({ name, value }) => [camel(name), value]));
    const __html = svg.innerHTML;
    export const Icon = forwardRef((props, ref) =>
        createElement("svg", { ...own, ...props, ref, dangerouslySetInnerHTML: { __html } }));
    export default "data:image/svg+xml;base64,${Buffer.from(svg).toString("base64")}";`;

/** What webpack does for Element Web with icons, with files that are fetched, and with what plays and records sound. */
const webpack = {
    name: "webpack",
    setup({ onResolve, onLoad }) {
        const fetched = /^\$webapp\/|^!!raw-loader!|RecorderWorklet$|^opus-recorder\/dist\/.*Worker/;
        onResolve({ filter: fetched }, ({ path }) => ({ path: path.replace("$webapp/", ""), namespace: "fetched" }));
        onLoad({ filter: /.*/, namespace: "fetched" }, ({ path }) => ({ contents: `export default ${JSON.stringify(path)}` }));
        onLoad({ filter: /\.svg$/ }, async ({ path }) => ({
            contents: iconModule(await readFile(path, "utf8")),
            resolveDir: dirname(path),
        }));
    },
};

async function buildScripts() {
    await build({
        ...common,
        entryPoints: ["app.jsx"],
        outfile: join(out, "app.js"),
        format: "esm",
        banner: { js: "globalThis.process ??= { env: {} };" },
        inject: ["shim.mjs"],
        mainFields: ["browser", "module", "main"],
        resolveExtensions: [".tsx", ".ts", ".jsx", ".js", ".json"],
        plugins: [webpack],
    });
    // Workers are asked for by the names of their sources.
    for (const worker of ["indexeddb", "blurhash", "playback"]) {
        const source = `${worker}.worker.ts`;
        await build({ ...common, entryPoints: [join(sdk, "src/workers", source)], outfile: join(out, source), format: "iife" });
    }
}

async function buildStyles() {
    const theme = join(sdk, "res/themes/light/css/light.pcss");
    const styles = await postcss([imports(), mixins(), variables(), nested(), easings(), hexrgba()]).process(
        await readFile(theme, "utf8"),
        { from: theme, parser: scss },
    );
    await build({
        ...common,
        stdin: { contents: styles.css, resolveDir: dirname(theme), loader: "css" },
        outfile: join(out, "app.css"),
        loader: { ...common.loader, ".svg": "dataurl" },
    });
}

async function copyTexts() {
    const languages = { en: "en_EN.json", sv: "sv.json" };
    for (const file of Object.values(languages)) {
        await cp(join(sdk, "src/i18n/strings", file), join(out, "i18n", file));
    }
    await writeFile(join(out, "i18n/languages.json"), JSON.stringify(languages));
    await cp("index.html", join(out, "index.html"));
}

await mkdir(join(out, "i18n"), { recursive: true });
await buildScripts();
await buildStyles();
await copyTexts();
