"use strict";
(() => {
    const data = JSON.parse(document.getElementById("data").textContent);
    const { strings, processes, calls, endpoints, stacks } = data;
    if (processes.pid.length === 0) return;
    const byId = (id) => document.getElementById(id);

    // All that is shown goes through here: text becomes text, never markup.
    function element(name, attributes = {}, ...children) {
        const made = document.createElement(name);
        for (const [key, value] of Object.entries(attributes)) {
            if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
            else if (value === true) made.setAttribute(key, "");
            else if (value !== false && value !== undefined) made.setAttribute(key, value);
        }
        made.append(...children.filter((child) => child !== undefined && child !== ""));
        return made;
    }

    const grouped = (number) => number.toLocaleString("en-US");
    const seconds = (time) => (time / 1e6).toFixed(6);
    const milliseconds = (time) => (time / 1e6).toFixed(3);

    function clock(time) {
        const start = Date.parse(data.start.replace(" ", "T") + "Z");
        return Number.isNaN(start) ? "" : new Date(start + time / 1e3).toISOString().slice(11, 23);
    }

    // MARK: Tables of pages

    // columns: { title, number, sort: row => comparable, cell: row => node }
    class PagedTable {
        constructor(place, options) {
            Object.assign(this, options);
            this.page = 0;
            this.size = 100;
            this.open = new Set();
            this.column = this.sorted ?? 0;
            this.descending = this.descending ?? false;
            this.all = Uint32Array.from({ length: this.length }, (_, row) => row);
            this.tools = element("div", { class: "tools" });
            this.count = element("span", { class: "count", role: "status" });
            this.head = element("tr");
            this.body = element("tbody");
            this.pages = element("div", { class: "pages", role: "group", "aria-label": `Pages of ${this.caption}` });
            place.append(this.tools,
                element("div", { class: "scroll", role: "region", "aria-label": this.caption, tabindex: "0" },
                    element("table", {}, element("caption", {}, this.caption),
                        element("thead", {}, this.head), this.body)),
                this.pages);
            this.makePages();
            this.select();
        }

        makePages() {
            const go = (title, label, page) => element("button", {
                type: "button", "aria-label": label, onclick: () => { this.page = page(); this.render(); },
            }, title);
            this.first = go("First", "First page", () => 0);
            this.previous = go("Previous", "Previous page", () => this.page - 1);
            this.next = go("Next", "Next page", () => this.page + 1);
            this.last = go("Last", "Last page", () => this.pageCount - 1);
            this.at = element("span", { class: "at" });
            this.pages.append(this.first, this.previous, this.at, this.next, this.last);
        }

        get pageCount() { return Math.max(1, Math.ceil(this.rows.length / this.size)); }

        // Takes the rows that are wanted, and puts them in order.
        select() {
            this.rows = this.wanted ? this.all.filter(this.wanted) : this.all.slice();
            this.order();
            this.page = 0;
            this.render();
        }

        order() {
            const key = this.columns[this.column].sort;
            const keys = new Array(this.length);
            let isInOrder = true, former;
            for (const row of this.rows) {
                const value = keys[row] = key(row);
                if (former !== undefined && value < former) isInOrder = false;
                former = value;
            }
            const sign = this.descending ? -1 : 1;
            if (!isInOrder || this.descending) {
                this.rows.sort((a, b) => keys[a] < keys[b] ? -sign : keys[a] > keys[b] ? sign : a - b);
            }
        }

        render() {
            this.head.replaceChildren(...(this.details ? [element("th", { scope: "col" },
                element("span", { class: "plain" }))] : []), ...this.columns.map((column, index) => {
                const isChosen = index === this.column;
                const mark = isChosen ? (this.descending ? " \u2193" : " \u2191") : "";
                return element("th", {
                    scope: "col", class: column.number ? "number" : undefined,
                    "aria-sort": isChosen ? (this.descending ? "descending" : "ascending") : undefined,
                }, element("button", { type: "button", onclick: () => this.sortBy(index) },
                    column.title, element("span", { "aria-hidden": "true" }, mark)));
            }));
            const start = this.page * this.size;
            const shown = this.rows.subarray(start, start + this.size);
            this.body.replaceChildren();
            for (const row of shown) this.body.append(...this.rowsOf(row));
            const total = this.rows.length;
            this.count.textContent = total === this.length
                ? `${grouped(total)} ${this.unit}` : `${grouped(total)} of ${grouped(this.length)} ${this.unit}`;
            this.at.textContent = total === 0 ? "none"
                : `${grouped(start + 1)} to ${grouped(start + shown.length)} of ${grouped(total)}`;
            this.first.disabled = this.previous.disabled = this.page === 0;
            this.next.disabled = this.last.disabled = this.page >= this.pageCount - 1;
            this.pages.hidden = total <= this.size;
        }

        sortBy(index) {
            if (index === this.column) this.descending = !this.descending;
            else {
                this.column = index;
                this.descending = this.columns[index].number && index !== 0;
            }
            this.order();
            this.page = 0;
            this.render();
            this.head.children[index + (this.details ? 1 : 0)].firstChild.focus();
        }

        rowsOf(row) {
            const made = element("tr", { class: this.rowClass(row) });
            const all = [made];
            if (this.details) {
                const isOpen = this.open.has(row);
                made.append(element("td", { class: "narrow" }, element("button", {
                    type: "button", "aria-expanded": String(isOpen), "aria-label": `Details of ${this.nameOf(row)}`,
                    onclick: () => this.toggle(row, made),
                }, isOpen ? "\u25be" : "\u25b8")));
                if (isOpen) all.push(this.detailsRow(row));
            }
            for (const column of this.columns) {
                made.append(element("td", { class: column.class ?? (column.number ? "number" : undefined) },
                    column.cell(row)));
            }
            return all;
        }

        detailsRow(row) {
            return element("tr", { class: this.rowClass(row) },
                element("td", { colspan: this.columns.length + 1 }, this.details(row)));
        }

        toggle(row, made) {
            const button = made.querySelector("button");
            if (this.open.delete(row)) made.nextSibling.remove();
            else {
                this.open.add(row);
                made.after(this.detailsRow(row));
            }
            const isOpen = this.open.has(row);
            button.setAttribute("aria-expanded", String(isOpen));
            button.textContent = isOpen ? "\u25be" : "\u25b8";
        }
    }

    const dim = (text) => element("span", { class: "dim" }, text);
    const refusedNumber = (number) => element("span", { class: number > 0 ? "refused" : "dim" }, grouped(number));
    const withName = (address, name) => {
        const place = element("span", {}, address === 0 ? "-" : strings[address]);
        if (name !== 0) place.append(" ", dim(strings[name]));
        return place;
    };

    // MARK: Calls

    const results = ["allowed", "denied", "would deny"];
    const processName = (place) => `${strings[processes.label[place]]} ${processes.pid[place]}`;
    const isRefused = (row) => calls.result[row] !== 0;
    const hasFailed = (row) => calls.failed[row] === 1;
    const result = (row) => {
        const errno = strings[calls.errno[row]];
        if (isRefused(row)) {
            return element("span", { class: "refused" }, `${results[calls.result[row]]} ${errno}`);
        }
        const returned = calls.returned[row];
        if (returned === null || returned === undefined) return "allowed";
        return returned < 0 ? `allowed, ${errno}` : dim(`allowed = ${returned}`);
    };
    const stackOf = (row) => calls.stack[row] < 0 ? undefined : stacks[calls.stack[row]];

    function callDetails(row) {
        const process = calls.process[row];
        const list = element("dl");
        const say = (title, ...content) => {
            if (content.some((part) => part !== "" && part !== undefined)) {
                list.append(element("dt", {}, title), element("dd", {}, ...content));
            }
        };
        const stack = stackOf(row);
        say("Program", strings[calls.program[row]]);
        say("Command line", element("code", {}, stack && stack.line !== 0
            ? strings[stack.line] : strings[processes.line[process]] || "-"));
        if (stack && stack.parents.length > 0) {
            say("Started by", element("ol", {}, ...stack.parents.map((parent) =>
                element("li", {}, strings[parent] || "-"))));
        } else {
            const chain = [];
            for (let above = processes.parent[process]; above >= 0; above = processes.parent[above]) chain.push(above);
            if (chain.length > 0) {
                say("Started by", element("ol", {}, ...chain.slice(0, 16).map((above) =>
                    element("li", {}, strings[processes.line[above]] || processName(above)))));
            }
        }
        say("Rule", strings[calls.rule[row]], calls.place[row] !== 0 ? dim(` @ ${strings[calls.place[row]]}`) : "");
        say("System call", `${strings[calls.call[row]]}, ${strings[calls.abi[row]]}`);
        say("Process", `${processes.pid[process]}` +
            (calls.tid[row] !== processes.pid[process] ? `, thread ${calls.tid[row]}` : ""));
        say("Time", `${clock(calls.time[row])} UTC, event ${calls.seq[row]}` +
            (calls.took[row] >= 0 ? `, the kernel took ${seconds(calls.took[row])} s` : ""));
        if (stack) {
            say("Stack", element("ol", {}, ...stack.frames.map((frame) => element("li", {}, strings[frame]))));
        }
        return element("div", { class: "details" }, list);
    }

    const lower = strings.map((text) => text.toLowerCase());
    let chosenProcess = -1;
    let chosenEndpoint = -1;
    const callTable = new PagedTable(byId("call-list"), {
        caption: "Calls", unit: "calls", length: calls.time.length,
        rowClass: (row) => isRefused(row) ? "refusal" : "",
        nameOf: (row) => `the call at ${seconds(calls.time[row])}`,
        details: callDetails,
        columns: [
            { title: "Time (s)", number: true, sort: (row) => calls.time[row], cell: (row) => seconds(calls.time[row]) },
            { title: "Program", sort: (row) => baseName(row), cell: (row) => baseName(row) },
            { title: "Process", number: true, sort: (row) => processes.pid[calls.process[row]],
                cell: (row) => String(processes.pid[calls.process[row]]) },
            { title: "Call", class: "word", sort: (row) => lower[calls.operation[row]],
                cell: (row) => `${strings[calls.operation[row]]} ${strings[calls.kind[row]]}` },
            { title: "Endpoint", class: "address", sort: (row) => lower[calls.endpoint[row]],
                cell: (row) => withName(calls.endpoint[row], calls.name[row]) },
            { title: "Result", class: "word", sort: (row) => `${3 - calls.result[row]}${strings[calls.errno[row]]}`, cell: result },
            { title: "Rule", sort: (row) => lower[calls.rule[row]], cell: (row) => strings[calls.rule[row]] },
        ],
    });

    function baseName(row) {
        const path = strings[calls.program[row]];
        return path.slice(path.lastIndexOf("/") + 1) || path || "?";
    }

    // Each string is searched once, not each row.
    function makeFilter(text, kind) {
        const words = text.toLowerCase().split(/\s+/).filter((word) => word !== "");
        const hits = words.map((word) => lower.map((candidate) => candidate.includes(word)));
        const numbers = words.map((word) => /^\d+$/.test(word) ? Number(word) : -1);
        const columns = [calls.program, calls.call, calls.operation, calls.kind, calls.endpoint,
            calls.name, calls.errno, calls.rule, calls.place];
        const last = chosenProcess < 0 ? -1 : chosenProcess + processes.below[chosenProcess];
        const named = results.map((name) => words.map((word) => name.includes(word)));
        return (row) => {
            if (chosenProcess >= 0 && (calls.process[row] < chosenProcess || calls.process[row] > last)) return false;
            if (chosenEndpoint >= 0 && (calls.endpoint[row] !== endpoints.endpoint[chosenEndpoint]
                || calls.kind[row] !== endpoints.kind[chosenEndpoint]
                || calls.operation[row] !== endpoints.operation[chosenEndpoint])) return false;
            if (kind === "refused" && !isRefused(row)) return false;
            if (kind === "allowed" && isRefused(row)) return false;
            if (kind === "failed" && !hasFailed(row)) return false;
            return words.every((word, index) => columns.some((column) => hits[index][column[row]])
                || named[calls.result[row]][index]
                || numbers[index] === processes.pid[calls.process[row]]
                || hits[index][processes.line[calls.process[row]]]);
        };
    }

    const search = element("input", { type: "search", id: "search", autocomplete: "off", spellcheck: "false" });
    const kind = element("select", { id: "kind" }, ...[["all", "all"], ["refused", "refused"],
        ["allowed", "allowed"], ["failed", "allowed, failed in the kernel"]].map(([value, title]) =>
        element("option", { value }, title)));
    const chips = element("span", { class: "buttons" });
    callTable.tools.append(element("label", { for: "search" }, "Filter", search),
        element("label", { for: "kind" }, "Results", kind), chips, callTable.count);

    function applyFilter() {
        const isFiltering = search.value.trim() !== "" || kind.value !== "all"
            || chosenProcess >= 0 || chosenEndpoint >= 0;
        callTable.wanted = isFiltering ? makeFilter(search.value, kind.value) : undefined;
        callTable.select();
    }
    let waiting;
    search.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(applyFilter, 120); });
    kind.addEventListener("change", applyFilter);

    function showChips() {
        const chip = (text, remove) => element("span", { class: "chip" }, text, element("button", {
            type: "button", "aria-label": `Remove the filter ${text}`, onclick: () => {
                remove();
                showChips();
                applyFilter();
                search.focus();
            },
        }, "\u00d7"));
        chips.replaceChildren();
        if (chosenProcess >= 0) {
            const below = processes.below[chosenProcess];
            chips.append(chip(processName(chosenProcess) + (below > 0 ? ` and ${grouped(below)} below` : ""),
                () => { chosenProcess = -1; renderTree(); }));
        }
        if (chosenEndpoint >= 0) {
            const address = endpoints.endpoint[chosenEndpoint];
            chips.append(chip([strings[endpoints.operation[chosenEndpoint]], strings[endpoints.kind[chosenEndpoint]],
                strings[address]].filter((part) => part !== "").join(" "), () => { chosenEndpoint = -1; }));
        }
    }

    // MARK: Endpoints

    function chooseEndpoint(row) {
        chosenEndpoint = row;
        showChips();
        applyFilter();
        byId("calls").scrollIntoView();
        search.focus({ preventScroll: true });
    }

    const endpointTable = new PagedTable(byId("endpoint-list"), {
        caption: "Endpoints", unit: "endpoints", length: endpoints.first.length, sorted: 0, descending: true,
        rowClass: () => "", nameOf: () => "",
        columns: [
            { title: "Refused", number: true, sort: (row) => endpoints.refused[row], cell: (row) => refusedNumber(endpoints.refused[row]) },
            { title: "Allowed", number: true, sort: (row) => endpoints.allowed[row], cell: (row) => grouped(endpoints.allowed[row]) },
            { title: "Failed", number: true, sort: (row) => endpoints.failed[row],
                cell: (row) => endpoints.failed[row] > 0 ? grouped(endpoints.failed[row]) : dim("0") },
            { title: "Call", class: "word", sort: (row) => lower[endpoints.operation[row]],
                cell: (row) => `${strings[endpoints.operation[row]]} ${strings[endpoints.kind[row]]}` },
            { title: "Endpoint", class: "address", sort: (row) => lower[endpoints.endpoint[row]],
                cell: (row) => element("button", { type: "button", class: "plain", title: "Show its calls",
                    onclick: () => chooseEndpoint(row) }, withName(endpoints.endpoint[row], endpoints.name[row])) },
            { title: "Programs", sort: (row) => lower[endpoints.programs[row]], cell: (row) => strings[endpoints.programs[row]] },
            { title: "First (s)", number: true, sort: (row) => endpoints.first[row], cell: (row) => milliseconds(endpoints.first[row]) },
            { title: "Last (s)", number: true, sort: (row) => endpoints.last[row], cell: (row) => milliseconds(endpoints.last[row]) },
        ],
    });
    endpointTable.tools.append(endpointTable.count);

    // MARK: The tree on its time axis

    const tree = byId("tree");
    const axis = element("div", { class: "axis", "aria-hidden": "true" });
    const space = element("div", { class: "space", role: "presentation" });
    tree.append(axis, space);
    const [rowHeight, axisHeight] = [28, 26];
    const folded = new Set();
    const width = Math.max(data.duration, 1);
    let view = { start: 0, length: width };
    let visible = [];
    let current = 0;

    // The calls of each process, by time.
    const callsOf = Array.from(processes.pid, () => []);
    for (let row = 0; row < calls.time.length; row += 1) callsOf[calls.process[row]].push(row);

    // How many calls the processes before one made, so that those of a range are a difference.
    const before = { refused: [0], allowed: [0] };
    for (const own of callsOf) {
        const refused = own.reduce((sum, row) => sum + (isRefused(row) ? 1 : 0), 0);
        before.refused.push(before.refused.at(-1) + refused);
        before.allowed.push(before.allowed.at(-1) + own.length - refused);
    }

    function listVisible() {
        visible = [];
        for (let place = 0; place < processes.pid.length; place += 1) {
            visible.push(place);
            if (folded.has(place)) place += processes.below[place];
        }
        space.style.height = `${visible.length * rowHeight}px`;
        current = Math.min(current, visible.length - 1);
    }

    function niceStep(about) {
        const power = 10 ** Math.floor(Math.log10(about));
        return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= about);
    }

    function ticks() {
        const step = Math.max(niceStep(view.length / 5), 1);
        const all = [];
        for (let time = Math.ceil(view.start / step) * step; time <= view.start + view.length; time += step) all.push(time);
        const digits = Math.max(0, Math.min(6, Math.ceil(6 - Math.log10(step))));
        return { all, digits };
    }

    const share = (time) => (time - view.start) / view.length;

    function renderAxis() {
        const { all, digits } = ticks();
        const place = element("div", { class: "ticks" });
        for (const time of all) {
            if (share(time) > 0.97) continue;
            const label = element("span", {}, `${(time / 1e6).toFixed(digits)} s`);
            label.style.left = `${share(time) * 100}%`;
            place.append(label);
        }
        axis.replaceChildren(element("span", {}), element("span", { class: "number" }, "refused"),
            element("span", { class: "number" }, "allowed"), place);
    }

    function paint(canvas, place, isFolded, colour, gridLines) {
        const ratio = window.devicePixelRatio || 1;
        const pixels = Math.max(1, Math.round(canvas.clientWidth * ratio));
        canvas.width = pixels;
        canvas.height = rowHeight * ratio;
        const context = canvas.getContext("2d");
        const x = (time) => share(time) * (pixels - 4 * ratio) + 2 * ratio;
        context.fillStyle = colour("--line");
        for (const time of gridLines) context.fillRect(Math.round(x(time)), 0, 1, canvas.height);
        const last = isFolded ? place + processes.below[place] : place;
        const bar = (of, height) => {
            const end = processes.end[of] >= 0 ? processes.end[of] : processes.seen[of];
            const from = Math.max(0, x(processes.start[of]));
            context.fillRect(from, (canvas.height - height * ratio) / 2,
                Math.max(2 * ratio, Math.min(pixels, x(end)) - from), height * ratio);
        };
        context.fillStyle = colour("--life");
        bar(place, 4);
        // One mark a pixel, and what was refused before what was not.
        const marks = new Uint8Array(pixels + 1);
        for (let of = place; of <= last; of += 1) {
            for (const row of callsOf[of]) {
                const at = Math.round(x(calls.time[row]));
                if (at >= 0 && at < pixels) marks[at] = Math.max(marks[at], isRefused(row) ? 2 : 1);
            }
        }
        for (const [value, name, height] of [[1, "--allowed", 10], [2, "--refused", 16]]) {
            context.fillStyle = colour(name);
            for (let at = 0; at < pixels; at += 1) {
                if (marks[at] === value) {
                    context.fillRect(at - ratio, (canvas.height - height * ratio) / 2, 2 * ratio, height * ratio);
                }
            }
        }
    }

    function sums(place, isFolded) {
        const end = place + (isFolded ? processes.below[place] : 0) + 1;
        return {
            refused: before.refused[end] - before.refused[place],
            allowed: before.allowed[end] - before.allowed[place],
        };
    }

    function treeRow(index) {
        const place = visible[index];
        const hasBelow = processes.below[place] > 0;
        const isFolded = folded.has(place);
        const { refused, allowed } = sums(place, isFolded);
        const canvas = element("canvas", { "aria-hidden": "true" });
        const line = strings[processes.line[place]];
        const ending = strings[processes.ending[place]];
        const turn = element("span", { class: "turn", "aria-hidden": "true" }, hasBelow ? (isFolded ? "\u25b6" : "\u25bc") : "");
        const what = element("div", { class: "what" }, turn,
            element("span", { class: "label" }, strings[processes.label[place]]),
            element("span", { class: "pid" }, String(processes.pid[place])),
            element("span", { class: "line" }, line));
        what.style.paddingLeft = `${Math.min(processes.depth[place], 24) * 14}px`;
        const number = (value, name) => element("span", {
            class: `number ${value === 0 ? "none" : name}`, "aria-hidden": "true",
        }, grouped(value));
        const row = element("div", {
            class: `row${place === chosenProcess ? " chosen" : ""}${index === current ? " current" : ""}`,
            role: "treeitem", id: `process-${place}`,
            "aria-level": processes.depth[place] + 1, "aria-posinset": index + 1, "aria-setsize": visible.length,
            "aria-expanded": hasBelow ? String(!isFolded) : undefined,
            "aria-selected": String(place === chosenProcess),
            "aria-label": `${processName(place)}, ${refused} refused, ${allowed} allowed, from ${seconds(processes.start[place])}` +
                (processes.end[place] >= 0 ? ` to ${seconds(processes.end[place])} seconds` : " seconds on") +
                (ending ? `, ${ending}` : "") + (isFolded ? `, with ${processes.below[place]} folded` : ""),
            title: [strings[processes.program[place]], line, ending].filter((text) => text !== "").join("\n"),
        }, what, number(refused, "refused"), number(allowed, ""), canvas);
        row.style.top = `${index * rowHeight}px`;
        turn.addEventListener("click", (event) => {
            event.stopPropagation();
            current = index;
            fold(place, !isFolded);
        });
        row.addEventListener("click", () => { current = index; chooseProcess(place); });
        return { row, canvas, place, isFolded };
    }

    function renderTree() {
        const first = Math.max(0, Math.floor(tree.scrollTop / rowHeight) - 2);
        const last = Math.min(visible.length, Math.ceil((tree.scrollTop + tree.clientHeight) / rowHeight) + 1);
        const made = [];
        for (let index = first; index < last; index += 1) made.push(treeRow(index));
        // The row that has the focus is there wherever the list stands.
        if (current < first || current >= last) made.push(treeRow(current));
        space.replaceChildren(...made.map(({ row }) => row));
        const style = getComputedStyle(document.documentElement);
        const colour = (name) => style.getPropertyValue(name);
        const gridLines = ticks().all;
        for (const { canvas, place, isFolded } of made) paint(canvas, place, isFolded, colour, gridLines);
        tree.setAttribute("aria-activedescendant", `process-${visible[current]}`);
    }

    function renderAll() {
        listVisible();
        renderAxis();
        renderTree();
    }

    function fold(place, isToFold) {
        if (isToFold) folded.add(place); else folded.delete(place);
        listVisible();
        renderTree();
    }

    function chooseProcess(place) {
        chosenProcess = chosenProcess === place ? -1 : place;
        renderTree();
        showChips();
        applyFilter();
    }

    function goTo(index) {
        current = Math.max(0, Math.min(visible.length - 1, index));
        const top = current * rowHeight;
        if (top < tree.scrollTop) tree.scrollTop = top;
        const height = tree.clientHeight - axisHeight;
        if (top + rowHeight > tree.scrollTop + height) tree.scrollTop = top + rowHeight - height;
        renderTree();
    }

    tree.addEventListener("keydown", (event) => {
        if (event.altKey || event.ctrlKey || event.metaKey) return;
        const place = visible[current];
        const page = Math.max(1, Math.floor((tree.clientHeight - axisHeight) / rowHeight) - 1);
        switch (event.key) {
        case "ArrowDown": goTo(current + 1); break;
        case "ArrowUp": goTo(current - 1); break;
        case "PageDown": goTo(current + page); break;
        case "PageUp": goTo(current - page); break;
        case "Home": goTo(0); break;
        case "End": goTo(visible.length - 1); break;
        case "ArrowRight":
            if (processes.below[place] > 0 && folded.has(place)) fold(place, false);
            else if (processes.below[place] > 0) goTo(current + 1);
            break;
        case "ArrowLeft":
            if (processes.below[place] > 0 && !folded.has(place)) fold(place, true);
            else if (processes.parent[place] >= 0) goTo(visible.indexOf(processes.parent[place]));
            break;
        case "Enter": case " ": chooseProcess(place); break;
        default: return;
        }
        event.preventDefault();
    });
    let isAwaitingFrame = false;
    tree.addEventListener("scroll", () => {
        if (isAwaitingFrame) return;
        isAwaitingFrame = true;
        requestAnimationFrame(() => { isAwaitingFrame = false; renderTree(); });
    });

    function look(start, length) {
        view.length = Math.min(width, Math.max(length, 100));
        view.start = Math.max(0, Math.min(width - view.length, start));
        byId("farther").disabled = byId("earlier").disabled = byId("later").disabled = view.length >= width;
        renderAxis();
        renderTree();
    }
    byId("closer").addEventListener("click", () => look(view.start + view.length / 4, view.length / 2));
    byId("farther").addEventListener("click", () => look(view.start - view.length / 2, view.length * 2));
    byId("earlier").addEventListener("click", () => look(view.start - view.length / 4, view.length));
    byId("later").addEventListener("click", () => look(view.start + view.length / 4, view.length));
    byId("fold").addEventListener("click", () => {
        for (let place = 0; place < processes.pid.length; place += 1) {
            if (processes.below[place] > 0) folded.add(place);
        }
        current = 0;
        renderAll();
    });
    byId("unfold").addEventListener("click", () => { folded.clear(); renderAll(); });
    window.addEventListener("resize", () => { renderAxis(); renderTree(); });
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", renderTree);

    listVisible();
    look(0, width);
})();
