"""The HTML page: in a real browser, without a network, with data that would like to be code."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import plotly.graph_objects
import pytest
from jinja2 import UndefinedError
from markupsafe import Markup
from support.chromium import find_chromium
from support.made_up_trials import HOSTILE, findings, images, texts, trials

import tuner.report
from tuner.report.findings import Findings
from tuner.report.make import Report, write_report
from tuner.report.page import TEMPLATES, Block, Section, render_page, render_table, render_template
from tuner.report.page_trials import trials_block

CHARTS = 7 + 4 + 1  # curves, confusion, roc twice, history, importance, parallel, learning, and a slice each


@dataclass(frozen=True)
class Browsed:
    """A page in the browser, after its scripts have run."""

    dom: str
    console: list[str]
    """What scripts and the browser have to say about the page, errors among it."""
    requests: list[str]
    """What the page has asked the network for."""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return write(findings(trials(14), images([HOSTILE, "b", "c"], 60)), tmp_path_factory.mktemp("a # folder"))


@pytest.fixture(scope="module")
def browsed(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Browsed:
    return browse(report.page, tmp_path_factory.mktemp("browser"))


def write(found: Findings, folder: Path) -> Report:
    made = write_report(found, folder)
    assert not made.failed
    return made


def browse(page: Path, scratch: Path) -> Browsed:
    command = [
        find_chromium(),
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"),
        *("--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={scratch / 'profile'}"),
        *("--window-size=1150,4000", "--virtual-time-budget=20000", "--enable-logging=stderr"),
        *(f"--log-net-log={scratch / 'net.json'}", "--dump-dom", page.as_uri()),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    events = json.loads((scratch / "net.json").read_text(encoding="utf-8"))["events"]
    asked = [event["params"] for event in events if "initiator" in event.get("params", {})]
    # The browser asks for dictionaries and the like on its own account: those requests have no page as their origin.
    requests = [each["url"] for each in asked if each["initiator"] != "not an origin"]
    return Browsed(done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line], requests)


class Tags(HTMLParser):
    """All tags with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def charts_of(page: Path) -> list[dict[str, object]]:
    found = re.search(r'<script id="charts" type="application/json">(.*?)</script>', page.read_text(encoding="utf-8"))
    assert found
    charts: list[dict[str, object]] = json.loads(found[1])
    return charts


def render_of(block: Block) -> str:
    """A page with this section alone."""
    return render_page(title="t", heading=Markup(), sections=[Section(key="k", title="k", block=block)], footer="")


def test_every_chart_draws_in_a_browser_without_errors_or_requests(browsed: Browsed) -> None:
    assert not browsed.console
    assert browsed.dom.count('class="chart js-plotly-plot"') == CHARTS
    assert browsed.dom.count('<svg class="main-svg"') >= 2 * CHARTS  # one for the data, one for what lies above
    assert browsed.dom.count('<g class="trace scatter') >= 5 * 2  # all but the bars and the heat map
    assert browsed.dom.count('<g class="trace bars"') == 2  # the noise, and the shares before it
    assert not [url for url in browsed.requests if not url.startswith(("file:", "data:", "blob:"))]


def test_errors_and_requests_of_a_page_are_seen(tmp_path: Path) -> None:
    """So that the test above cannot pass for the wrong reason."""
    page = tmp_path / "page.html"
    page.write_text('<img src="http://x.example/a.png"><script>nothing()</script>')
    seen = browse(page, tmp_path)
    assert [line for line in seen.console if "Uncaught ReferenceError" in line]
    assert "http://x.example/a.png" in seen.requests


def test_names_are_shown_and_never_run(report: Report, browsed: Browsed) -> None:
    for text in (report.page.read_text(encoding="utf-8"), browsed.dom):
        tags = Tags(text).tags
        assert [tag for tag, _ in tags].count("script") == 3
        with_link = [
            (tag, name) for tag, attributes in tags for name, value in attributes.items() if "x.example" in str(value)
        ]
        assert not [name for _, name in with_link if name in ("href", "src", "xlink:href")]
    assert "&lt;script&gt;alert(1)" in browsed.dom


def test_the_page_names_no_file_but_itself_and_forbids_to_ask_for_any(report: Report) -> None:
    tags = Tags(report.page.read_text(encoding="utf-8")).tags
    sources = [a[name] or "" for _, a in tags for name in ("src", "href", "data", "srcset") if name in a]
    assert sources
    assert all(source.startswith(("data:image/png;base64,", "#")) for source in sources)
    [policy] = [a["content"] or "" for tag, a in tags if tag == "meta" and a.get("http-equiv")]
    assert "default-src 'none'" in policy
    assert not re.search(r"https?:", policy)


def test_the_button_that_sends_charts_away_is_not_there(browsed: Browsed) -> None:
    buttons = set(re.findall(r'data-title="([^"]*)"', browsed.dom))
    assert "Download plot as a PNG" in buttons
    assert not [title for title in buttons if "loud" in title or "hare" in title]


def test_plotly_knows_every_attribute_of_the_charts(report: Report) -> None:
    charts = charts_of(report.page)
    assert len(charts) == CHARTS
    for chart in charts:
        plotly.graph_objects.Figure(chart)


def test_points_say_their_trial_and_its_parameters(report: Report) -> None:
    texts_of = [
        text
        for chart in charts_of(report.page)
        for trace in chart["data"]  # type: ignore[attr-defined]
        for text in trace.get("text", [])
        if "trial 5" in str(text)
    ]
    assert len(texts_of) >= 3  # history, parallel coordinates, learning curves
    assert all("optimizer=adam" in text and "dropout=" in text for text in texts_of)


def test_sections_without_anything_to_show_say_why(tmp_path: Path) -> None:
    made = write(findings(trials(3)), tmp_path)
    page = made.page.read_text(encoding="utf-8")
    assert set(made.missing) == {"confusion", "roc", "classification", "samples", "importance", "advice"}
    assert page.count("Not shown: the sweep is not finished") == 5
    assert "Not shown: 3 trials reached epoch 1" in page
    assert len(charts_of(made.page)) == 4 + 4


def test_a_number_that_json_has_not_is_left_out_of_its_chart_and_costs_no_page() -> None:
    chart = {"data": [{"y": [1.0, float("nan"), (float("inf"), 2)]}], "layout": {}, "height": 9}
    page = render_of(Block(charts=(chart,)))
    assert '[{"data":[{"y":[1.0,null,[null,2]]}],"layout":{}}]' in page


def clicked(page: Path, scratch: Path, script: str) -> list[list[str]]:
    """The rows of the table of trials that are seen after a script, which may use `head(name)` and `filter(text)`."""
    helpers = """
      const head = (name) => [...document.querySelectorAll(".trials thead button")].find((b) => b.textContent === name);
      const filter = (text) => {
        const input = document.querySelector(".trials input");
        input.value = text;
        input.dispatchEvent(new Event("input"));
      };
    """
    changed = page.read_text(encoding="utf-8").replace("</body>", f"<script>{helpers}{script}</script></body>")
    copy = page.with_name("clicked.html")
    copy.write_text(changed, encoding="utf-8")
    seen = browse(copy, scratch)
    assert not seen.console
    table = seen.dom[seen.dom.index('<div class="trials">') :]
    rows = re.findall(r"<tr(?: hidden=\"\")?><th scope=\"row\">.*?</tr>", table)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows if "hidden" not in row]


def test_the_table_of_trials_is_sorted_and_filtered(tmp_path: Path) -> None:
    made = write(findings(trials(14)), tmp_path)
    best_first = clicked(made.page, tmp_path / "a", "")
    scores = [float(row[3]) for row in best_first]
    assert [row[1] for row in best_first].count("failed") == 3
    assert scores[:11] == sorted(scores[:11], reverse=True)  # the failed ones come last
    by_lr = clicked(made.page, tmp_path / "b", "head('lr').click(); head('lr').click(); filter('ADAM pruned')")
    assert {(row[1], row[6]) for row in by_lr} == {("pruned", "adam")}
    rates = [float(row[7]) for row in by_lr]
    assert rates == sorted(rates, reverse=True)
    assert len(set(rates)) == len(rates) > 2
    by_momentum = [
        row[9] for row in clicked(made.page, tmp_path / "c", "head('momentum').click(); head('momentum').click()")
    ]
    assert by_momentum[-1] == "" != by_momentum[0]  # what has no value comes last, whatever the direction


def test_a_table_of_thousands_of_trials_is_sorted_and_filtered_too(tmp_path: Path) -> None:
    block = trials_block(trials(5000), lambda _: 9)
    page = tmp_path / "page.html"
    page.write_text(render_of(block), encoding="utf-8")
    few = clicked(page, tmp_path / "b", "head('trial').click(); head('trial').click()")
    assert [int(row[0]) for row in few] == list(range(4999, 4699, -1))  # the rest is behind a button
    every = "document.querySelector('.trials .tools button').click()"
    rows = clicked(page, tmp_path / "a", f"head('trial').click(); filter('done'); {every}")
    assert [int(row[0]) for row in rows] == [n for n in range(5000) if n % 3 == 0 and n % 4 != 3]


def test_the_table_says_what_trials_share_and_why_they_failed(report: Report) -> None:
    page = report.page.read_text(encoding="utf-8")
    assert "The same in all trials: width=1." in page
    assert "<td>1 of 9</td>" in page
    assert page.count("<td>train_loss is nan in epoch 3</td>") == 3
    assert [a.get("scope") for tag, a in Tags(page).tags if tag == "th"].count("col") == 11
    assert page.index('id="trials"') < page.index('id="advice"') < page.index('id="curves"')


def test_a_chart_cannot_end_its_script() -> None:
    hostile = "</script><script>alert(1)</script><!--"
    page = render_of(Block(charts=({"data": [{"name": hostile}], "layout": {}, "height": 9},)))
    assert [tag for tag, _ in Tags(page).tags].count("script") == 3
    assert "alert(1)</script>" not in page
    found = re.search(r'<script id="charts" type="application/json">(.*?)</script>', page)
    assert found
    assert json.loads(found[1])[0]["data"] == [{"name": hostile}]


def test_whatever_is_filled_in_is_escaped_unless_a_template_made_it() -> None:
    hostile = "\"'><img src=x>{{ 7 * 7 }}{% raw %}"
    section = Section(key=hostile, title=hostile, block=Block(caption=hostile, html=hostile))  # type: ignore[arg-type]
    unmade = Section(key="k", title="k", block=None, note=hostile)
    heading = render_table([hostile], [[hostile, hostile]], hostile)
    page = render_page(title=hostile, heading=heading, sections=[section, unmade], footer=hostile)
    assert "<img" not in page
    assert page.count("&lt;img src=x&gt;{{ 7 * 7 }}{% raw %}") == 13
    assert not [tag for tag, attributes in Tags(page).tags if tag == "img" or "src" in attributes]


def test_no_template_turns_the_escaping_off_and_a_missing_value_is_an_error() -> None:
    names = TEMPLATES.list_templates(extensions=["html"])
    assert "page.html" in names
    sources = [(Path(tuner.report.__file__).parent / "templates" / name).read_text(encoding="utf-8") for name in names]
    assert not [source for source in sources if re.search(r"\|\s*safe|autoescape", source)]
    with pytest.raises(UndefinedError):
        render_template("table.html", rows=[])


def test_words_are_marked_by_their_weight(tmp_path: Path) -> None:
    made = write(findings(trials(8), texts(["good", "<b>bold</b>"], attention=True)), tmp_path)
    page = made.page.read_text(encoding="utf-8")
    assert re.search(r'<mark style="--w:1\.00">', page)
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    assert "<b>bold" not in page


def test_a_single_training_has_no_sections_that_compare_trials(tmp_path: Path) -> None:
    alone = findings(trials(1), images(["a", "b"], 40), trials=1)
    made = write(alone, tmp_path)
    assert {Path(name).stem for name in made.files} == {
        *("report", "curves", "confusion", "roc", "classification", "samples")
    }
    assert not made.missing
    assert "Parallel coordinates" not in made.page.read_text(encoding="utf-8")
