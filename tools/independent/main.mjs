// A participant who is driven over stdin and tells on stdout what they see, one
// JSON object a line. The first command is
//   {"do":"login","homeserver":"http://…","user":"eva","password":"…"}
// and then any number of
//   {"do":"send","room":"!…","body":"…"}, with one of "thread", "reply" and "replaces"
//   {"do":"react","room":"!…","target":"$…","body":"👍"}
//   {"do":"redact","room":"!…","target":"$…"}
//   {"do":"vote","room":"!…","target":"$…","body":"the ids of answers"}
//   {"do":"direct","user":"@…"}
//   {"do":"download","target":"$…"}
// A number "n" is given back with the outcome, {"event":"done","n":1,"outcome":"…"}: the
// id of the new event or room, or what the file says. The end of stdin ends the
// program. See participant.mjs for what else is told.

import { createInterface } from "node:readline";

import { Participant } from "./participant.mjs";

const tell = (event) => process.stdout.write(JSON.stringify(event) + "\n");

const fail = (error) => {
    tell({ event: "failed", reason: String(error?.stack ?? error) });
    process.exit(1);
};

let participant;

async function obey(command) {
    switch (command.do) {
        case "login":
            participant = await Participant.login(command, tell);
            participant.follow().catch(fail);
            return;
        case "send":
            return participant.send(command.room, command.body, command);
        case "react":
            return participant.react(command.room, command.target, command.body);
        case "redact":
            return participant.redact(command.room, command.target);
        case "vote":
            return participant.vote(command.room, command.target, command.body.split(" "));
        case "direct":
            return participant.direct(command.user);
        case "download":
            return participant.download(command.target);
        default:
            throw new Error(`unknown command ${command.do}`);
    }
}

try {
    for await (const line of createInterface({ input: process.stdin })) {
        const command = JSON.parse(line);
        tell({ event: "done", n: command.n, outcome: await obey(command) });
    }
    process.exit(0);
} catch (error) {
    fail(error);
}
