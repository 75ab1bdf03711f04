import ArgumentParser
import FoundationEssentials
import SupervisePolicy
import SuperviseReport
import SystemPackage

/// `supervise report`: an audit log as something to look at.
///
/// A program of its own, which `supervise` executes, so that what it needs does not slow down the start of
/// every supervised command.
@main
struct SuperviseReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "supervise report",
        abstract: "Show an audit log as a page or as text.",
        usage: "supervise report LOG [--format html|text] [-o FILE]",
        discussion: """
            The log is one in JSON lines (--log FILE.jsonl). The page is a single file that needs no \
            network. Exit status: 0 the report was written, 125 it could not be, 64 the command \
            line is wrong.
            """)

    @Argument(help: ArgumentHelp("The log; - is standard input.", valueName: "log"))
    var log: String

    @Option(
        help: ArgumentHelp(
            "What is written (default: html, but text on a terminal).", valueName: "html|text"))
    var format: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The file to write to; - is standard output (default).", valueName: "file"))
    var output = "-"

    private enum Format: String {
        case html, text
    }

    func run() throws {
        let format = try wantedFormat()
        let bytes = try read()
        let report: Report
        do throws(LogReader.Failure) {
            report = try LogReader.report(on: bytes)
        } catch {
            throw Failure("\(quoted(log)) \(error)", .failed)
        }
        let source = log == "-" ? "standard input" : EscapedText.escape(Array(log.utf8))
        let text =
            switch format {
            case .text: TextReport(report, source: source).text
            case .html: try PageReport(report, source: source, nonce: Self.nonce()).html()
            }
        try write(Array(text.utf8))
        if output != "-" {
            // What is in a file has not been seen yet.
            for remark in report.remarks { Failure.report("\(quoted(log)): \(remark)") }
        }
    }

    private func wantedFormat() throws(Failure) -> Format {
        guard let format else {
            let isTerminal = output == "-" && Terminal.isOutput
            return isTerminal ? .text : .html
        }
        guard let wanted = Format(rawValue: format) else {
            throw Failure("--format \(quoted(format)): expected html or text", .usage)
        }
        return wanted
    }

    private static func nonce() -> String {
        var random = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let digits = String(random.next(), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    // MARK: - Files

    private func read() throws(Failure) -> Data {
        do {
            let file =
                log == "-"
                ? FileDescriptor.standardInput
                : try FileDescriptor.open(FilePath(log), .readOnly, options: [.closeOnExec])
            defer { if log != "-" { try? file.close() } }
            var bytes = Data()
            var buffer = [UInt8](repeating: 0, count: 1 << 20)
            while true {
                let count = try file.read(filling: &buffer)
                if count == 0 { return bytes }
                bytes.append(contentsOf: buffer[..<count])
            }
        } catch {
            throw Failure("cannot read the log \(quoted(log)): \(describe(error))", .failed)
        }
    }

    private func write(_ bytes: [UInt8]) throws(Failure) {
        do {
            let file =
                output == "-"
                ? FileDescriptor.standardOutput
                : try FileDescriptor.open(
                    FilePath(output), .writeOnly, options: [.create, .truncate, .closeOnExec],
                    permissions: [.ownerReadWrite, .groupReadWrite, .otherReadWrite])
            defer { if output != "-" { try? file.close() } }
            try file.writeAll(bytes)
        } catch Errno.brokenPipe {
            // Whoever reads has seen enough.
        } catch {
            let name = output == "-" ? "standard output" : quoted(output)
            throw Failure("cannot write the report to \(name): \(describe(error))", .failed)
        }
    }

    // MARK: - The way out

    static func main() {
        Terminal.ignoreClosedPipes()
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let failure as Failure {
            failure.exit()
        } catch {
            guard !exitCode(for: error).isSuccess else {
                _ = try? FileDescriptor.standardOutput.writeAll(
                    (fullMessage(for: error) + "\n").utf8)
                Terminal.exit(0)
            }
            Failure(EscapedText.escape(Array(message(for: error).utf8)), .usage).exit()
        }
    }
}
