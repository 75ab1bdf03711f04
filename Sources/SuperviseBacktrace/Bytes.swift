/// Numbers and byte strings written one after the other.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    mutating func append<Number: FixedWidthInteger>(_ number: Number) {
        for index in 0..<(Number.bitWidth / 8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> Number(8 * index)))
        }
    }

    /// Appends at most 65,535 bytes, with their number.
    mutating func append(_ text: some Collection<UInt8>) {
        let kept = text.prefix(Int(UInt16.max))
        append(UInt16(kept.count))
        bytes.append(contentsOf: kept)
    }

    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }
}

/// Numbers and byte strings that may be anybody's, taken one after the other.
///
/// What goes beyond the end reads as nil.
struct ByteReader {
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    mutating func number<Number: FixedWidthInteger>(_: Number.Type) -> Number? {
        let width = Number.bitWidth / 8
        guard bytes.endIndex - position >= width else { return nil }
        var number: Number = 0
        for index in 0..<width {
            number |= Number(truncatingIfNeeded: bytes[position + index]) << Number(8 * index)
        }
        position += width
        return number
    }

    mutating func text() -> [UInt8]? {
        guard let count = number(UInt16.self), bytes.endIndex - position >= Int(count) else {
            return nil
        }
        defer { position += Int(count) }
        return Array(bytes[position..<(position + Int(count))])
    }
}

extension Array<UInt8> {
    /// A little-endian number at an offset; 0 where the array ends before it.
    func number<Number: FixedWidthInteger>(at offset: Int, as _: Number.Type = Number.self)
        -> Number
    {
        let width = Number.bitWidth / 8
        guard offset >= 0, count >= width, offset <= count - width else { return 0 }
        var number: Number = 0
        for index in 0..<width {
            number |= Number(truncatingIfNeeded: self[offset + index]) << Number(8 * index)
        }
        return number
    }

    /// The bytes before the first NUL from an offset.
    func string(at offset: Int) -> [UInt8] {
        guard indices.contains(offset) else { return [] }
        return Array(self[offset...].prefix { $0 != 0 })
    }
}
