"""Drives a page of wick in headless Chromium: test_viewer.py FILE.html..."""

import pathlib
import re
import sys
import traceback

from events import SEVERAL, one_profile_has_no_tabs
from latency import LATENCY
from oracle import Oracle, percent
from webdriver import Browser

TABLE_ROWS = "#table tr[data-function]"


class Page:
    """One page in the browser, beside what it has to show."""

    def __init__(self, browser, path):
        self.browser = browser
        self.path = pathlib.Path(path)
        self.address = self.path.resolve().as_uri()
        self.oracle = Oracle(path)
        self.browser.log()
        self.open()

    def open(self, fragment=""):
        self.browser.open(self.address + fragment)
        self.browser.settle()

    @property
    def has_samples(self):
        return self.oracle.total[0] > 0

    def search(self, expression):
        self.browser.type("#query", expression)
        self.browser.wait("return !document.getElementById('matched').hidden")
        self.browser.settle()
        return self.browser.wait(
            "const q = new URLSearchParams(location.hash.slice(1)).get('q');"
            "return q === document.getElementById('query').value"
            " && document.getElementById('matched').textContent")

    def focus_graph(self, selector="#flame .overlay"):
        self.browser.run("document.querySelector(arguments[0]).focus()", selector)

    def crumbs(self):
        return self.browser.texts("#crumbs li")

    def plain_function(self):
        """A function with a moderate total and a name that is easy to type."""
        oracle = self.oracle
        _, total = oracle.totals(oracle.first)
        easy = [(value, fn) for fn, value in total.items()
                if fn < len(oracle.names) and re.fullmatch(r"[\w:.]{1,60}", oracle.names[fn])
                and oracle.share(value) < 0.9]
        return max(easy)[1] if easy else None


def the_policy_allows_only_the_pages_own_code(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page.oracle.page).group(1)
    assert policy.startswith("default-src 'none'; script-src 'sha256-"), policy
    assert "unsafe" not in policy and "*" not in policy and "http" not in policy, policy
    loaded = page.browser.run("return performance.getEntriesByType('resource').map((r) => r.name)")
    assert [one for one in loaded if not one.startswith(("data:", "blob:"))] == [], loaded


def names_are_text_and_nothing_else(page):
    found = page.browser.run(
        "return [window.pwned, document.scripts.length, document.images.length,"
        " document.querySelectorAll('b b, style').length]")
    assert found[0] is None, f"a name ran as code: {found[0]}"
    assert found[1:] == [1, 0, 1], found


def the_graph_is_drawn(page):
    colors = page.browser.run(
        "const c = document.querySelector('#flame .frames');"
        "const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        "const seen = new Set(); for (let i = 0; i < d.length; i += 4)"
        " seen.add(d[i] << 16 | d[i + 1] << 8 | d[i + 2]); return seen.size")
    assert colors > 10 if page.has_samples else colors >= 1, f"{colors} colours"


def an_empty_profile_says_so(page):
    hidden = page.browser.run("return document.getElementById('no-samples').hidden")
    assert hidden == page.has_samples


def a_search_shows_the_matched_share(page):
    fn = page.plain_function()
    if fn is None:
        return
    expression = "^" + re.escape(page.oracle.names[fn]).replace("\\:", ":") + "$"
    expected = percent(page.oracle.matched(expression)) + " matched"
    shown = page.search(expression)
    assert shown.startswith(expected), (expression, expected, shown)
    shown = page.search("main|[incomplete")  # not a regular expression
    assert "searched as text" in shown, shown
    page.browser.press("Escape")
    assert page.browser.run("return document.getElementById('matched').hidden")


def enter_zooms_into_the_widest_process(page):
    name, _, share = page.oracle.heaviest_child("process")
    page.focus_graph()
    page.browser.press("ArrowDown")
    status = page.browser.text("#status")
    assert status.startswith(name[:200]), (name, status)
    assert percent(share) in status, (percent(share), status)
    page.browser.press("Enter")
    assert page.crumbs() == ["all", page.crumbs()[1]] and page.crumbs()[1][:60] == name[:60]
    page.browser.click("#crumbs li:first-child button")
    assert page.crumbs() == ["all"]


def a_click_zooms_and_the_back_button_returns(page):
    name, _, _ = page.oracle.heaviest_child("process")
    page.browser.point("#flame .overlay", 8, 30, click=True)
    assert len(page.crumbs()) == 2 and page.crumbs()[1][:60] == name[:60], page.crumbs()
    page.browser.run("history.back()")
    page.browser.wait("return document.querySelectorAll('#crumbs li').length === 1")


def the_tooltip_has_name_and_share(page):
    name, _, share = page.oracle.heaviest_child("process")
    page.browser.point("#flame .overlay", 10, 30)
    shown = page.browser.text("#tooltip")
    assert shown.startswith(name[:600]) and percent(share) in shown, shown[:200]


def the_table_has_the_right_numbers(page):
    oracle = page.oracle
    page.browser.click("[data-view=table]")
    if oracle.is_diff:
        return
    own, total = oracle.totals(oracle.first)
    page.browser.click("th[data-column=total] button")
    assert page.browser.run(
        "return document.querySelector('th[data-column=total]').ariaSort") == "descending"
    best = sorted(total.values(), reverse=True)[:8]
    shown = page.browser.run(
        "return [...document.querySelectorAll(arguments[0])].slice(0, 8)"
        ".map((row) => [Number(row.dataset.function), row.cells[2].textContent,"
        " row.cells[3].textContent])", TABLE_ROWS)
    for (fn, self_cell, total_cell), value in zip(shown, best, strict=True):
        assert total[fn] == value, (fn, total[fn], value)
        assert total_cell.endswith(percent(oracle.share(value))), total_cell
        expected = percent(oracle.share(own[fn])) if own[fn] else "0"
        assert self_cell.endswith(expected), (self_cell, expected)


def the_table_sorts_by_name_and_makes_only_visible_rows(page):
    browser = page.browser
    browser.click("[data-view=table]")
    browser.click("th[data-column=name] button")
    names = [name.lower() for name in page.oracle.names]
    shown = browser.run("return [...document.querySelectorAll(arguments[0])].slice(0, 15)"
                        ".map((row) => Number(row.dataset.function))", TABLE_ROWS)
    ordered = [names[fn] for fn in shown if fn < len(names)]
    assert ordered == sorted(ordered, key=lambda name: name.encode("utf-16-be")), ordered
    assert len(browser.texts(TABLE_ROWS)) < 120
    browser.run("const s = document.querySelector('.table-scroller'); s.scrollTop = s.scrollHeight")
    browser.settle()
    last = browser.run("return [...document.querySelectorAll(arguments[0])].at(-1).ariaRowIndex",
                       TABLE_ROWS)
    count = browser.run("return document.querySelector('.functions').ariaRowCount")
    assert last == count, (last, count)


def a_row_opens_its_sandwich(page):
    browser, oracle = page.browser, page.oracle
    page.open("#view=table&sort=-total")
    fn = page.plain_function()
    if fn is None:
        return
    page.search("^" + re.escape(oracle.names[fn]).replace("\\:", ":") + "$")
    browser.click(f"#table tr[data-function='{fn}']")
    title = browser.text(".sandwich-title")
    _, total = oracle.totals(oracle.first)
    assert title.startswith(oracle.names[fn]) and percent(oracle.share(total[fn])) in title, title
    page.focus_graph(".half:first-child .overlay")
    browser.press("ArrowUp")
    if not oracle.is_diff:
        name, share = oracle.heaviest_caller(fn)
        status = browser.text("#status")
        assert status.startswith(name[:200]) and f"total {percent(share)}" in status, (name, status)
    page.open()


def groups_change_what_stands_first(page):
    for group in ("none", "thread", "process"):
        page.browser.run(
            "const g = document.getElementById('group'); g.value = arguments[0];"
            "g.dispatchEvent(new Event('change'))", group)
        path = []
        page.focus_graph()
        for _ in range(2 if group == "thread" else 1):
            name, _, _ = page.oracle.heaviest_child(group, path)
            path.append(name)
            page.browser.press("ArrowDown")
        page.browser.press("Enter")
        shown = [crumb[:60] for crumb in page.crumbs()[1:]]
        assert shown == [name[:60] for name in path], (group, path, shown)


def a_focus_keeps_only_stacks_through_a_frame(page):
    name, _, share = page.oracle.heaviest_child("process")
    page.open()
    page.focus_graph()
    page.browser.press("ArrowDown", "f")
    assert name[:40] in page.browser.text(".chip")
    page.browser.press("Home")
    status = page.browser.text("#status")
    assert status.startswith("all") and percent(share) in status, status
    page.browser.click(".chip")
    assert page.browser.text(".chip") is None


def a_link_leads_to_the_same_view(page):
    browser = page.browser
    page.open()
    browser.run("const g = document.getElementById('group'); g.value = 'thread';"
                "g.dispatchEvent(new Event('change'))")
    page.focus_graph()
    browser.press("ArrowDown", "ArrowDown", "Enter")
    browser.press("i")
    page.search("a.*e")
    look = ("return [document.getElementById('crumbs').textContent,"
            "document.getElementById('matched').textContent,"
            "document.getElementById('group').value, document.getElementById('flip').textContent,"
            "document.getElementById('query').value]")
    before, address = browser.run(look), browser.address()
    browser.open(address)
    assert browser.run(look) == before, (address, before, browser.run(look))
    assert len(page.crumbs()) >= 3 and before[2] == "thread" and "Flame" in before[3], before
    for fragment in ("#zoom=99999999&fn=123456789&view=x&group=y&sort=z", "#%%%&zoom=-1&q=%ff"):
        page.open(fragment)
        assert page.crumbs()[:1] == ["all"]
    page.open()


def keys_work_everywhere(page):
    browser = page.browser
    page.open()
    theme = "return document.documentElement.dataset.theme"
    before = browser.run(theme)
    browser.press("d")
    assert browser.run(theme) != before
    browser.press("d", "?")
    assert browser.run("return document.getElementById('keys').open")
    browser.press("Escape")
    assert not browser.run("return document.getElementById('keys').open")
    browser.press("p")
    panel = browser.text("#panel")
    taken = page.oracle.header["profiles"][0]["ledger"]["taken"]
    assert f"{taken:,}" in panel or taken == 0, panel
    browser.press("p", "t")
    assert not browser.run("return document.getElementById('table').hidden")
    browser.press("t", "/")
    assert browser.run("return document.activeElement.id") == "query"
    browser.press("Escape")


def new_and_gone_functions_are_found(page):
    oracle = page.oracle
    if not oracle.is_diff:
        return
    _, before = oracle.totals(oracle.first)
    _, after = oracle.totals(oracle.second)
    for label, here, there in (("new", after, before), ("gone", before, after)):
        page.open("#view=table&sort=name&q=" + label)
        marked = page.browser.run(
            "return [...document.querySelectorAll('#table tr[data-function]')].filter("
            "(row) => row.querySelector('.state')).map((row) => Number(row.dataset.function))")
        expected = {fn for fn, value in here.items() if value > 0 and there[fn] == 0}
        assert set(marked) == expected, (label, marked, expected)
    page.open("#view=table&sort=-delta")
    own_before, _ = oracle.totals(oracle.first)
    own_after, _ = oracle.totals(oracle.second)
    change = {fn: oracle.share(own_after[fn], 1) - oracle.share(own_before[fn])
              for fn in set(own_before) | set(own_after)}
    top = max(change, key=lambda fn: abs(change[fn]))
    cell = page.browser.run(
        "const row = document.querySelector('#table tr[data-function]');"
        "return [Number(row.dataset.function), row.cells[4].textContent]")
    sign = "+" if change[top] > 0 else "−"
    assert cell == [top, f"{sign}{abs(change[top]) * 100:.2f} pp"], (cell, top, change[top])


def nothing_was_refused_or_went_wrong(page):
    page.open()
    messages = page.browser.log()
    assert messages == [], messages


def injected_code_and_connections_are_refused(page):
    ran = page.browser.run(
        "const script = document.createElement('script'); script.textContent = 'window.pwned = 9';"
        "document.body.append(script); return window.pwned ?? null")
    assert ran is None
    refused = page.browser._call("POST", "/execute/async", {"args": [], "script":
        "const done = arguments[0]; fetch('http://127.0.0.1:9/')"
        ".then(() => done('allowed'), () => done('refused'))"})
    assert refused == "refused"
    assert any("Content Security Policy" in message for message in page.browser.log())


ALWAYS = [
    the_policy_allows_only_the_pages_own_code, the_graph_is_drawn, an_empty_profile_says_so,
    keys_work_everywhere,
]
WITH_SAMPLES = [
    a_search_shows_the_matched_share, enter_zooms_into_the_widest_process,
    a_click_zooms_and_the_back_button_returns, the_tooltip_has_name_and_share,
    the_table_has_the_right_numbers, the_table_sorts_by_name_and_makes_only_visible_rows,
    a_row_opens_its_sandwich, groups_change_what_stands_first,
    a_focus_keeps_only_stacks_through_a_frame, a_link_leads_to_the_same_view,
    new_and_gone_functions_are_found,
]
AT_THE_END = [
    names_are_text_and_nothing_else, nothing_was_refused_or_went_wrong,
    injected_code_and_connections_are_refused,
]


def tests_for(page):
    if page.oracle.latency is not None:
        return [the_policy_allows_only_the_pages_own_code, *LATENCY, *AT_THE_END]
    tabs = SEVERAL if len(page.oracle.labels) > 1 and not page.oracle.is_diff \
        else [one_profile_has_no_tabs]
    return ALWAYS + (WITH_SAMPLES if page.has_samples else []) + tabs + AT_THE_END


def main(files):
    if not files:
        sys.exit("usage: test_viewer.py FILE.html...")
    passed = failed = 0
    with Browser() as browser:
        for file in files:
            page = Page(browser, file)
            tests = tests_for(page)
            for test in tests:
                label = f"{pathlib.Path(file).name}: {test.__name__.replace('_', ' ')}"
                try:
                    page.oracle.select(0)
                    page.open() if test not in AT_THE_END else None
                    test(page)
                    passed += 1
                    print(f"ok   {label}")
                except Exception:
                    failed += 1
                    print(f"FAIL {label}\n{traceback.format_exc()}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
