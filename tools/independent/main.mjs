// A participant who is driven over stdin and tells on stdout what they see, one
// JSON object a line. The first command is
//   {"do":"login","homeserver":"http://…","user":"eva","password":"…"}
// and then any number of
//   {"do":"send","room":"!…","body":"…","thread":"$…"}
// The end of stdin ends the program. See participant.mjs for what is told.

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
            await participant.send(command.room, command.body, command.thread);
            return;
        default:
            throw new Error(`unknown command ${command.do}`);
    }
}

try {
    for await (const line of createInterface({ input: process.stdin })) {
        await obey(JSON.parse(line));
    }
    process.exit(0);
} catch (error) {
    fail(error);
}
