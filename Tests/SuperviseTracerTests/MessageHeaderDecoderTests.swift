import Glibc
import SuperviseTestSupport
import Testing

@testable import SuperviseTracer

@Suite("A decoded message header")
struct MessageHeaderDecoderTests {
    private let wide = MessageHeaderDecoder(layouts: .x86_64)
    private let narrow = MessageHeaderDecoder(layouts: .i386)

    /// A random header as the C library lays it out, and what is to be read in it.
    private func libraryHeader(_ random: inout SeededRandom) -> ([UInt8], MessageHeader) {
        var header = msghdr()
        // Garbage in the padding too.
        withUnsafeMutableBytes(of: &header) { $0.copyBytes(from: random.bytes($0.count)) }
        let expected = MessageHeader(
            name: UInt64(UInt(bitPattern: header.msg_name)),
            nameLength: Int32(bitPattern: header.msg_namelen),
            vectors: UInt64(UInt(bitPattern: header.msg_iov)),
            vectorCount: UInt64(truncatingIfNeeded: header.msg_iovlen),
            control: UInt64(UInt(bitPattern: header.msg_control)),
            controlLength: UInt64(truncatingIfNeeded: header.msg_controllen))
        return (withUnsafeBytes(of: header) { Array($0) }, expected)
    }

    /// The same for `struct compat_msghdr`: seven words of four bytes.
    private func narrowHeader(_ random: inout SeededRandom) -> ([UInt8], MessageHeader) {
        let words = (0..<7).map { _ in UInt32(truncatingIfNeeded: random.next()) }
        let expected = MessageHeader(
            name: UInt64(words[0]), nameLength: Int32(bitPattern: words[1]),
            vectors: UInt64(words[2]), vectorCount: UInt64(words[3]), control: UInt64(words[4]),
            controlLength: UInt64(words[5]))
        return (
            words.flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } }, expected
        )
    }

    @Test("Has the sizes of the structures")
    func sizes() {
        #expect(MemoryLayouts.x86_64.messageHeader == MemoryLayout<msghdr>.size)
        // struct mmsghdr
        #expect(
            MemoryLayouts.x86_64.messageVectorEntry
                == MemoryLayout<(msghdr, CUnsignedInt)>.stride)
        #expect(MemoryLayouts.x86_64.vector == MemoryLayout<iovec>.size)
        #expect(MemoryLayouts.i386.messageHeader == 28)
        #expect(MemoryLayouts.i386.messageVectorEntry == 32)
        #expect(MemoryLayouts.i386.vector == 8)
    }

    @Test("Is that of the bytes, wherever they begin", arguments: 0..<20)
    func headers(seed: UInt64) {
        var random = SeededRandom(seed)
        for offset in [0, 1, 8, 64, 61] {
            let before = random.bytes(offset)
            let (bytes, expected) = libraryHeader(&random)
            #expect(wide.header(before + bytes, at: offset) == expected)
            let (narrowBytes, narrowExpected) = narrowHeader(&random)
            #expect(narrow.header(before + narrowBytes, at: offset) == narrowExpected)
        }
    }

    @Test("Is that of each entry of a list for sendmmsg")
    func entries() {
        var random = SeededRandom(99)
        var list: [UInt8] = []
        var expected: [MessageHeader?] = []
        for _ in 0..<5 {
            let (bytes, header) = libraryHeader(&random)
            list += bytes + random.bytes(8)
            expected.append(header)
        }
        let entry = MemoryLayouts.x86_64.messageVectorEntry
        #expect((0..<6).map { wide.header(list, at: $0 * entry) } == expected + [nil])
    }

    @Test("Is none where the bytes end before it does")
    func short() {
        for count in 0..<56 {
            #expect(wide.header([UInt8](repeating: 1, count: count), at: 0) == nil)
            #expect(
                (narrow.header([UInt8](repeating: 1, count: count), at: 0) == nil) == (count < 28))
        }
        let bytes = [UInt8](repeating: 1, count: 64)
        for offset in [-1, 9, 64, 65, .max, .min] {
            #expect(wide.header(bytes, at: offset) == nil)
        }
    }

    @Test("Has words that are 0 beyond the end")
    func words() {
        let bytes: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 0x88]
        #expect(wide.word(bytes, at: 0) == 0x8807_0605_0403_0201)
        #expect(
            [0, 1, 4].map { narrow.word(bytes, at: $0) } == [0x0403_0201, 0x0504_0302, 0x8807_0605])
        for offset in [1, 8, -1, .max, .min] { #expect(wide.word(bytes, at: offset) == 0) }
        for offset in [5, 8, -1, .max, .min] { #expect(narrow.word(bytes, at: offset) == 0) }
    }
}
