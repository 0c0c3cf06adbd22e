// A participant whose encryption is that of Element (vodozemac, by way of the
// Rust SDK's crypto library) and shares no code with the bot's. Devices that
// their owners have not cross-signed are excluded, both ways, as MSC4153 asks:
// what they send is not decrypted, and they are sent no keys.
//
// It tells of:
//   ready       {user, device}: logged in, cross-signed
//   joined      {room}: an invitation was accepted
//   message     {room, id, sender, type, body, thread, reply, replaces, file, poll,
//               device, shield}: decrypted; device is the sender's, shield is
//               empty if there is nothing to warn of; an edit has its new text
//               and in replaces what it replaces; file is the name of a file;
//               poll lists a poll's answers, {id, text}
//   plain       {room, id, sender, type, redacts, content}: an event that was not
//               encrypted; redacts is what a removal removes
//   unreadable  {room, id, sender, reason}: each reason once, for as long as the
//               message stays unreadable; reason is a DecryptionErrorCode

import {
    CollectStrategy,
    DecryptionErrorCode,
    DecryptionSettings,
    DeviceId,
    DeviceLists,
    EncryptionSettings,
    OlmMachine,
    RequestType,
    RoomId,
    ShieldColor,
    TrustRequirement,
    UserId,
    initAsync,
} from "@matrix-org/matrix-sdk-crypto-wasm";

import { Homeserver, MatrixError } from "./homeserver.mjs";

const trusted = () => new DecryptionSettings(TrustRequirement.CrossSigned);

/** The answers that a poll (MSC3381) offers; undefined for anything else. */
const pollAnswers = (content) =>
    content["org.matrix.msc3381.poll.start"]?.answers.map((answer) => ({
        id: answer.id,
        text: answer["org.matrix.msc1767.text"],
    }));
const userIds = (users) => users.map((user) => new UserId(user));

export class Participant {
    #server;
    #user;
    #machine;
    #tell;
    #since;
    #encrypted = new Set(); // rooms
    #waiting = new Map(); // unreadable events by id: {room, event, reason}
    #files = new Map(); // where the files are that messages brought, and their keys
    #turn = Promise.resolve(); // one thing at a time with the keys

    constructor(server, user, machine, tell) {
        this.#server = server;
        this.#user = user;
        this.#machine = machine;
        this.#tell = tell;
    }

    /** Logs in as a new device of an account without an identity, and makes it one. */
    static async login({ homeserver, user, password }, tell) {
        await initAsync();
        const server = new Homeserver(homeserver);
        const account = await server.login(user, password);
        const machine = await OlmMachine.initialize(new UserId(account.user_id), new DeviceId(account.device_id));
        const participant = new Participant(server, account.user_id, machine, tell);
        await participant.#runRequests();
        await participant.#crossSign();
        tell({ event: "ready", user: account.user_id, device: account.device_id });
        return participant;
    }

    /** Follows the account's rooms for ever. */
    async follow() {
        for (;;) {
            const news = await this.#server.sync(this.#since);
            await this.#alone(() => this.#take(news));
            this.#since = news.next_batch;
        }
    }

    /**
     * Sends a text, encrypted where the room is, for its present members: into a
     * thread, as a reply, or in place of an earlier one. This and what follows
     * return the new event's id.
     */
    send(room, body, { thread, reply, replaces }) {
        const content = { msgtype: "m.text", body, "m.mentions": {} };
        if (thread) {
            content["m.relates_to"] = {
                rel_type: "m.thread",
                event_id: thread,
                is_falling_back: true,
                "m.in_reply_to": { event_id: thread },
            };
        } else if (reply) {
            content["m.relates_to"] = { "m.in_reply_to": { event_id: reply } };
        } else if (replaces) {
            content["m.relates_to"] = { rel_type: "m.replace", event_id: replaces };
            content["m.new_content"] = { msgtype: "m.text", body, "m.mentions": {} };
            content.body = `* ${body}`;
        }
        return this.#send(room, "m.room.message", content);
    }

    /** Chooses answers in a poll (MSC3381). */
    vote(room, poll, answers) {
        const content = {
            "m.relates_to": { rel_type: "m.reference", event_id: poll },
            "org.matrix.msc3381.poll.response": { answers },
        };
        return this.#send(room, "org.matrix.msc3381.poll.response", content);
    }

    /** Reacts; reactions are never encrypted. */
    react(room, target, emoji) {
        const content = { "m.relates_to": { rel_type: "m.annotation", event_id: target, key: emoji } };
        return this.#server.send(room, "m.reaction", content);
    }

    /** Removes an event: a message, or a reaction. */
    redact(room, target) {
        return this.#server.redact(room, target);
    }

    /** Makes an encrypted direct room with a user and returns its id. */
    async direct(user) {
        const { room_id: room } = await this.#server.createDirectRoom(user);
        this.#encrypted.add(room);
        return room;
    }

    /** Fetches the file that a message brought, checks it, and returns what it says. */
    async download(id) {
        const { url, key, iv, hashes } = this.#files.get(id);
        const content = Buffer.from(await this.#server.download(url));
        const hash = Buffer.from(await crypto.subtle.digest("SHA-256", content)).toString("base64").replace(/=+$/, "");
        if (hash !== hashes.sha256.replace(/=+$/, "")) {
            throw new Error(`the file of ${id} is not the one that was sent`);
        }
        const aes = await crypto.subtle.importKey("jwk", key, { name: "AES-CTR" }, false, ["decrypt"]);
        const counter = Buffer.from(iv, "base64");
        const plain = await crypto.subtle.decrypt({ name: "AES-CTR", counter, length: 64 }, aes, content);
        return Buffer.from(plain).toString("utf8");
    }

    #send(room, type, content) {
        return this.#alone(async () =>
            this.#encrypted.has(room)
                ? this.#server.send(room, "m.room.encrypted", await this.#encrypt(room, type, content))
                : this.#server.send(room, type, content),
        );
    }

    /** Runs the function when the ones before it are done. */
    #alone(work) {
        const done = this.#turn.then(work);
        this.#turn = done.catch(() => {}); // its caller is told
        return done;
    }

    async #crossSign() {
        const requests = await this.#machine.bootstrapCrossSigning(true);
        if (requests.uploadKeysRequest) {
            await this.#run(requests.uploadKeysRequest);
        }
        await this.#server.call("POST", "v3/keys/device_signing/upload", requests.uploadSigningKeysRequest.body);
        await this.#server.call("POST", "v3/keys/signatures/upload", requests.uploadSignaturesRequest.body);
    }

    async #encrypt(room, type, content) {
        const members = await this.#server.members(room);
        await this.#machine.updateTrackedUsers(userIds(members));
        await this.#runRequests();
        const claim = await this.#machine.getMissingSessions(userIds(members));
        if (claim) {
            await this.#run(claim);
        }
        const settings = new EncryptionSettings();
        settings.sharingStrategy = CollectStrategy.identityBasedStrategy();
        for (const request of await this.#machine.shareRoomKey(new RoomId(room), userIds(members), settings)) {
            await this.#run(request);
        }
        return this.#machine.encryptRoomEvent(new RoomId(room), type, JSON.stringify(content));
    }

    /** Takes one sync answer: keys, then rooms, then what can be read now. */
    async #take(news) {
        await this.#machine.receiveSyncChanges(
            JSON.stringify(news.to_device?.events ?? []),
            new DeviceLists(userIds(news.device_lists?.changed ?? []), userIds(news.device_lists?.left ?? [])),
            new Map(Object.entries(news.device_one_time_keys_count ?? {})),
            news.device_unused_fallback_key_types && new Set(news.device_unused_fallback_key_types),
            trusted(),
        );
        for (const room of Object.keys(news.rooms?.invite ?? {})) {
            await this.#accept(room);
        }
        for (const [room, { state, timeline }] of Object.entries(news.rooms?.join ?? {})) {
            for (const event of [...(state?.events ?? []), ...(timeline?.events ?? [])]) {
                await this.#takeEvent(room, event);
            }
        }
        await this.#runRequests();
        for (const id of [...this.#waiting.keys()]) {
            await this.#read(id);
        }
    }

    async #accept(room) {
        try {
            await this.#server.join(room);
            this.#tell({ event: "joined", room });
        } catch (error) {
            if (!(error instanceof MatrixError) || error.status !== 403) {
                throw error;
            } // forbidden: the invitation has been taken back
        }
    }

    async #takeEvent(room, event) {
        switch (event.type) {
            case "m.room.encryption":
                this.#encrypted.add(room);
                break;
            case "m.room.member":
                if (event.content.membership === "join") {
                    await this.#machine.updateTrackedUsers([new UserId(event.state_key)]);
                }
                break;
            case "m.room.encrypted":
                if (event.sender !== this.#user && event.content.ciphertext) {
                    this.#waiting.set(event.event_id, { room, event });
                }
                break;
            default:
                if (event.state_key === undefined) {
                    const { event_id: id, sender, type, content } = event;
                    const redacts = event.redacts ?? content.redacts;
                    this.#tell({ event: "plain", room, id, sender, type, redacts, content });
                }
        }
    }

    /** Tries to read a message whose key may have come by now. */
    async #read(id) {
        const { room, event, reason } = this.#waiting.get(id);
        let decrypted;
        try {
            decrypted = await this.#machine.decryptRoomEvent(JSON.stringify(event), new RoomId(room), trusted());
        } catch (error) {
            const now = DecryptionErrorCode[error.code] ?? String(error);
            if (now !== reason) {
                this.#waiting.set(id, { room, event, reason: now });
                this.#tell({ event: "unreadable", room, id, sender: event.sender, reason: now });
            }
            return;
        }
        this.#waiting.delete(id);
        const { type, content } = JSON.parse(decrypted.event);
        const relation = content["m.relates_to"] ?? event.content["m.relates_to"];
        const kind = (type) => (relation?.rel_type === type ? relation.event_id : undefined);
        const shield = decrypted.shieldState(false);
        if (content.file) {
            this.#files.set(id, content.file);
        }
        this.#tell({
            event: "message",
            room,
            id,
            sender: event.sender,
            type,
            body: (content["m.new_content"] ?? content).body,
            thread: kind("m.thread"),
            reply: relation?.is_falling_back ? undefined : relation?.["m.in_reply_to"]?.event_id,
            replaces: kind("m.replace"),
            file: content.file && (content.filename ?? content.body),
            poll: pollAnswers(content),
            device: decrypted.senderDevice?.toString(),
            shield: shield.color === ShieldColor.None ? undefined : shield.message ?? ShieldColor[shield.color],
        });
    }

    /** Sends what the crypto library wants sent. */
    async #runRequests() {
        for (const request of await this.#machine.outgoingRequests()) {
            await this.#run(request);
        }
    }

    async #run(request) {
        const [method, path] = {
            [RequestType.KeysUpload]: () => ["POST", "v3/keys/upload"],
            [RequestType.KeysQuery]: () => ["POST", "v3/keys/query"],
            [RequestType.KeysClaim]: () => ["POST", "v3/keys/claim"],
            [RequestType.SignatureUpload]: () => ["POST", "v3/keys/signatures/upload"],
            [RequestType.ToDevice]: () => ["PUT", `v3/sendToDevice/${request.event_type}/${request.txn_id}`],
        }[request.type]();
        const answer = await this.#server.call(method, path, request.body);
        await this.#machine.markRequestAsSent(request.id, request.type, JSON.stringify(answer));
    }
}
