// One person's screen: Element in a window of its own.

const windows = {
    phone: { viewport: { width: 440, height: 900 }, deviceScaleFactor: 2 },
    desk: { viewport: { width: 1180, height: 800 }, deviceScaleFactor: 1.5 },
};

// How messages look: as bubbles on the small screen, as apps for phones show them.
const layouts = { phone: "bubble", desk: "group" };

// What is not to be seen: reminders to set up more, who has read how far, and on the
// small screen all but one page, as on a phone.
const calm = {
    phone: `
        .mx_ToastContainer, .mx_ReadReceiptGroup, .mx_LeftPanel_outerWrapper { display: none !important }
        .mx_MainSplit:has(.mx_RightPanel_ResizeWrapper) > :not(.mx_RightPanel_ResizeWrapper) { display: none !important }
        .mx_RightPanel_ResizeWrapper { width: 100% !important; max-width: none !important; padding: 0 !important }`,
    desk: ".mx_ToastContainer, .mx_ReadReceiptGroup { display: none !important }",
};

export class Screen {
    #page;
    errors = []; // of Element, for when something goes wrong

    constructor(page) {
        this.#page = page;
        page.on("pageerror", (error) => this.errors.push(String(error)));
    }

    /** Logs in as a new device and proves with the recovery key that it is the person's own. */
    static async login(browser, address, { homeserver, user, password, key, size }) {
        const context = await browser.newContext({ ...windows[size], locale: "sv-SE", timezoneId: "Europe/Stockholm" });
        const page = await context.newPage();
        const screen = new Screen(page);
        const query = new URLSearchParams({ homeserver, layout: layouts[size] });
        await page.goto(`${address}?${query}#/login`);
        await page.fill("#mx_LoginForm_username", user);
        await page.fill("#mx_LoginForm_password", password);
        await page.click(".mx_Login_submit");
        await page.getByRole("button", { name: "Verifiera med säkerhetsnyckel" }).click();
        await page.fill("#mx_securityKey", key);
        await page.getByRole("button", { name: "Fortsätt" }).click();
        await page.getByRole("button", { name: "Klar" }).click();
        await page.locator(".mx_MatrixChat").waitFor();
        await page.addStyleTag({ content: calm[size] });
        return screen;
    }

    /** Takes the pointer to the edge, away from what it would highlight. */
    #rest() {
        const { width, height } = this.#page.viewportSize();
        return this.#page.mouse.move(width / 2, height - 1);
    }

    #message(event) {
        return this.#page.locator(`[data-event-id="${event}"]`).last();
    }

    /** Goes to a room. */
    async open(room) {
        await this.#page.evaluate((hash) => (window.location.hash = hash), `#/room/${room}`);
        await this.#page.locator(".mx_RoomView_MessageList").waitFor();
        await this.#rest();
    }

    /** Opens the thread below a message of the room. */
    async thread(event) {
        await this.#message(event).locator(".mx_ThreadSummary").click();
        await this.#page.locator(".mx_ThreadView .mx_EventTile").first().waitFor();
        await this.#rest();
    }

    /** Closes the thread. */
    async close() {
        await this.#page.getByTestId("base-card-close-button").click();
        await this.#rest();
    }

    /** Shows what can be done with a message. */
    async menu(event) {
        await this.#message(event).hover();
        await this.#message(event).locator(".mx_MessageActionBar").waitFor();
    }

    /** Chooses an answer of a poll, by its number. (Element lets one choose a single one.) */
    async vote(event, number) {
        const option = this.#message(event).locator(".mx_PollOption").nth(number - 1);
        await option.click();
        await option.and(this.#page.locator(".mx_PollOption_checked")).waitFor();
        await this.#rest();
    }

    /** Waits until the text is on the screen. */
    async see(text) {
        await this.#page.getByText(text).last().waitFor();
    }

    /** Scrolls until the message is at the start, in the center or at the end. */
    async show(event, block) {
        await this.#message(event).evaluate((element, where) => element.scrollIntoView({ block: where }), block);
        await this.#rest();
    }

    /** A picture of the screen when all on it has come to rest. */
    async shot() {
        // The shield warns until Element knows everybody's devices.
        await this.#page.locator(".mx_MessageComposer .mx_E2EIcon_warning").first().waitFor({ state: "detached" });
        await this.#page.evaluate(() => document.fonts.ready);
        return this.snap();
    }

    /** A picture of the screen as it is. */
    snap() {
        return this.#page.screenshot({ animations: "disabled", caret: "hide" });
    }
}
