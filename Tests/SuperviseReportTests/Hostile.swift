import Foundation
import SuperviseReport

/// A log with text in every field that would do harm if it were taken for anything else.
enum Hostile {
    /// Text that leaves elements, attributes, scripts and comments, commands terminals and turns the writing.
    ///
    /// The marks with an accent are one character each to people, and none to whoever looks for the marks.
    static let text =
        #"</script><script>pwn(1)</script><img src=x onerror=pwn(2)>"><svg onload=pwn(3)>'"#
        + "\"\u{301} onfocus=pwn(4) autofocus x=\"\u{301}<!--<script>&lt;b&gt;{{nonce}}{{{data}}}"
        + "\u{1b}]0;x\u{7}\u{202e}\u{2028}\u{2029}\u{0}\r\n\\u003cimg\\"

    /// The text as JSON.
    private static var json: String {
        // A string by itself is JSON for the encoder.
        (try? String(decoding: JSONEncoder().encode(text), as: UTF8.self)) ?? ""
    }

    static let lines: [String] = {
        let word = json
        let program = #""program":{"path":\#(word),"device":"8:1","inode":1}"#
        let parents = #""parents":[{"pid":8,"arguments":[\#(word)]}]"#
        let frame =
            #"{"module":\#(word),"offset":\#(word),"symbol":\#(word),"file":\#(word),"line":1,"pc":\#(word)}"#
        return [
            #"{"time":"\#(Logs.time(0))","event":"start","pid":7,\#(program),"arguments":[\#(word)]}"#,
            #"{"time":"\#(Logs.time(1))","event":"exec","pid":7,\#(program),"arguments":[\#(word)]}"#,
            #"{"time":"\#(Logs.time(2))","seq":1,"pid":7,"tid":7,\#(program),"command":\#(word),"#
                + #""call":\#(word),"abi":\#(word),"operation":\#(word),"protocol":\#(word),"#
                + #""local":\#(word),"remote":\#(word),"name":\#(word),"result":"denied","errno":\#(word),"#
                + #""rule":{"text":\#(word),"place":\#(word)},"backtrace":[\#(frame)],"#
                + #""arguments":[\#(word)],\#(parents)}"#,
            // A program of the first process that made no call.
            #"{"time":"\#(Logs.time(3))","event":\#(word),"pid":7}"#,
        ]
    }()

    static func report() throws -> Report { try Logs.report(lines) }
}
