import Foundation
import SuperviseReport
import SuperviseTestSupport
import Testing

@Suite("Reports as pages")
struct PageReportTests {
    /// The browser's program, nil where there is none.
    static let browser: String? = {
        let found = ["chromium-headless-shell", "chromium"].first { name in
            ["/usr/bin/", "/usr/local/bin/"].contains {
                FileManager.default.isExecutableFile(atPath: $0 + name)
            }
        }
        if found == nil {
            print(
                "skipped: pages in a browser, since there is no chromium-headless-shell: "
                    + "apt-get install chromium-headless-shell")
        }
        return found
    }()

    @Test("are one file, and nothing in their data can end it")
    func data() throws {
        let page = try PageReport(Hostile.report(), source: Hostile.text, nonce: "0123abc").html()
        let parts = page.split(separator: #"<script type="application/json" id="data">"#)
        try #require(parts.count == 2)
        let end = try #require(parts[1].range(of: "</script>"))
        let data = parts[1][..<end.lowerBound]
        #expect(!data.contains { "<>&\u{2028}\u{2029}".contains($0) })
        #expect(!data.unicodeScalars.contains { "<>&\u{2028}\u{2029}".unicodeScalars.contains($0) })
        _ = try JSONSerialization.jsonObject(with: Data(data.utf8))
        // The page's own elements, and no others.
        let counts = [
            "<script", "</script", "<(img|svg|b)[ >]", "<[a-z][^<>]*(src|href)=[\"'][^#]",
        ]
        .map { pattern in
            (try? Regex(pattern)).map { page.matches(of: $0).count }
        }
        #expect(counts == [2, 2, 0, 0])
    }

    @Test("keep text in its place in a browser, in every field", .enabled(if: browser != nil))
    func hostile() async throws {
        let shown = [
            "window.pwned === undefined && document.title.includes('onerror')",
            // Of the page's own elements only.
            "document.querySelectorAll('img, svg, iframe, object, b').length",
            "document.scripts.length",
            "[...document.querySelectorAll('*')].filter((element) => [...element.attributes]"
                + ".some((one) => one.name.startsWith('on') || one.name === 'autofocus')).length",
            "document.querySelector('#call-list tbody button').click(),"
                + " document.querySelectorAll('#call-list .details dd').length",
            "document.querySelector('#call-list .details').textContent.split('onerror=pwn').length > 8",
            "document.querySelectorAll('img, svg, script:not([nonce]):not(#data)').length",
            // Where text stands, it stands as it is in the log: escaped once, and not twice.
            "document.querySelector('#tree [role=treeitem] .line').textContent"
                + ".includes('</script><script>pwn(1)</script><img src=x onerror=pwn(2)>')",
            "[...document.body.textContent].some((one) => /[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u202e]/.test(one))",
        ]
        let output = try await browse(
            PageReport(Hostile.report(), source: Hostile.text, nonce: "0123abc").html(),
            ["\"open\": true"] + shown.map { "\"evaluate\": \(json($0))" })
        #expect(
            output == [
                "true", "0", "2", "0", "8", "true", "0", "true", "false",
                #"{"requests": [], "errors": []}"#,
            ])
    }

    @Test("can be used with the keyboard alone", .enabled(if: browser != nil))
    func keyboard() async throws {
        let focus =
            "document.activeElement.id || document.activeElement.textContent || document.activeElement.className"
        let name =
            "document.getElementById(document.activeElement.getAttribute('aria-activedescendant'))"
            + ".getAttribute('aria-label')"
        let count = "document.querySelector('#call-list .count').textContent"
        let steps =
            ["\"open\": true"]
            // The links to the sections, the buttons of the tree and of the axis, the tree.
            + Array(repeating: "\"key\": \"Tab\"", count: 6)
            + ["\"evaluate\": \(json(focus))", "\"key\": \"Tab\"", "\"evaluate\": \(json(focus))"]
            + ["\"evaluate\": \(json(name))", "\"key\": \"ArrowDown\"", "\"key\": \"ArrowDown\""]
            + ["\"evaluate\": \(json(name))", "\"key\": \"Enter\"", "\"evaluate\": \(json(count))"]
            + ["\"key\": \"ArrowLeft\"", "\"key\": \"ArrowLeft\"", "\"evaluate\": \(json(name))"]
            + ["\"key\": \"Home\"", "\"key\": \"Enter\"", "\"evaluate\": \(json(count))"]
            // The rows below the folded one are gone.
            + ["\"evaluate\": \"document.querySelectorAll('[role=treeitem]').length\""]
        let output = try await browse(
            PageReport(Logs.report(Logs.example), source: "run.jsonl", nonce: "0").html(), steps)
        #expect(
            output == [
                #""closer""#, #""tree""#,
                #""make 100, 0 refused, 0 allowed, from 0.000000 seconds on""#,
                #""curl 102, 2 refused, 0 allowed, from 0.010000 to 0.040000 seconds, exit 7""#,
                #""2 of 3 calls""#,
                #""dash 101, 2 refused, 1 allowed, from 0.005000 to 0.075000 seconds, exit 0, with 2 folded""#,
                #""3 calls""#, "2", #"{"requests": [], "errors": []}"#,
            ])
    }

    @Test("filter and sort their calls", .enabled(if: browser != nil))
    func table() async throws {
        let column =
            "[...document.querySelectorAll('#call-list tbody td.address')].map((cell) => cell.textContent)"
        let wait = "new Promise((done) => setTimeout(() => done(\(column)), 300))"
        let output = try await browse(
            PageReport(Logs.report(Logs.example), source: "run.jsonl", nonce: "0").html(),
            [
                "\"open\": true", "\"evaluate\": \(json(column))",
                "\"evaluate\": \"document.querySelectorAll('#call-list th button')[4].click()\"",
                "\"evaluate\": \(json(column))",
                "\"evaluate\": \"document.getElementById('search').focus()\"",
                "\"text\": \"B.TEST 103\"", "\"evaluate\": \(json(wait))",
                "\"evaluate\": \"document.querySelector('th[aria-sort]').textContent\"",
            ])
        #expect(
            output == [
                #"["192.0.2.1:443", "192.0.2.1:443", "10.0.0.1:80 b.test"]"#, "null",
                #"["10.0.0.1:80 b.test", "192.0.2.1:443", "192.0.2.1:443"]"#, "null",
                #"["10.0.0.1:80 b.test"]"#, #""Refused \u2193""#,
                #"{"requests": [], "errors": []}"#,
            ])
    }

    private func json(_ text: String) -> String {
        (try? String(decoding: JSONEncoder().encode(text), as: UTF8.self)) ?? ""
    }

    /// What a browser prints that goes through these steps with a page.
    private func browse(_ page: String, _ steps: [String]) async throws -> [String] {
        let folder = temporaryFolder("supervise-page")
        try page.write(toFile: folder + "/page.html", atomically: false, encoding: .utf8)
        let list = "[" + steps.map { "{\($0)}" }.joined(separator: ",") + "]"
        try list.write(toFile: folder + "/steps.json", atomically: false, encoding: .utf8)
        let tool = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Tools/browser.py").standardizedFileURL.path
        let outcome = try await run(
            ["python3", tool, folder + "/page.html", folder + "/steps.json"])
        #expect(outcome.error.isEmpty && outcome.end == .exited(0))
        return outcome.output.split(separator: "\n").map(String.init)
    }
}
