import Foundation
import SuperviseReport

/// Lines of logs.
enum Logs {
    /// A moment so many milliseconds after the run's start.
    static func time(_ milliseconds: Int) -> String {
        String(
            format: "2026-11-21T05:07:%02d.%03d000000Z", milliseconds / 1000, milliseconds % 1000)
    }

    static func program(_ path: String) -> String {
        #""program":{"path":"\#(path)","device":"8:1","inode":1}"#
    }

    static func start(
        _ pid: Int, at milliseconds: Int, by parent: Int? = nil, _ path: String, _ words: String...
    ) -> String {
        let parent = parent.map { #""parent":\#($0),"# } ?? ""
        let list = words.map { "\"\($0)\"" }.joined(separator: ",")
        return #"{"time":"\#(time(milliseconds))","event":"start","pid":\#(pid),\#(parent)"#
            + #"\#(program(path)),"arguments":[\#(list)]}"#
    }

    static func exit(_ pid: Int, at milliseconds: Int, _ how: String) -> String {
        #"{"time":"\#(time(milliseconds))","event":"exit","pid":\#(pid),\#(how)}"#
    }

    static func call(
        _ seq: Int, _ pid: Int, at milliseconds: Int, _ path: String, _ result: String,
        _ remote: String, more: String = ""
    ) -> String {
        let (rule, place) =
            result == "denied" || result == "would-deny"
            ? ("network off", "profile") : ("allow connect tcp", "--allow 1")
        let errno = rule == "network off" ? #","errno":"EPERM""# : ""
        return #"{"time":"\#(time(milliseconds))","seq":\#(seq),"pid":\#(pid),"tid":\#(pid),"#
            + #"\#(program(path)),"command":"c","call":"connect","abi":"x86-64","#
            + #""operation":"connect","protocol":"tcp","remote":"\#(remote)","result":"\#(result)""#
            + #"\#(errno),"rule":{"text":"\#(rule)","place":"\#(place)"}\#(more)}"#
    }

    /// The second line of a call.
    static func returned(_ seq: Int, _ pid: Int, at milliseconds: Int, _ value: Int) -> String {
        #"{"time":"\#(time(milliseconds))","seq":\#(seq),"pid":\#(pid),"tid":\#(pid),"#
            + #""call":"connect","abi":"x86-64","operation":"connect","protocol":"tcp","#
            + #""remote":"10.0.0.1:80","result":"returned","returned":\#(value)"#
            + (value < 0 ? #","errno":"ECONNREFUSED"}"# : "}")
    }

    /// A stack, the command line and the parents, of a call's line.
    static let stack = #"""
        ,"backtrace":[{"module":"/lib/libc.so.6","offset":"0x10","symbol":"connect","pc":"0x7f10"},\#
        {"module":"/usr/bin/curl","offset":"0x20","symbol":"main","file":"curl.c","line":7,\#
        "pc":"0x5520"}],"arguments":["curl","-s",""],"parents":[{"pid":9,"arguments":["sh","-c","x"]}]
        """#

    /// make starts sh, which starts curl twice; one is refused twice and one gets through.
    static let example = [
        start(100, at: 0, "/usr/bin/make", "make", "all"),
        start(101, at: 5, by: 100, "/usr/bin/dash", "sh", "-c", "curl a & curl b"),
        start(102, at: 10, by: 101, "/usr/bin/curl", "curl", "a"),
        call(1, 102, at: 20, "/usr/bin/curl", "denied", "192.0.2.1:443", more: stack),
        call(2, 102, at: 30, "/usr/bin/curl", "denied", "192.0.2.1:443", more: stack),
        exit(102, at: 40, #""status":7"#),
        start(103, at: 11, by: 101, "/usr/bin/curl", "curl", "b"),
        call(3, 103, at: 50, "/usr/bin/curl", "allowed", "10.0.0.1:80", more: #","name":"b.test""#),
        returned(3, 103, at: 62, -111),
        exit(103, at: 70, #""signal":15"#),
        exit(101, at: 75, #""status":0"#),
    ]

    static func report(_ lines: [String], ending: String = "\n") throws -> Report {
        try LogReader.report(on: Data((lines.joined(separator: "\n") + ending).utf8))
    }
}
