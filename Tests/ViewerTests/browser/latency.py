"""What a page of latencies has to do."""

import collections
import json
import math

from oracle import printable


def upper(bucket):
    return 0 if bucket == -2 else 2 ** ((bucket + 1) / 4)


def bucket_of(value):
    if value == 0:
        return -2
    bucket = math.ceil(math.log2(value) * 4) - 1
    while value > upper(bucket):
        bucket += 1
    while value <= 2 ** (bucket / 4):
        bucket -= 1
    return bucket


class Row:
    """One row of the report, computed without the page."""

    def __init__(self, fields):
        self.fields = fields
        histogram = fields["histogram"]
        self.counts = {histogram["first"] + index: count
                       for index, count in enumerate(histogram["counts"]) if count}
        if histogram["zero"]:
            self.counts[-2] = histogram["zero"]
        self.samples = range(fields["exemplars"], fields["exemplars"] + fields["exemplar_count"])

    def place(self, rank):
        """The bucket of a rank, and the part of its values up to there."""
        left = max(1, math.ceil(sum(self.counts.values()) * rank))
        for bucket in sorted(self.counts):
            if left <= self.counts[bucket]:
                return bucket, left / self.counts[bucket]
            left -= self.counts[bucket]
        return None, None

    def quantile_bucket(self, rank):
        return self.place(rank)[0]

    def quantile(self, rank):
        bucket, part = self.place(rank)
        if bucket is None:
            return None
        lower = 0 if bucket == -2 else 2 ** (bucket / 4)
        return min(lower + (upper(bucket) - lower) * part, self.fields["maximum"] or math.inf)


def rows_of(page):
    return [Row(fields) for fields in page.oracle.latency["rows"]]


def exemplars_in(page, row, keep):
    values = page.oracle.columns[3]
    return [sample for sample in row.samples if keep(bucket_of(values[sample]))]


def walk_down(page):
    """The names of the widest frames from the root on, as the page tells them."""
    page.focus_graph("#flame .overlay")
    page.browser.press("Home")
    names = []
    while len(names) < 300:
        page.browser.run("document.getElementById('status').textContent = ''")
        page.browser.press("ArrowDown")
        status = page.browser.text("#status")
        if status == "":  # a leaf has nowhere to go
            break
        names.append(status.rsplit(" — ", 1)[0])
    return names


def widest_path(page, samples):
    oracle = page.oracle
    oracle.use(samples)
    stacks = [oracle.prefix(row) + [oracle.names[fn] for fn in oracle.path(row)[::-1]]
              for row in range(len(oracle.node))]
    path = []
    while True:
        weights = collections.Counter()
        for stack, value in zip(stacks, oracle.first):
            if stack[:len(path)] == path and len(stack) > len(path):
                weights[stack[len(path)]] += value
        if not weights:
            return path
        path.append(weights.most_common(1)[0][0])


def the_table_has_the_rows_with_their_numbers(page):
    oracle = page.oracle
    shown = page.browser.run(
        "return [...document.querySelectorAll('#rows tr[data-row]')].map((row) =>"
        " [...row.cells].slice(0, 8).map((cell) => cell.textContent))")
    rows = rows_of(page)
    assert len(shown) == len(rows)
    for cells, row in zip(shown, rows):
        fields = row.fields
        assert cells[0] == (printable(fields["name"]) or "[unnamed]")[:200], cells
        assert cells[2] == f"{float(fields['count']):,.0f}" or fields["count"] > 2**53, cells
        assert cells[3] == f"{sum(one['count'] for one in fields['failures']):,}", cells
        if not row.counts:
            assert cells[4:7] == ["–"] * 3, cells
            continue
        for cell, rank in zip(cells[4:7], (0.5, 0.9, 0.99)):
            expected = oracle.formatted(row.quantile(rank), fields["unit"])
            assert cell == expected, (cell, expected, rank)
        assert cells[7] == oracle.formatted(
            fields["maximum"] or row.quantile(1), fields["unit"]), cells


def the_quantiles_are_those_that_the_command_printed(page):
    """What `wick latency -o PAGE --json` printed stands beside the page, where it was kept."""
    file = page.path.with_suffix(".json")
    if not file.exists():
        return
    told = {(row["pid"], row["name"], row["process"]): row
            for row in json.loads(file.read_text().splitlines()[-1])["rows"]}
    shown = page.browser.run(
        "return [...document.querySelectorAll('#rows tr[data-row]')].map((row) =>"
        " ['p50', 'p90', 'p99', 'max'].map((column) =>"
        " row.querySelector(`[data-column=${column}]`).textContent))")
    compared = 0
    for cells, row in zip(shown, rows_of(page)):
        fields = row.fields
        printed = told[fields["pid"], fields["name"], fields["process"]]
        for cell, column in zip(cells, ("p50_s", "p90_s", "p99_s", "max_s")):
            if not row.counts:
                assert cell == "–" and not printed[column], (cell, printed)
                continue
            # Seconds in decimals are not the page's nanoseconds to the last bit.
            near = [page.oracle.formatted(printed[column] * 1e9 * (1 + error), fields["unit"])
                    for error in (-1e-9, 0, 1e-9)]
            assert cell in near, (cell, near, column, fields["name"])
            compared += 1
    assert compared > 20, f"{compared} numbers"


def the_bars_are_the_buckets(page):
    for index, row in enumerate(rows_of(page)[:25]):
        page.open(f"#row={index}")
        bars = dict(page.browser.run(
            "return [...document.querySelectorAll('#histogram .bucket')].map((bar) =>"
            " [Number(bar.dataset.bucket), Number(bar.dataset.count)])"))
        assert {bucket: count for bucket, count in bars.items() if count} == row.counts
        heights = page.browser.run(
            "return [...document.querySelectorAll('#histogram .bucket')].map((bar) =>"
            " [Number(bar.dataset.count), Number(bar.querySelector('.bar').getAttribute('height'))])")
        for count, height in heights:
            assert (height >= 2) == (count > 0), (count, height)
        ordered = sorted(heights)
        assert all(a[1] <= b[1] for a, b in zip(ordered, ordered[1:])), ordered


def a_click_on_a_bucket_shows_the_stacks_of_its_exemplars(page):
    done = 0
    for index, row in enumerate(rows_of(page)):
        buckets = sorted({bucket_of(page.oracle.columns[3][sample]) for sample in row.samples})
        for bucket in buckets[-3:] if done < 12 else []:
            samples = exemplars_in(page, row, lambda own: own == bucket)
            page.open(f"#row={index}")
            page.browser.click(f"#histogram .bucket[data-bucket='{bucket}'] .hit")
            assert f"bucket={bucket}" in page.browser.address(), (bucket, page.browser.address())
            title = page.browser.text("#stacks-title")
            assert title.startswith(f"Stacks of {len(samples)} exemplar"), (title, len(samples))
            path = widest_path(page, samples)
            if not sum(page.oracle.first):
                continue
            shown = walk_down(page)
            assert [name[:60] for name in shown] == [name[:60] for name in path], (shown, path)
            done += 1


def from_a_slow_bucket_to_the_slow_function(page):
    """The fixture has one slow path in 200 requests, which only the slow buckets lead to."""
    if "scan_all_orders" not in page.oracle.names:
        return
    browser, row = page.browser, rows_of(page)[0]
    browser.click("#rows tr[data-row='0'] td[data-column=p99]")
    assert f"bucket={row.quantile_bucket(0.99)}&above=1" in browser.address()
    assert "scan_all_orders" in walk_down(page)
    browser.click(f"#histogram .bucket[data-bucket='{row.quantile_bucket(0.5)}'] .hit")
    shown = walk_down(page)
    assert "ask_stock" in shown and "scan_all_orders" not in shown, shown
    browser.click(f"#histogram .bucket[data-bucket='{row.quantile_bucket(0.999)}'] .hit")
    shown = walk_down(page)
    assert "scan_all_orders" in shown and "ask_stock" not in shown, shown
    assert "find_similar" in shown


def the_way_to_the_slow_function_needs_no_mouse(page):
    if "scan_all_orders" not in page.oracle.names:
        return
    browser = page.browser
    browser.press("r", "ArrowDown")
    assert browser.run("return document.querySelector('#rows .chosen').dataset.row") == "1"
    browser.press("Home", "h", "End")
    highest = max(rows_of(page)[0].counts)
    assert f"bucket={highest}" in browser.address(), browser.address()
    assert "scan_all_orders" in walk_down(page)
    browser.press("h", "Home", "ArrowRight", "Shift+ArrowRight")
    third = sorted(rows_of(page)[0].counts)[2]
    assert f"bucket={third}&above=1" in browser.address(), browser.address()
    browser.press("3")
    assert f"bucket={rows_of(page)[0].quantile_bucket(0.99)}&above=1" in browser.address()
    browser.press("x")
    browser.press("Enter")
    assert browser.text("#stacks-title").startswith("Stacks of 1 exemplar"), browser.address()
    assert browser.run("return document.activeElement.ariaPressed") == "true"
    browser.press("Enter", "a")
    assert browser.address().endswith(".html"), browser.address()


def the_heat_map_leads_to_a_bucket_in_an_interval(page):
    browser = page.browser
    intervals = len(page.oracle.latency["interval_us"])
    if intervals < 2:
        assert browser.run("return document.getElementById('heatmap').hidden")
        return
    row = next(((index, row) for index, row in enumerate(rows_of(page))
                if row.samples and row.fields["over_time"]), None)
    if row is None:
        return
    page.open(f"#row={row[0]}")
    colors = browser.run(
        "const c = document.querySelector('#heatmap canvas');"
        "const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        "const seen = new Set(); for (let i = 0; i < d.length; i += 4)"
        " if (d[i + 3] === 255) seen.add(d[i] << 16 | d[i + 1] << 8 | d[i + 2]); return seen.size")
    assert colors >= 2, colors
    browser.press("m", "ArrowUp", "ArrowRight", "ArrowRight", "Enter")
    address = browser.address()
    assert "at=2" in address and f"bucket={max(row[1].counts)}" in address, address
    starts = page.oracle.latency["interval_us"]
    values, times = page.oracle.columns[3], page.oracle.latency["exemplar_us"]
    ends = starts[1:] + [math.inf]
    samples = [sample for sample in row[1].samples
               if bucket_of(values[sample]) == max(row[1].counts)
               and starts[2] <= times[sample] < ends[2]]
    title = browser.text("#stacks-title")
    assert title.startswith(f"Stacks of {len(samples)} exemplar"), (title, samples)
    box = browser.run("const b = document.querySelector('#heatmap canvas').getBoundingClientRect();"
                      "return [b.width, b.height]")
    browser.point("#heatmap canvas", box[0] / 2, box[1] / 2)
    assert "values" in browser.text("#tooltip")
    browser.point("#heatmap canvas", box[0] * 0.9, box[1] / 2, click=True)
    assert "at=" in browser.address() and browser.address() != address


def an_empty_bucket_names_the_nearest_with_exemplars(page):
    for index, row in enumerate(rows_of(page)):
        have = {bucket_of(page.oracle.columns[3][sample]) for sample in row.samples}
        without = [bucket for bucket in row.counts if bucket not in have]
        if not without or not have:
            continue
        page.open(f"#row={index}&bucket={without[0]}")
        assert not page.browser.run("return document.getElementById('no-stacks').hidden")
        page.browser.click("#nearest")
        nearest = int(page.browser.run("return new URLSearchParams(location.hash.slice(1)).get('bucket')"))
        assert nearest in have, (nearest, have)
        assert min(abs(one - without[0]) for one in have) == abs(nearest - without[0])
        return


def an_exemplar_can_be_looked_at_alone(page):
    browser = page.browser
    index = next((index for index, row in enumerate(rows_of(page)) if len(row.samples) > 1), None)
    if index is None:
        return
    page.open(f"#row={index}")
    values = page.oracle.columns[3]
    slowest = max(rows_of(page)[index].samples, key=lambda sample: (values[sample], -sample))
    first = browser.run("return Number(document.querySelector('#exemplars button').dataset.sample)")
    assert first == slowest, (first, slowest)
    text = browser.text("#exemplars button")
    unit = rows_of(page)[index].fields["unit"]
    assert text.startswith(page.oracle.formatted(values[slowest], unit)), text
    assert f"tid {page.oracle.tids[page.oracle.columns[1][slowest]]}" in text, text
    browser.click("#exemplars button")
    assert f"exemplar={slowest}" in browser.address()
    assert browser.text("#stacks-title").startswith("Stacks of 1 exemplar")
    assert walk_down(page) == [name for name in widest_path(page, [slowest])]


def the_rows_sort_and_filter(page):
    browser, rows = page.browser, rows_of(page)
    numbers = ("return [...document.querySelectorAll('#rows tr[data-row]')]"
               ".map((row) => Number(row.dataset.row))")
    browser.click("#rows th[data-column=count] button")
    order = browser.run(numbers)
    assert order == sorted(order, key=lambda row: (-rows[row].fields["count"], row)), order
    browser.click("#rows th[data-column=p99] button")
    order = browser.run(numbers)
    assert order == sorted(
        order, key=lambda row: (-(rows[row].quantile(0.99) if rows[row].counts else -1), row)), order
    browser.type("#query", "a")
    browser.wait("return new URLSearchParams(location.hash.slice(1)).get('q') === 'a'")
    found = {index for index, row in enumerate(rows) if "a" in (
        printable(row.fields["name"]) + printable(row.fields["process"] or "[unknown process]")).lower()}
    assert set(browser.run(numbers)) >= found - {
        index for index in found if not rows[index].fields["name"]}, (browser.run(numbers), found)
    browser.type("#query", "(((")
    browser.wait("return !document.querySelector('#rows .empty').hidden")
    browser.press("Escape")
    assert len(browser.run(numbers)) == len(rows)


def a_link_and_the_back_button_lead_to_the_same_view(page):
    browser = page.browser
    index = next((index for index, row in enumerate(rows_of(page)) if row.samples), None)
    if index is None:
        return
    browser.click(f"#rows tr[data-row='{index}'] td.process")
    browser.click("#histogram .tools button:nth-child(2)")
    browser.press("v", "ArrowDown", "Enter", "i", "l", "g")
    look = ("return ['stacks-title', 'crumbs', 'flip', 'status'].slice(0, 3).map((id) =>"
            " document.getElementById(id).textContent).concat("
            "document.querySelector('#rows .chosen').dataset.row,"
            "[...document.querySelectorAll('#histogram .chosen')].map((one) => one.dataset.bucket))")
    before, address = browser.run(look), browser.address()
    browser.open(address)
    assert browser.run(look) == before, (address, before, browser.run(look))
    assert "Flame" in before[2] and "counts=linear" in address and "group=thread" in address, address
    page.open(f"#row={index}")
    title = browser.text("#stacks-title")
    browser.click("#histogram .tools button:nth-child(4)")
    assert "bucket=" in browser.address()
    browser.run("history.back()")
    browser.wait("return !location.hash.includes('bucket')")
    browser.settle()
    assert browser.text("#stacks-title") == title
    for fragment in ("#row=99999&bucket=-7&at=1e9&exemplar=-1&zoom=9999999&group=x&sort=y",
                     "#%%%&row=-1&up=%ff", "#bucket=256&above=1&at=0"):
        page.open(fragment)
        assert browser.text("#stacks-title").startswith("Stacks of")
        assert page.browser.run("return document.querySelectorAll('#rows .chosen').length") == 1


def keys_and_panel_work(page):
    browser = page.browser
    theme = "return document.documentElement.dataset.theme"
    before = browser.run(theme)
    browser.press("d")
    assert browser.run(theme) != before
    browser.press("d", "?")
    assert browser.run("return document.getElementById('keys').open")
    browser.press("Escape", "p")
    panel = browser.text("#panel")
    assert f"{page.oracle.header['profiles'][0]['ledger']['taken']:,}" in panel or not len(
        page.oracle.columns[0]), panel
    for note in page.oracle.latency["notes"]:
        assert printable(note) in panel, panel
    browser.press("p", "/")
    assert browser.run("return document.activeElement.id") == "query"
    browser.press("Escape")


def a_report_without_rows_says_so(page):
    if page.oracle.latency["rows"]:
        return
    assert "Nothing was measured" in page.browser.text("#rows .empty")
    assert "No exemplar" in page.browser.text("#no-stacks")
    page.browser.press("r", "ArrowDown", "h", "ArrowRight", "End", "m", "Enter", "v", "ArrowDown",
                       "1", "a", "x", "Backspace")


LATENCY = [
    keys_and_panel_work, the_table_has_the_rows_with_their_numbers,
    the_quantiles_are_those_that_the_command_printed, the_bars_are_the_buckets,
    a_click_on_a_bucket_shows_the_stacks_of_its_exemplars, from_a_slow_bucket_to_the_slow_function,
    the_way_to_the_slow_function_needs_no_mouse, the_heat_map_leads_to_a_bucket_in_an_interval,
    an_empty_bucket_names_the_nearest_with_exemplars, an_exemplar_can_be_looked_at_alone,
    the_rows_sort_and_filter, a_link_and_the_back_button_lead_to_the_same_view,
    a_report_without_rows_says_so,
]
