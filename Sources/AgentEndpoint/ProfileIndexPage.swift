/// What a browser gets for `/debug/pprof/`.
enum ProfileIndexPage {
  static let html = """
    <!DOCTYPE html>
    <html lang="en">
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>Profiles of this host</title>
    <h1>Profiles of this host</h1>
    <form action="/debug/pprof/profile">
    <p><label>Process <input name="pid" inputmode="numeric" pattern="[0-9]+" size="8" required></label>
    <label>Seconds <input name="seconds" type="number" min="1" max="300" value="10" required></label>
    <button>Profile it</button>
    <button formaction="/debug/pprof/offcpu">Profile its waits</button>
    <button formaction="/debug/pprof/allocs">Profile its allocations</button>
    </form>
    <form action="/debug/pprof/profile">
    <p>The whole host
    <label>Seconds <input name="seconds" type="number" min="1" max="300" value="10" required></label>
    <button>Profile it</button>
    <button formaction="/debug/pprof/offcpu">Profile its waits</button>
    </form>
    <p>The answer is a pprof file. From a shell:
    <pre>go tool pprof 'http://HOST:PORT/debug/pprof/profile?pid=PID&amp;seconds=10'</pre>
    </html>

    """
}
