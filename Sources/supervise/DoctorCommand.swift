import ArgumentParser
import Glibc
import SuperviseTracer

/// `supervise doctor`: what this kernel can and cannot enforce.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Show what this kernel can and cannot enforce.",
        usage: "supervise doctor [--color auto|always|never]",
        discussion: """
            One line for each known way around a policy: held, open, or not needed since this \
            kernel has no such way; and the features of the kernel that say so. \
            Exit status: 0 when none is open, 1 when one is.
            """)

    @OptionGroup
    var colorOption: ColorOption

    /// For tests and debugging: the features of an older kernel on a newer one.
    @Option(help: ArgumentHelp(visibility: .hidden))
    var landlockABI: Int32 = .max

    func run() throws {
        let usesColor = try supervise.usesColor(colorOption.color, on: .output)
        var kernel = KernelFeatures.probed()
        kernel.landlockABI = min(kernel.landlockABI, landlockABI)
        let doors = Door.all(with: kernel)
        StandardStream.output.write(Self.table(of: doors, color: usesColor))
        if doors.contains(where: { $0.state == .open }) { Glibc.exit(1) }
    }

    /// The doors as text, in columns.
    private static func table(of doors: [Door], color: Bool) -> String {
        let states = doors.map(\.state.rawValue.count).max() ?? 0
        let names = doors.map(\.name.count).max() ?? 0
        return doors.map { door in
            let state = padded(door.state.rawValue, states)
            let line = "\(padded(door.name, names))  \(door.reason)"
            guard color else { return "\(state)  \(line)\n" }
            let start =
                switch door.state {
                case .held: "\u{1b}[32m"
                case .open: "\u{1b}[31m"
                case .notNeeded: "\u{1b}[2m"
                }
            return "\(start)\(state)\u{1b}[0m  \(line)\n"
        }.joined()
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
