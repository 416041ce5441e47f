// Walks through a report of Snakemake as a reader does: each category of the menu, each switch, each row of its list,
// the eye of the row (the figure or table) and the i beside it (the caption). What it saw ends up in an element "walk".
(async () => {
    const pause = (ms) => new Promise((go) => setTimeout(go, ms));
    const menu = () => [...document.querySelectorAll("ul li a")].filter((a) => /^\d /.test(a.textContent.trim()));
    const home = async () => {
        app.setView({ navbarMode: "menu" });
        await pause(20);
    };

    const look = async (path) => {
        const shown = { path, kind: app.state.content, caption: "" };
        // The logo is an image too.
        const element = [...document.querySelectorAll("#app img, #app iframe")].find((one) => one.src === app.state.contentPath);
        if (element && shown.kind === "img") {
            await element.decode().catch(() => {});
            [shown.width, shown.height] = [element.naturalWidth, element.naturalHeight];
        } else if (element) {
            // data: has an origin of its own; the browser is started without that wall, so that we can look behind it.
            for (let i = 0; i < 50 && !element.contentDocument?.querySelector("td"); i++) await pause(20);
            [shown.width, shown.height] = [element.clientWidth, element.clientHeight];
            shown.text = element.contentDocument?.body?.innerText ?? "";
            shown.rows = element.contentDocument?.querySelectorAll("tr").length ?? 0;
        }
        const box = element?.getBoundingClientRect();
        shown.visible = Boolean(box && box.width > 100 && box.height > 50 && box.right > 0 && box.left < innerWidth);
        return shown;
    };

    while (!menu().length) await pause(20);
    const seen = [];
    const landing = document.querySelector("#app").innerText;
    const categories = menu().map((a) => a.textContent.trim());
    const rows = () => [...document.querySelectorAll("tbody tr")];
    // Where a label has two values, each for half of the list, the report makes a switch of it.
    const choices = () => [...document.querySelectorAll("input[type=radio]")].map((input) => input.id);
    const open = async (category, choice) => {
        await home();
        menu().find((a) => a.textContent.trim() === category).click();
        await pause(20);
        if (choice) {
            document.getElementById(choice).click();
            await pause(20);
        }
    };
    for (const category of categories) {
        await open(category);
        for (const choice of choices().length ? choices() : [null]) {
            await open(category, choice);
            const length = rows().length;
            for (let i = 0; i < length; i++) {
                await open(category, choice);
                const labels = rows()[i].innerText.trim();
                rows()[i].querySelectorAll("a")[0].click();
                await pause(20);
                const shown = await look(app.state.resultPath);
                rows()[i].querySelectorAll("a")[1].click();
                await pause(20);
                shown.caption = document.querySelector("li.prose")?.innerText ?? "";
                seen.push({ category, labels, ...shown });
            }
        }
    }
    const result = document.createElement("pre");
    result.id = "walk";
    result.textContent = JSON.stringify({ landing, categories, seen, known: Object.keys(results), errors });
    document.body.append(result);
})();
