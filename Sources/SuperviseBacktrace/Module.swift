/// A mapped file, with its functions and lines.
final class Module {
    private let symbols: SymbolTable
    private let lines: SourceLines?
    /// What was found at addresses of the file's own numbering.
    private var found: [UInt64: Place] = [:]

    /// A place in a file's sources, as far as it is known.
    struct Place {
        /// The readable name of its function.
        var symbol: [UInt8]?
        var file: [UInt8]?
        var line: UInt32?
    }

    /// The most addresses that are remembered.
    private static let foundLimit = 16_384

    init(_ symbols: SymbolTable, _ lines: SourceLines? = nil) {
        self.symbols = symbols
        self.lines = lines
    }

    /// What is known of an address.
    func place(at address: UInt64) -> Place {
        if let known = found[address] { return known }
        if found.count >= Self.foundLimit { found.removeAll() }
        var place = Place(symbol: symbols.name(at: address).map(demangled))
        if let source = lines?.source(at: address) { (place.file, place.line) = source }
        found[address] = place
        return place
    }
}

/// The readable form of a symbol, which may be the symbol itself.
func demangled(_ symbol: [UInt8]) -> [UInt8] {
    let text = demangledRust(symbol) ?? demangledByLibraries(symbol) ?? symbol
    return Array(text.prefix(SymbolTable.nameLimit))
}

/// The modules that were met, each file's once.
struct ModuleCache {
    private var modules: [ReadOnlyFile.Identity: Module] = [:]

    /// The most files that are kept open.
    private static let limit = 256

    /// The module that is mapped at an address of a thread's process.
    mutating func module(
        _ mapping: TracedSpace.Mapping, path: [UInt8], of thread: Int32, in space: TracedSpace
    ) -> Module {
        if mapping.inode != 0 {
            for candidate in Self.candidates(mapping, path: path, of: thread) {
                guard let file = ReadOnlyFile(path: candidate), let identity = file.identity(),
                    identity.inode == mapping.inode,
                    // Some file systems have a device number for each file, and tell another one.
                    identity.major == 0
                        || (identity.major, identity.minor) == (mapping.major, mapping.minor)
                else { continue }
                if let known = modules[identity] { return known }
                let module = Module(SymbolTable(file: file), SourceLines(of: file))
                if modules.count >= Self.limit { modules.removeAll() }
                modules[identity] = module
                return module
            }
        }
        guard mapping.isELF, mapping.dynamic != 0 else { return Module(SymbolTable()) }
        return Module(SymbolTable(dynamic: mapping.dynamic, bias: mapping.bias, in: space))
    }

    /// Where the mapped file might be opened, the likeliest first.
    ///
    /// The path is that of the thread's own mount namespace and root. A deleted program is still
    /// there as the one that runs, and only root can open any other deleted file.
    private static func candidates(
        _ mapping: TracedSpace.Mapping, path: [UInt8], of thread: Int32
    ) -> [[UInt8]] {
        let own = "/proc/\(thread)/"
        let range = String(mapping.start, radix: 16) + "-" + String(mapping.end, radix: 16)
        let inRoot = path.first == UInt8(ascii: "/") ? [Array((own + "root").utf8) + path] : []
        return inRoot + [Array((own + "exe").utf8), Array((own + "map_files/" + range).utf8)]
    }
}

/// A path as `/proc/PID/maps` writes it, which has newlines as `\012`.
func unescapedMapPath(_ path: [UInt8]) -> [UInt8] {
    guard path.contains(UInt8(ascii: "\\")) else { return path }
    var plain: [UInt8] = []
    var rest = path[...]
    while let byte = rest.first {
        if rest.starts(with: #"\012"#.utf8) {
            plain.append(UInt8(ascii: "\n"))
            rest = rest.dropFirst(4)
        } else {
            plain.append(byte)
            rest = rest.dropFirst()
        }
    }
    return plain
}
