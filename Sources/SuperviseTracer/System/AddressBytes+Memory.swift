extension AddressBytes {
    /// Where an AF_UNIX path ends: at its first NUL, or where the address does.
    ///
    /// Eight bytes at a time: each judged call looks for it, of a path that can have 108.
    var pathEnd: Int {
        let (ones, highs): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x8080_8080_8080_8080)
        let bytes = unsafe storage.span.bytes
        var index = 2
        while index < count {
            let start = min(index, Self.capacity - 8)
            let word = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self)
                .littleEndian
            // The lowest bit that is left stands in the first byte that is 0. Of the bytes before `index` none is.
            let zeros = (word &- ones) & ~word & highs & (UInt64.max << UInt64(8 * (index - start)))
            if zeros != 0 { return min(start + zeros.trailingZeroBitCount / 8, count) }
            index = start + 8
        }
        return max(count, 2)
    }

    /// The bytes at these places; none where not all are there.
    func bytes(_ places: Range<Int>) -> [UInt8] {
        guard storage.indices.contains(places) else { return [] }
        let part = storage.span.extracting(places)
        return unsafe part.withUnsafeBufferPointer { unsafe Array($0) }
    }

    /// Makes all bytes from an offset on zeros.
    mutating func clear(from offset: Int) {
        guard storage.indices.contains(offset) else { return }
        unsafe withUnsafeMutableBytes(of: &storage) {
            _ = unsafe $0.suffix(from: offset).initializeMemory(as: UInt8.self, repeating: 0)
        }
    }
}
