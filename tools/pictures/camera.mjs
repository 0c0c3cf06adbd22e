// A camera before the screens of people who use Element in a browser. It is
// driven over stdin, one JSON object a line, and answers each with one line on
// stdout, {"ok":true} or {"fault":"…"}:
//   {"do":"login","who":"anna","homeserver":"http://…","user":"anna","password":"…","key":"recovery key","size":"phone"}
//   {"do":"open","who":"anna","room":"!…"}
//   {"do":"thread","who":"anna","event":"$…"}       opens the thread below a message
//   {"do":"close","who":"anna"}                     closes it
//   {"do":"menu","who":"lena","event":"$…"}         shows what can be done with a message
//   {"do":"vote","who":"anna","event":"$…","text":"1"}  chooses an answer of a poll
//   {"do":"see","who":"anna","text":"…"}            waits until the text is on the screen
//   {"do":"show","who":"anna","event":"$…","end":"start"}  scrolls a message to the start, center or end
//   {"do":"shot","who":"anna","file":"….png"}
// The end of stdin ends the program. Its argument is the folder that build.mjs
// made; CHROMIUM names another browser than /usr/bin/chromium.

import { createServer } from "node:http";
import { readFile, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { createInterface } from "node:readline";

import { chromium } from "playwright-core";
import sharp from "sharp";

import { Screen } from "./screen.mjs";

const folder = process.argv[2];
const types = { ".html": "text/html", ".js": "text/javascript", ".ts": "text/javascript", ".css": "text/css", ".json": "application/json" };

const site = createServer(async (request, response) => {
    const path = new URL(request.url, "http://localhost").pathname;
    try {
        const content = await readFile(join(folder, path === "/" ? "index.html" : path));
        response.writeHead(200, { "Content-Type": types[extname(path)] ?? "text/html" }).end(content);
    } catch {
        response.writeHead(404).end();
    }
});
await new Promise((done) => site.listen(0, "127.0.0.1", done));
const address = `http://localhost:${site.address().port}/`;

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const screens = new Map();

async function obey(command) {
    if (command.do === "login") {
        screens.set(command.who, await Screen.login(browser, address, command));
        return;
    }
    const screen = screens.get(command.who);
    switch (command.do) {
        case "open":
            return screen.open(command.room);
        case "thread":
            return screen.thread(command.event);
        case "close":
            return screen.close();
        case "menu":
            return screen.menu(command.event);
        case "vote":
            return screen.vote(command.event, Number(command.text));
        case "see":
            return screen.see(command.text);
        case "show":
            return screen.show(command.event, command.end);
        case "shot":
            // A palette of so many colours cannot be told from the original,
            // and makes the file half as large.
            return writeFile(command.file, await sharp(await screen.shot()).png({ palette: true, colours: 256, dither: 0, effort: 10 }).toBuffer());
        default:
            throw new Error(`unknown command ${command.do}`);
    }
}

for await (const line of createInterface({ input: process.stdin })) {
    let answer = { ok: true };
    try {
        await obey(JSON.parse(line));
    } catch (error) {
        answer = { fault: String(error?.stack ?? error) };
        for (const [who, screen] of screens) {
            answer.fault += screen.errors.map((fault) => `\n${who}'s Element: ${fault}`).join("");
            await writeFile(join(folder, `fault-${who}.png`), await screen.snap());
        }
    }
    process.stdout.write(JSON.stringify(answer) + "\n");
}
await browser.close();
site.close();
