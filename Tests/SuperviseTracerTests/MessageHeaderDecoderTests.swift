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

@Suite("Decoded control data")
struct ControlDataDecoderTests {
    @Test("Has a last item that is a header alone", arguments: [MemoryLayouts.x86_64, .i386])
    func empty(layouts: MemoryLayouts) {
        let data = bytes([(1, 2, [3]), (41, 50, [])], layouts)
        let item = ControlDataDecoder(layouts: layouts).first(data) { $0.type == 50 }
        #expect(item == ControlItem(level: 41, type: 50, data: data.count..<data.count))
    }

    /// Items as the C library's macros lay them out, in words of so many bytes.
    private func bytes(_ items: [(UInt32, UInt32, [UInt8])], _ layouts: MemoryLayouts) -> [UInt8] {
        items.flatMap { level, type, data in
            let length = UInt64(layouts.word + 8 + data.count)
            let whole =
                littleEndian(length, layouts.word) + littleEndian(UInt64(level), 4)
                + littleEndian(UInt64(type), 4) + data
            return whole + [UInt8](repeating: 0xa5, count: -whole.count & (layouts.word - 1))
        }
    }

    @Test("Are gone through item by item", arguments: [MemoryLayouts.x86_64, .i386])
    func items(layouts: MemoryLayouts) {
        let decoder = ControlDataDecoder(layouts: layouts)
        let all = bytes([(1, 1, [1, 0, 0, 0, 2]), (0, 1, []), (41, 50, [9])], layouts)
        var seen: [[UInt32]] = []
        var data: [[UInt8]] = []
        #expect(
            decoder.first(all) {
                seen.append([$0.level, $0.type])
                data.append(Array(all[$0.data]))
                return false
            } == nil)
        #expect(seen == [[1, 1], [0, 1], [41, 50]])
        #expect(data == [[1, 0, 0, 0, 2], [], [9]])
        #expect(decoder.first(all) { $0.type == 50 }?.level == 41)
    }

    @Test("End where the kernel gives up", arguments: [MemoryLayouts.x86_64, .i386])
    func malformed(layouts: MemoryLayouts) {
        let decoder = ControlDataDecoder(layouts: layouts)
        let one = bytes([(0, 8, [UInt8](repeating: 7, count: 12))], layouts)
        let short = littleEndian(UInt64(layouts.word + 7), layouts.word)
        let long = littleEndian(.max, layouts.word)
        for rest in [[], short + [UInt8](repeating: 0, count: 8), long + long + long, [1, 2, 3]] {
            var count = 0
            _ = decoder.first(one + rest) { _ in
                count += 1
                return false
            }
            #expect(count == 1)
        }
        // What is cut off in the middle is none.
        for count in 0..<layouts.word + 20 {
            #expect(decoder.first(Array(one.prefix(count))) { _ in true } == nil)
        }
    }

    @Test("Tell of interface and source")
    func information() {
        for layouts in [MemoryLayouts.x86_64, .i386] {
            let decoder = ControlDataDecoder(layouts: layouts)
            let six: [UInt8] = Array(1...16) + [3, 1, 0, 0]
            let cases: [(UInt32, UInt32, [UInt8], PacketInformation?)] = [
                (
                    0, 8, [2, 0, 0, 0, 127, 0, 0, 1, 9, 9, 9, 9],
                    .init(interface: 2, source: [127, 0, 0, 1])
                ),
                (0, 8, [2, 0, 0, 0, 127, 0, 0, 1], nil), (0, 7, six, nil),
                (41, 50, six, .init(interface: 0x103, source: Array(1...16))),
                (41, 2, six, .init(interface: 0x103, source: Array(1...16))),
                (41, 50, Array(six.prefix(19)), nil), (41, 8, six, nil),
            ]
            for (level, type, data, expected) in cases {
                let all = bytes([(level, type, data)], layouts)
                let item = decoder.first(all) { _ in true }
                #expect(item.flatMap { decoder.packetInformation($0, of: all) } == expected)
            }
        }
    }
}
