/// `struct msghdr` (x86-64) or `struct compat_msghdr` (i386), as far as it is judged.
struct MessageHeader: Equatable {
    var name: UInt64
    var nameLength: Int32
    var vectors: UInt64
    var vectorCount: UInt64
    var control: UInt64
    var controlLength: UInt64

    /// The header as the kernel reads it, each as wide as an ABI's word.
    var words: [7 of UInt64] {
        [
            name, UInt64(UInt32(bitPattern: nameLength)), vectors, vectorCount, control,
            controlLength, 0,
        ]
    }
}

/// The sizes of what calls keep in memory, by ABI.
struct MemoryLayouts {
    /// Bytes of a `long` and of a pointer.
    let word: Int
    /// Bytes of `struct msghdr`.
    var messageHeader: Int { word == 8 ? 56 : 28 }
    /// Bytes of `struct mmsghdr`: a header, `msg_len`, and padding to the word.
    var messageVectorEntry: Int { word == 8 ? 64 : 32 }
    /// Bytes of `struct iovec`.
    var vector: Int { 2 * word }

    static let x86_64 = MemoryLayouts(word: 8)
    static let i386 = MemoryLayouts(word: 4)
}

/// Reads numbers of a tracee's ABI out of bytes that were copied from it.
struct MessageHeaderDecoder {
    let layouts: MemoryLayouts

    /// Decodes the header that begins at `offset`; nil where the bytes end before it does.
    ///
    /// Offsets on x86-64: name 0, its length 8 (an `int`), vectors 16, their number 24,
    /// control 32, its length 40. On i386 every field takes four bytes.
    func header(_ bytes: Span<UInt8>, at offset: Int) -> MessageHeader? {
        guard offset >= 0, bytes.count - offset >= layouts.messageHeader else { return nil }
        let width = layouts.word
        return MessageHeader(
            name: word(bytes, at: offset),
            nameLength: Int32(
                truncatingIfNeeded: number(bytes, at: offset + width, width: 4)),
            vectors: word(bytes, at: offset + 2 * width),
            vectorCount: word(bytes, at: offset + 3 * width),
            control: word(bytes, at: offset + 4 * width),
            controlLength: word(bytes, at: offset + 5 * width))
    }

    /// A pointer or size of the ABI; 0 where the bytes end before it does.
    func word(_ bytes: Span<UInt8>, at offset: Int) -> UInt64 {
        number(bytes, at: offset, width: layouts.word)
    }

    /// The same, of bytes in an array.
    func header(_ bytes: borrowing [UInt8], at offset: Int) -> MessageHeader? {
        header(bytes.span, at: offset)
    }

    /// The same, of bytes in an array.
    func word(_ bytes: borrowing [UInt8], at offset: Int) -> UInt64 {
        word(bytes.span, at: offset)
    }

    /// An `int` in an array; 0 where the bytes end before it does.
    func number(_ bytes: borrowing [UInt8], at offset: Int) -> UInt32 {
        UInt32(truncatingIfNeeded: number(bytes.span, at: offset, width: 4))
    }

    private func number(_ bytes: Span<UInt8>, at offset: Int, width: Int) -> UInt64 {
        guard offset >= 0, bytes.count - offset >= width else { return 0 }
        var value: UInt64 = 0
        for index in (0..<width).reversed() {
            value = value << 8 | UInt64(bytes[offset + index])
        }
        return value
    }
}
