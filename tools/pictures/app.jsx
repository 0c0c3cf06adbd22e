// The least that Element's components (matrix-react-sdk) need around them to be a
// client in a browser; what Element Web has here can update itself, call, and more.

import "matrix-js-sdk/src/browser-index";
import React from "react";
import ReactDOM from "react-dom";
import BasePlatform from "matrix-react-sdk/src/BasePlatform";
import PlatformPeg from "matrix-react-sdk/src/PlatformPeg";
import SdkConfig from "matrix-react-sdk/src/SdkConfig";

class Platform extends BasePlatform {
    getConfig() {
        return Promise.resolve(SdkConfig.get());
    }
    getDefaultDeviceDisplayName() {
        return "Element";
    }
    getHumanReadableName() {
        return "Web";
    }
    getAppVersion() {
        return Promise.resolve("");
    }
    supportsNotifications() {
        return false;
    }
    requestNotificationPermission() {
        return Promise.resolve("denied");
    }
    reload() {
        window.location.reload();
    }
}

const wanted = new URLSearchParams(window.location.search);
const homeserver = wanted.get("homeserver");
let shown = "";

// onNewScreen is told which page is shown, and show shows the address's page.
const onNewScreen = (screen, replace) => {
    shown = `#/${screen}`;
    window.location[replace ? "replace" : "assign"](shown);
};
const screen = () => window.location.hash.replace(/^#\//, "");
const show = () => {
    if (decodeURIComponent(window.location.hash) !== shown) {
        window.matrixChat.showScreen(screen(), {});
    }
};

async function start() {
    PlatformPeg.set(new Platform());
    SdkConfig.put({
        brand: "Element",
        default_server_config: { "m.homeserver": { base_url: homeserver } },
        disable_guests: true,
        setting_defaults: { breadcrumbs: false, showReadReceipts: false, layout: wanted.get("layout") },
        features: { feature_release_announcement: false },
    });
    // These read the configuration as they are loaded.
    const { setLanguage } = await import("matrix-react-sdk/src/languageHandler");
    const { setTheme } = await import("matrix-react-sdk/src/theme");
    const { default: discovery } = await import("matrix-react-sdk/src/utils/AutoDiscoveryUtils");
    const { default: MatrixChat } = await import("matrix-react-sdk/src/components/structures/MatrixChat");
    await setLanguage(["sv"]);
    await setTheme("light");
    const server = await discovery.validateServerConfigWithStaticUrls(homeserver, undefined, true);
    server.isDefault = true;
    SdkConfig.add({ validated_server_config: server });
    window.addEventListener("hashchange", show);
    window.matrixChat = ReactDOM.render(
        <MatrixChat
            onNewScreen={onNewScreen}
            config={SdkConfig.get()}
            realQueryParams={{}}
            startingFragmentQueryParams={{}}
            enableGuest={false}
            onTokenLoginCompleted={() => {}}
            initialScreenAfterLogin={{ screen: "login", params: {} }}
            defaultDeviceDisplayName="Element"
        />,
        document.getElementById("matrixchat"),
    );
}

await start();
