// Requests to a homeserver (client-server API), and nothing about encryption.

/** An answer of the server that is not a success. */
export class MatrixError extends Error {
    constructor(method, path, status, answer) {
        super(`${method} ${path}: status ${status} ${answer.errcode ?? ""} ${answer.error ?? ""}`);
        this.status = status;
        this.code = answer.errcode;
    }
}

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

export class Homeserver {
    #base;
    #token;
    #transactions = 0;

    constructor(base) {
        this.#base = base;
    }

    /** Logs in as a new device and returns the answer. */
    async login(user, password) {
        const answer = await this.call("POST", "v3/login", {
            type: "m.login.password",
            identifier: { type: "m.id.user", user },
            password,
            initial_device_display_name: "independent",
        });
        this.#token = answer.access_token;
        return answer;
    }

    /**
     * Sends a request and returns the decoded answer. When the server says that
     * there were too many, the request is sent again as soon as it allows.
     */
    async call(method, path, body) {
        for (;;) {
            const response = await fetch(`${this.#base}/_matrix/client/${path}`, {
                method,
                headers: {
                    ...(this.#token && { Authorization: `Bearer ${this.#token}` }),
                    ...(body && { "Content-Type": "application/json" }),
                },
                body: typeof body === "object" ? JSON.stringify(body) : body,
            });
            const answer = await response.json();
            if (response.ok) {
                return answer;
            }
            if (response.status !== 429) {
                throw new MatrixError(method, path.split("?")[0], response.status, answer);
            }
            const seconds = Number(response.headers.get("Retry-After"));
            await pause(seconds > 0 ? seconds * 1000 : answer.retry_after_ms ?? 500);
        }
    }

    /** Waits up to half a minute for news since the token. */
    sync(since) {
        const query = since ? `timeout=30000&since=${encodeURIComponent(since)}` : "timeout=0";
        return this.call("GET", `v3/sync?${query}`);
    }

    join(room) {
        return this.call("POST", `v3/join/${encodeURIComponent(room)}`, {});
    }

    /** The users who are in the room or invited to it, at this moment. */
    async members(room) {
        const answer = await this.call("GET", `v3/rooms/${encodeURIComponent(room)}/members`);
        return answer.chunk
            .filter((event) => ["join", "invite"].includes(event.content.membership))
            .map((event) => event.state_key);
    }

    /** Sends an event, given as JSON, into a room and returns its id. */
    async send(room, type, content) {
        const transaction = `independent-${++this.#transactions}`;
        const path = `v3/rooms/${encodeURIComponent(room)}/send/${type}/${transaction}`;
        return (await this.call("PUT", path, content)).event_id;
    }

    /** Removes an event, and returns the id of the removal. */
    async redact(room, target) {
        const transaction = `independent-${++this.#transactions}`;
        const path = `v3/rooms/${encodeURIComponent(room)}/redact/${encodeURIComponent(target)}/${transaction}`;
        return (await this.call("PUT", path, {})).event_id;
    }

    /** Makes an encrypted room for two. */
    createDirectRoom(user) {
        const encryption = { type: "m.room.encryption", state_key: "", content: { algorithm: "m.megolm.v1.aes-sha2" } };
        const room = { preset: "trusted_private_chat", is_direct: true, invite: [user], initial_state: [encryption] };
        return this.call("POST", "v3/createRoom", room);
    }

    /** What is stored under an mxc address, as bytes. */
    async download(address) {
        const [server, id] = address.replace("mxc://", "").split("/");
        const response = await fetch(`${this.#base}/_matrix/client/v1/media/download/${server}/${id}`, {
            headers: { Authorization: `Bearer ${this.#token}` },
        });
        if (!response.ok) {
            throw new MatrixError("GET", "media/download", response.status, {});
        }
        return response.arrayBuffer();
    }
}
