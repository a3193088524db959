"""The live page in headless Chromium: what it shows of a run with hostile texts, of a fresh start, and after an outage.

usage: page_test.py DASHBOARD_SERVER CHROMIUM [SCREENSHOT_FOLDER]
"""
import contextlib
import html.parser
import os
import re
import subprocess
import sys
import tempfile

SERVER, CHROMIUM = sys.argv[1:3]
PICTURES = sys.argv[3] if len(sys.argv) > 3 else None


@contextlib.contextmanager
def serving(kind):
    server = subprocess.Popen([SERVER, kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield "http://" + server.stdout.readline().strip() + "/"
    finally:
        server.stdin.close()
        server.wait(10)


def browse(url, *more):
    """The document after some seconds of the browser's own (virtual) time, and what its console said."""
    with tempfile.TemporaryDirectory() as profile:
        run = subprocess.run(
            [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync", f"--user-data-dir={profile}",
             "--enable-logging=stderr", "--v=0", "--virtual-time-budget=9000", "--timeout=60000", *more, url],
            capture_output=True, timeout=110, env={**os.environ, "HOME": profile, "TZ": "UTC"})
    document = run.stdout.decode(errors="replace")
    console = [line for line in run.stderr.decode(errors="replace").splitlines() if ":CONSOLE" in line]
    return document, console


class Page(html.parser.HTMLParser):
    """Text by the id of the innermost element that has one, the elements seen, and the attributes."""

    VOID = {"meta", "link", "img", "br", "input", "hr"}

    def __init__(self, document):
        super().__init__(convert_charrefs=True)
        self.stack, self.text, self.elements = [], {}, []
        self.feed(document)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.elements.append((tag, attributes))
        if tag not in self.VOID:
            self.stack.append((tag, attributes.get("id")))

    def handle_endtag(self, tag):
        if tag in (name for name, _ in self.stack):
            while self.stack.pop()[0] != tag:
                pass

    def handle_data(self, data):
        for name in {identity for _, identity in self.stack if identity}:
            self.text[name] = self.text.get(name, "") + data

    def of(self, identity):
        return self.text.get(identity, "")


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def shows(page, identity, *texts):
    for text in texts:
        expect(text in page.of(identity), f"#{identity} lacks {text!r}: {page.of(identity)!r}")


def check_run():
    with serving("run") as url:
        document, console = browse(url, "--dump-dom")
    page = Page(document)
    expect(not console, f"the console says: {console}")
    shows(page, "connection", "live")
    shows(page, "phase", "sample")
    shows(page, "run", "addition", "star")
    shows(page, "tiles", "78.1 %", "37.5 %", "1.3", "at most 3", "v5", "scored by v6", "1234")
    shows(page, "round-text", "round 3: 250 of 1000")
    shows(page, "rates", "512.5", "20.5 k", "9.5")
    shows(page, "roles", "generate_pool", "the curriculum", "4 s", "<b>the ratio limiter</b>", "61 s")
    shows(page, "device", "trainer inside for 12 ms")
    shows(page, "stages", "11", "22", "33", "44")
    shows(page, "trouble", "trainer is stalled <i>now</i>")
    shows(page, "accuracy-legend", "generator", "verifier", "Best-of-k", "majority@k")
    shows(page, "candidates-legend", "Pass@k", "weighted")
    shows(page, "accuracy", "v5", "v4, round 3, greedy (k = 64), refused: 60.0 %", "v6, round 0, Best-of-k (k = 16): 90.6 %")
    shows(page, "candidates", "64", "k = 16, Pass@k: 94.5 %")
    # The model's texts: all there, as text.
    shows(page, "kept", "1 + 3 = 4\nanswer 46", "<script>document.title='owned'</script>",
          "</pre></script><img src=x onerror=\"document.title='owned'\"><svg onload=\"document.title='owned'\">")
    shows(page, "rejected", "NULU+0000 escapeU+001B[31m overrideU+202Edrawkcab", "zeroU+200Bwidth", "bad \ufffd\ufffd( bytes", "… cut",
          "${document.title='owned'}", "{{constructor")
    for raw in ("\0", "\x1b", "\u202e", "\u200b", "never shown"):
        expect(raw not in document, f"{raw!r} is in the page as it is")
    # And nothing of them is markup, ran, or was loaded.
    expect("owned" not in re.search("<title>(.*?)</title>", document).group(1), "a rationale's script ran")
    expect("78.1 %" in re.search("<title>(.*?)</title>", document).group(1), "the title does not show the accuracy")
    names = [name for name, _ in page.elements]
    expect("img" not in names and names.count("script") == 1, f"elements out of a rationale: {names}")
    for name, attributes in page.elements:
        expect(not [key for key in attributes if key.startswith("on") or key == "style"], f"{name}: {attributes}")


def check_fresh_start():
    with serving("empty") as url:
        document, console = browse(url, "--dump-dom")
    page = Page(document)
    expect(not console, f"the console says: {console}")
    shows(page, "connection", "live")
    shows(page, "phase", "starting")
    shows(page, "kept", "None yet.")
    shows(page, "rejected", "None yet.")
    shows(page, "accuracy", "No version has been evaluated yet.")
    shows(page, "candidates", "Nothing measured")
    for identity in ("tiles", "rates", "round-text", "store"):
        expect(page.of(identity) and not re.search("NaN|undefined|null", page.of(identity)), page.of(identity))


def check_outage():
    with serving("restarts") as url:
        document, _ = browse(url, "--dump-dom")
    page = Page(document)
    shows(page, "connection", "live")
    shows(page, "tiles", "78.1 %")


def take_pictures():
    with serving("run") as url:
        for name, more in (("light", []), ("dark", ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"]),
                           ("phone", ["--window-size=500,2600"])):
            size = [] if any("window-size" in one for one in more) else ["--window-size=1280,1500"]
            browse(url, f"--screenshot={PICTURES}/{name}.png", "--hide-scrollbars", *size, *more)
    with serving("empty") as url:
        browse(url, f"--screenshot={PICTURES}/empty.png", "--hide-scrollbars", "--window-size=1280,1100")


check_run()
check_fresh_start()
check_outage()
if PICTURES:
    take_pictures()
print("the page shows what it should")
