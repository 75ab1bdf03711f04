/// The functions of a module, by address.
///
/// Read from the file's own table, or from memory where the file cannot be had. Both may be
/// anything: every number is checked against what it is taken from.
struct SymbolTable {
    private struct Function {
        var address: UInt64
        var size: UInt64
        var name: UInt64
        var isGlobal: Bool
    }

    private var functions: [Function] = []
    private var readName: (UInt64) -> [UInt8]

    /// The most bytes of a table that are read; larger ones are cut.
    private static let tableLimit: UInt64 = 96 << 20
    /// The most bytes of a name.
    static let nameLimit = 1024
    /// How far a function reaches that does not tell its size.
    private static let reach: UInt64 = 1 << 16

    /// No functions at all.
    init() {
        readName = { _ in [] }
    }

    /// The functions of a file: those of its full table, else of the one for the dynamic loader.
    init(file: ReadOnlyFile) {
        let header = file.read(0, count: 64)
        guard Self.isELF(header) else {
            self.init()
            return
        }
        let width = 64
        let count = Int(header.number(at: 60, as: UInt16.self))
        let sections = file.read(header.number(at: 40), count: count * width)
        func section(_ type: UInt32) -> Int? {
            (0..<(sections.count / width)).first {
                sections.number(at: $0 * width + 4, as: UInt32.self) == type
            }
        }
        // SHT_SYMTAB, SHT_DYNSYM
        guard header.number(at: 58, as: UInt16.self) == 64, let table = section(2) ?? section(11)
        else {
            self.init()
            return
        }
        let offset: UInt64 = sections.number(at: table * width + 24)
        let size: UInt64 = min(sections.number(at: table * width + 32), Self.tableLimit)
        let link = Int(sections.number(at: table * width + 40, as: UInt32.self))
        let names: UInt64 = sections.number(at: link * width + 24)
        let namesSize: UInt64 = sections.number(at: link * width + 32)
        self.init()
        readName = { name in
            guard name < namesSize, names <= .max - name else { return [] }
            let most = min(UInt64(Self.nameLimit), namesSize - name)
            return file.read(names + name, count: Int(most)).string(at: 0)
        }
        add(file.read(offset, count: Int(size)))
    }

    /// The functions that a mapped module offers to others, from its dynamic section.
    init(dynamic: UInt64, bias: UInt64, in space: TracedSpace) {
        var (symbols, names, namesSize): (UInt64, UInt64, UInt64) = (0, 0, 0)
        let entries = space.read(dynamic, count: 4096)
        for offset in stride(from: 0, to: entries.count - 15, by: 16) {
            let value: UInt64 = entries.number(at: offset + 8)
            switch entries.number(at: offset, as: UInt64.self) {
            case 0: break
            case 5: names = value
            case 6: symbols = value
            case 10: namesSize = value
            default: continue
            }
            if entries.number(at: offset, as: UInt64.self) == 0 { break }
        }
        // The loader has added the bias in memory, but not to the kernel's own page.
        if symbols < bias { symbols &+= bias }
        if names < bias { names &+= bias }
        // Nothing tells how many symbols there are, but all linkers put the names behind them.
        guard symbols > 0, names > symbols, names - symbols < 4 << 20 else {
            self.init()
            return
        }
        // The names are needed at a later stop, when the memory may be gone.
        let text = space.read(names, count: Int(min(namesSize, 4 << 20)))
        self.init()
        readName = { name in
            guard name < UInt64(text.count) else { return [] }
            let start = Int(name)
            return Array(text[start..<min(start + Self.nameLimit, text.count)]).string(at: 0)
        }
        add(space.read(symbols, count: Int(names - symbols)))
    }

    /// Whether a file's first bytes are those of a 64-bit program or library.
    private static func isELF(_ header: [UInt8]) -> Bool {
        header.count == 64 && header.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1])
    }

    /// Takes the functions out of a table of `Elf64_Sym`.
    private mutating func add(_ table: [UInt8]) {
        for offset in stride(from: 0, to: table.count - 23, by: 24) {
            let information = table[offset + 4]
            // STT_FUNC, STT_GNU_IFUNC; of another module's there is no section.
            guard information & 15 == 2 || information & 15 == 10,
                table.number(at: offset + 6, as: UInt16.self) != 0
            else { continue }
            functions.append(
                Function(
                    address: table.number(at: offset + 8), size: table.number(at: offset + 16),
                    name: UInt64(table.number(at: offset, as: UInt32.self)),
                    isGlobal: information >> 4 == 1))
        }
        functions.sort { $0.address < $1.address }
    }

    /// The name of the function that holds an address of the file's own numbering.
    func name(at address: UInt64) -> [UInt8]? {
        var (low, high) = (0, functions.count)
        while low < high {
            let middle = (low + high) / 2
            if functions[middle].address <= address { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return nil }
        let start = functions[low - 1].address
        var best: (name: [UInt8], rank: Int)?
        // Aliases: `connect` says more than `__connect`, and that more than a local one.
        for function in functions[..<low].reversed().prefix(while: { $0.address == start }).prefix(
            16)
        {
            let size = function.size > 0 ? function.size : Self.reach
            guard address - start < size else { continue }
            let name = readName(function.name)
            guard !name.isEmpty else { continue }
            let rank =
                name.prefix { $0 == UInt8(ascii: "_") }.count * 4 + (function.isGlobal ? 0 : 1)
            if best.map({ rank <= $0.rank }) ?? true { best = (name, rank) }
        }
        return best?.name
    }
}
