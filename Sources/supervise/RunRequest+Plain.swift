/// The usual spelling of a run, read without the argument parser.
///
/// The parser looks for the protocols of every type that it meets in all that the program and its
/// libraries conform to, which takes longer than starting the command does. So what is spelled
/// plainly is read here, and everything else, mistakes among it, is left to the parser: of what both
/// read they make the same request, which a test compares.
extension RunRequest {
    /// Reads a command line; nil where it is not that of a run, or the parser has to say what it is.
    ///
    /// - Parameter words: All of it, the program's name first.
    init?(plain words: [String]) {
        self.init()
        guard let end = words.firstIndex(of: "--"), end > 0 else { return nil }
        commandWords = words.count - end - 1
        var options = words[1..<end]
        if options.first == "run" { options.removeFirst() }
        var seen: [Substring] = []
        while let word = options.popFirst() {
            let name = word.prefix { $0 != "=" }
            if name.endIndex == word.endIndex, setFlag(word) { continue }
            // What is given twice, the parser decides about.
            guard name.hasPrefix("--") || name.endIndex == word.endIndex else { return nil }
            if !["--allow", "--deny", "--source"].contains(name) {
                guard !seen.contains(name) else { return nil }
                seen.append(name)
            }
            let value: String
            if name.endIndex < word.endIndex {
                value = String(word[word.index(after: name.endIndex)...])
            } else {
                guard let next = options.popFirst(), next == "-" || !next.hasPrefix("-") else {
                    return nil
                }
                value = next
            }
            guard !value.isEmpty, setOption(name, value) else { return nil }
        }
    }

    private mutating func setFlag(_ word: String) -> Bool {
        switch word {
        case "--audit": audit = true
        case "-k", "--backtrace": backtrace = true
        case "--summary": summary = true
        case "-q", "--quiet": quiet = true
        case "--require-landlock": requireLandlock = true
        default: return false
        }
        return true
    }

    private mutating func setOption(_ name: Substring, _ value: String) -> Bool {
        switch name {
        case "--network": policy.network = value
        case "--profile": policy.profile = value
        case "-p" where policy.file == nil, "--policy" where policy.file == nil:
            policy.file = value
        case "--allow": policy.rules.append(.init(true, value))
        case "--deny": policy.rules.append(.init(false, value))
        case "--errno": policy.errno = value
        case "--source": policy.source.append(value)
        case "-l" where log == nil, "--log" where log == nil: log = value
        case "--learn": learn = value
        case "--log-format": logFormat = value
        case "--log-level": logLevel = value
        case "--log-failure": logFailure = value
        case "--color": color = value
        default: return false
        }
        return true
    }
}
