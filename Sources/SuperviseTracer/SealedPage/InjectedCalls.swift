/// The calls of an injection, in both ABIs.
struct InjectedCalls {
    let layouts: MemoryLayouts

    private func number(_ x86_64: UInt32, _ i386: UInt32) -> UInt32 {
        layouts.word == 8 ? x86_64 : i386
    }

    /// `mmap(address, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS |
    /// MAP_FIXED_NOREPLACE, -1, 0)`; on i386 `mmap2`.
    func mapScratch(_ address: UInt64, _ size: Int) -> RawCall {
        RawCall(number(9, 192), address, UInt64(size), 3, 0x10_0022, UInt64.max, 0)
    }

    /// The same in the place of what is there: without `MAP_FIXED_NOREPLACE`, with `MAP_FIXED`.
    func mapScratchOver(_ address: UInt64, _ size: Int) -> RawCall {
        RawCall(number(9, 192), address, UInt64(size), 3, 0x32, UInt64.max, 0)
    }

    /// `mmap(address, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1,
    /// 0)`.
    func reserve(_ address: UInt64, _ size: Int) -> RawCall {
        RawCall(number(9, 192), address, UInt64(size), 0, 0x4032, UInt64.max, 0)
    }

    /// `mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)`.
    func mapAnywhere() -> RawCall {
        RawCall(number(9, 192), 0, 4096, 3, 0x22, UInt64.max, 0)
    }

    /// `mmap(address, size, PROT_READ, MAP_SHARED | MAP_FIXED_NOREPLACE, file, 0)`.
    func mapPage(_ address: UInt64, _ size: Int, _ file: Int64) -> RawCall {
        RawCall(number(9, 192), address, UInt64(size), 1, 0x10_0001, UInt64(bitPattern: file), 0)
    }

    /// The same in the place of what is there: without `MAP_FIXED_NOREPLACE`, with `MAP_FIXED`.
    func mapPageOver(_ address: UInt64, _ size: Int, _ file: Int64) -> RawCall {
        RawCall(number(9, 192), address, UInt64(size), 1, 0x11, UInt64(bitPattern: file), 0)
    }

    func unmap(_ address: UInt64, _ size: Int) -> RawCall {
        RawCall(number(11, 91), address, UInt64(size))
    }

    /// `socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)`.
    func socket() -> RawCall {
        RawCall(number(41, 359), 1, 0x80002, 0)
    }

    func close(_ descriptor: Int64) -> RawCall {
        RawCall(number(3, 6), UInt64(bitPattern: descriptor))
    }

    /// `close_range(2)`, Linux 5.9; the same number in both ABIs.
    func close(from first: Int64, through last: Int64) -> RawCall {
        RawCall(436, UInt64(bitPattern: first), UInt64(bitPattern: last), 0)
    }

    /// `mseal(2)`, Linux 6.10; the same number in both ABIs.
    func seal(_ address: UInt64, _ size: Int) -> RawCall {
        RawCall(462, address, UInt64(size), 0)
    }

    /// `madvise(address, size, MADV_DOFORK)`, which a sealed mapping takes.
    func inherit(_ address: UInt64, _ size: Int) -> RawCall {
        RawCall(number(28, 219), address, UInt64(size), 11)
    }

    /// `clone(CLONE_THREAD | CLONE_SIGHAND | CLONE_VM | CLONE_FS | CLONE_SYSVSEM)`: a thread of the
    /// process with a copy of the descriptors for itself, on the same stack.
    ///
    /// Without CLONE_FS it has a working directory of its own, too.
    func cloneDeputy(withOwnDirectory: Bool = false) -> RawCall {
        RawCall(number(56, 120), withOwnDirectory ? 0x5_0900 : 0x5_0b00, 0, 0, 0, 0)
    }

    /// `openat(AT_FDCWD, path, O_PATH | O_CLOEXEC)`.
    func openPath(_ address: UInt64) -> RawCall {
        RawCall(number(257, 295), UInt64(bitPattern: -100), address, 0x28_0000, 0)
    }

    /// `fchdir`.
    func changeDirectory(_ descriptor: Int64) -> RawCall {
        RawCall(number(81, 133), UInt64(bitPattern: descriptor))
    }

    /// `fcntl(descriptor, F_DUPFD_CLOEXEC, least)`; on i386 `fcntl64`.
    func duplicate(_ descriptor: Int32, from least: Int32 = 0) -> RawCall {
        RawCall(
            number(72, 221), UInt64(UInt32(bitPattern: descriptor)), 1030,
            UInt64(UInt32(bitPattern: least)))
    }

    /// `socket`.
    func socket(_ call: SocketCall) -> RawCall {
        RawCall(
            number(41, 359), UInt64(UInt32(bitPattern: call.family)),
            UInt64(UInt32(bitPattern: call.type)), UInt64(UInt32(bitPattern: call.protocolNumber)))
    }

    /// `accept4`, without room for the peer's address.
    func accept(_ call: AcceptCall) -> RawCall {
        RawCall(
            number(288, 364), UInt64(UInt32(bitPattern: call.descriptor)), 0, 0,
            UInt64(call.flags))
    }

    /// `getpeername` of what was accepted, to where the call wants the address.
    func tellPeer(of descriptor: Int64, for call: AcceptCall) -> RawCall {
        RawCall(
            number(52, 368), UInt64(bitPattern: descriptor), call.address, call.length)
    }

    /// `exit(0)`: of the thread.
    func exit() -> RawCall {
        RawCall(number(60, 1), 0)
    }

    /// `connect` with two bytes of an unknown address family.
    ///
    /// A socket that is connecting does not look at the address and waits; every other one refuses
    /// it.
    func awaitConnection(_ descriptor: Int32, _ address: UInt64) -> RawCall {
        RawCall(number(42, 362), UInt64(UInt32(bitPattern: descriptor)), address, 2)
    }

    /// MSG_FASTOPEN.
    private static let fastOpen: UInt32 = 0x2000_0000

    /// `sendto` without a destination, and without MSG_FASTOPEN.
    func send(
        _ descriptor: Int32, _ pointer: UInt64, _ size: UInt64, _ flags: UInt32
    ) -> RawCall {
        RawCall(
            number(44, 369), UInt64(UInt32(bitPattern: descriptor)), pointer, size,
            UInt64(flags & ~Self.fastOpen), 0, 0)
    }

    /// `sendmsg` without MSG_FASTOPEN.
    func send(_ descriptor: Int32, header: UInt64, _ flags: UInt32) -> RawCall {
        RawCall(
            number(46, 370), UInt64(UInt32(bitPattern: descriptor)), header,
            UInt64(flags & ~Self.fastOpen))
    }

    /// `poll` of one descriptor; -1 is without limit.
    ///
    /// Where memory is read-only the kernel finds out after it has waited: EFAULT.
    func poll(_ address: UInt64, milliseconds: Int32) -> RawCall {
        RawCall(number(7, 168), address, 1, UInt64(UInt32(bitPattern: milliseconds)))
    }

    /// A `struct pollfd` for POLLOUT.
    func pollForWriting(_ descriptor: Int32) -> [UInt8] {
        littleEndian(UInt64(UInt32(bitPattern: descriptor)), 4) + [4, 0, 0, 0]
    }

    /// A `struct pollfd` for POLLIN.
    func pollForReading(_ descriptor: Int32) -> [UInt8] {
        littleEndian(UInt64(UInt32(bitPattern: descriptor)), 4) + [1, 0, 0, 0]
    }

    /// `recvmsg`.
    var receiveNumber: UInt32 { number(47, 372) }
    /// `MSG_CMSG_CLOEXEC | MSG_DONTWAIT`.
    var receiveFlags: UInt64 { 0x4000_0040 }

    /// Offsets in the receive buffer.
    private enum Offset {
        static let vector: UInt64 = 64
        static let control: UInt64 = 96
        static let byte: UInt64 = 160
    }

    /// A message header with one vector of one byte, and room for one descriptor.
    func receiveBuffer(at address: UInt64) -> [UInt8] {
        let header = MessageHeader(
            name: 0, nameLength: 0, vectors: address + Offset.vector, vectorCount: 1,
            control: address + Offset.control, controlLength: layouts.word == 8 ? 24 : 16)
        var bytes = [UInt8](repeating: 0, count: StackRoom.size)
        func put(_ value: UInt64, at offset: Int) {
            for index in 0..<layouts.word {
                bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
            }
        }
        let words = header.words
        for index in words.indices { put(words[index], at: index * layouts.word) }
        put(address + Offset.byte, at: Int(Offset.vector))
        put(1, at: Int(Offset.vector) + layouts.word)
        return bytes
    }

    /// The descriptor in a filled receive buffer: `struct cmsghdr` with SOL_SOCKET, SCM_RIGHTS.
    func receivedDescriptor(_ bytes: [UInt8]) -> Int32? {
        let start = Int(Offset.control)
        func number(_ offset: Int) -> UInt32 {
            guard bytes.indices.contains(start + offset + 3) else { return 0 }
            return (0..<4).reversed().reduce(0) { $0 << 8 | UInt32(bytes[start + offset + $1]) }
        }
        let word = layouts.word
        guard number(0) == UInt32(word + 8 + 4), number(word) == 1, number(word + 4) == 1 else {
            return nil
        }
        return Int32(bitPattern: number(word + 8))
    }
}
