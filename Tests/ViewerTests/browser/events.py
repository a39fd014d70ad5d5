"""What a page with several profiles, one for each event, has to do."""

import re

SELECTED = "return document.querySelector('#events [aria-selected=true]')?.dataset.event"


def root_line(page):
    """What the page says of the frame of everything: its share and its value with the unit."""
    page.focus_graph()
    page.browser.press("Home")
    return page.browser.text("#status")


def tabs_show_each_event_with_its_total_and_unit(page):
    oracle = page.oracle
    shown = page.browser.texts("#events [role=tab]")
    expected = []
    for index, label in enumerate(oracle.labels):
        oracle.select(index)
        expected.append(label + oracle.formatted(oracle.total[0]))
    assert shown == expected, (shown, expected)


def a_tab_shows_the_samples_and_the_facts_of_its_event(page):
    oracle, browser = page.oracle, page.browser
    browser.press("p")
    for index, label in enumerate(oracle.labels):
        oracle.select(index)
        browser.click(f"#events button:nth-child({index + 1})")
        assert browser.run(SELECTED) == label
        if oracle.total[0] == 0:
            assert not browser.run("return document.getElementById('no-samples').hidden")
            continue
        line = root_line(page)
        assert f"({oracle.formatted(oracle.total[0])})" in line, (label, line)
        browser.press("ArrowDown")
        name, _, _ = oracle.heaviest_child("process")
        assert browser.text("#status").startswith(name[:200]), (label, browser.text("#status"))
        panel = browser.text("#panel")
        header = oracle.header["profiles"][index]
        assert f"{oracle.formatted(oracle.total[0])} of " in panel, (label, panel)
        assert f"Taken{header['ledger']['taken']:,}" in panel, (label, panel)
        spans = header["ledger"].get("spans")
        if spans:
            assert f"{spans['count']:,} (" in panel and f"{spans['sampled']:,} (" in panel, panel
            assert oracle.formatted(spans["value"]) in panel, panel
            assert f"From {oracle.formatted(spans['always_above'])} on" in panel, panel
        assert f"{sum(oracle.second):,} samples" in browser.text("#subtitle")
        browser.click("[data-view=table]")
        own, total = oracle.totals(oracle.first)
        rows = browser.run("return [...document.querySelectorAll('#table tr[data-function]')]"
                           ".map((row) => [Number(row.dataset.function), row.cells[3].textContent])")
        assert rows, label
        for fn, cell in rows[:8]:
            assert cell.startswith(oracle.formatted(total[fn])), (label, cell, total[fn])
        browser.click("[data-view=flame]")


def the_address_back_and_forward_know_the_event(page):
    browser, labels = page.browser, page.oracle.labels
    browser.click("#events button:nth-child(2)")
    browser.click("#events button:nth-child(3)")
    address = browser.address()
    assert "event=" in address, address
    browser.run("history.back()")
    browser.wait(f"return ({SELECTED.removeprefix('return ')}) === {labels[1]!r}")
    browser.run("history.back()")
    browser.wait(f"return ({SELECTED.removeprefix('return ')}) === {labels[0]!r}")
    browser.run("history.go(2)")
    browser.wait(f"return ({SELECTED.removeprefix('return ')}) === {labels[2]!r}")
    browser.open(address)
    assert browser.run(SELECTED) == labels[2]
    page.open("#event=no-such-event&zoom=3")
    assert browser.run(SELECTED) == labels[0]


def tabs_work_by_keyboard(page):
    browser, labels = page.browser, page.oracle.labels
    browser.run("document.querySelector('#events button').focus()")
    for key, expected in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", -1),
                          ("ArrowRight", 0), ("ArrowLeft", -1), ("Home", 0)):
        browser.press(key)
        assert browser.run(SELECTED) == labels[expected], (key, browser.run(SELECTED))
        assert browser.run("return document.activeElement.ariaSelected") == "true", key
        assert browser.run("return document.querySelectorAll('#events [tabindex=\"0\"]').length") == 1
    browser.press("e", "e", "E")
    assert browser.run(SELECTED) == labels[1]
    browser.press("?")
    assert "previous event" in browser.text("#keys")
    browser.press("Escape")


def the_frames_that_are_zoomed_stay_where_the_other_event_has_them(page):
    oracle, browser = page.oracle, page.browser
    paths = []
    for index in range(2):
        oracle.select(index)
        paths.append({tuple(oracle.prefix(row) + [oracle.names[fn] for fn in oracle.path(row)[::-1]])
                      [:4] for row in range(len(oracle.node)) if not oracle.reason[row]})
    page.focus_graph()
    browser.press("ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "Enter")
    crumbs = page.crumbs()
    browser.click("#events button:nth-child(2)")
    stays = tuple(crumbs[1:]) in paths[1]
    assert page.crumbs() == (crumbs if stays else ["all"]), (stays, crumbs, page.crumbs())


def a_search_and_a_sandwich_concern_the_event_that_is_shown(page):
    oracle, browser = page.oracle, page.browser
    totals = []
    for index in range(len(oracle.labels)):
        oracle.select(index)
        totals.append(oracle.totals(oracle.first)[1])
    # A name that is an expression which matches it alone.
    only_first = [fn for fn in totals[0] if totals[0][fn] and not totals[1][fn]
                  and fn < len(oracle.names) and re.fullmatch(r"[\w:]{1,60}", oracle.names[fn])
                  and oracle.names.count(oracle.names[fn]) == 1]
    if not only_first:
        return
    name = oracle.names[only_first[0]]
    oracle.select(0)
    assert page.search(f"^{name}$").endswith("1 names"), browser.text("#matched")
    browser.press("Enter")
    browser.click("#events button:nth-child(2)")
    assert browser.text("#matched").startswith("0.00% matched"), browser.text("#matched")
    assert browser.text("#matched").endswith("0 names")
    page.open(f"#view=sandwich&fn={only_first[0]}")
    assert browser.run("return document.querySelector('#sandwich .empty').hidden")
    browser.press("e")
    assert "No sample of this event" in browser.text("#sandwich .empty")
    assert not browser.run("return document.querySelector('#sandwich .empty').hidden")


def the_legend_has_what_the_event_has(page):
    oracle, browser = page.oracle, page.browser
    synthetic = {fn for fn, kind in enumerate(oracle.kinds) if kind == 5}
    for index in range(len(oracle.labels)):
        oracle.select(index)
        browser.click(f"#events button:nth-child({index + 1})")
        has = any(synthetic.intersection(oracle.path(row)) for row in range(len(oracle.node)))
        assert ("wait or call" in browser.text("#legend")) == has, oracle.labels[index]


def one_profile_has_no_tabs(page):
    assert page.browser.run("return document.getElementById('events').hidden")
    page.browser.press("e", "?")
    assert "previous event" not in page.browser.text("#keys")
    page.browser.press("Escape")


SEVERAL = [
    tabs_show_each_event_with_its_total_and_unit, a_tab_shows_the_samples_and_the_facts_of_its_event,
    the_address_back_and_forward_know_the_event, tabs_work_by_keyboard,
    the_frames_that_are_zoomed_stay_where_the_other_event_has_them,
    a_search_and_a_sandwich_concern_the_event_that_is_shown, the_legend_has_what_the_event_has,
]
