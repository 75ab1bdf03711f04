import ArgumentParser
import Glibc

/// The option that says when text is coloured.
struct ColorOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "When to use colours; NO_COLOR in the environment turns auto off.",
            valueName: "auto|always|never"))
    var color: String = "auto"
}

/// Whether to use colours on a stream, by the value of `--color`.
func usesColor(_ color: String, on stream: StandardStream) throws(Failure) -> Bool {
    switch color {
    case "auto":
        let noColor = unsafe getenv("NO_COLOR").map { unsafe $0.pointee != 0 } ?? false
        return isatty(stream.descriptor) == 1 && !noColor
    case "always": return true
    case "never": return false
    default: throw .usage("--color \(quoted(color)): expected auto, always or never")
    }
}
