import SuperviseFilter
import SuperviseTestSupport
import Testing

@testable import SuperviseTracer

@Suite("A decoded call")
struct NetworkCallTests {
    /// What the six arguments 1 to 6 mean in each call.
    private static let table: [(JudgedCall, NetworkCall)] = [
        (.socket, .socket(family: 1, type: 2, protocolNumber: 3)),
        (.socketpair, .socketpair(family: 1, type: 2, protocolNumber: 3, result: 4)),
        (.bind, .bind(descriptor: 1, address: 2, length: 3)),
        (.connect, .connect(descriptor: 1, address: 2, length: 3)),
        (.listen, .listen(descriptor: 1)),
        (
            .sendto,
            .sendto(descriptor: 1, buffer: 2, size: 3, flags: 4, address: 5, length: 6)
        ),
        (.sendmsg, .sendmsg(descriptor: 1, header: 2, flags: 3)),
        (.sendmmsg, .sendmmsg(descriptor: 1, headers: 2, count: 3, flags: 4)),
        (.setsockopt, .setsockopt(level: 2, option: 3, length: 5)),
        (.getsockopt, .getsockopt(level: 2, option: 3)),
        (.ptrace, .ptrace(request: 1, process: 2, address: 3, data: 4)),
        (
            .processVMReadv,
            .processMemory(
                process: 1, local: Vectors(pointer: 2, count: 3),
                remote: Vectors(pointer: 4, count: 5), flags: 6)
        ),
        (
            .processVMWritev,
            .processMemory(
                process: 1, local: Vectors(pointer: 2, count: 3),
                remote: Vectors(pointer: 4, count: 5), flags: 6)
        ),
        (.pidfdGetfd, .pidfdGetfd(pidfd: 1, descriptor: 2, flags: 3)),
        (.requestKey, .other), (.ioctl, .other), (.seccomp, .other),
    ]

    /// The arguments 1 to 6 with something above their low halves.
    private func arguments(_ above: (Int) -> UInt64) -> Arguments {
        let words = (0..<6).map { UInt64($0 + 1) | above($0) << 32 }
        return Arguments(words[0], words[1], words[2], words[3], words[4], words[5])
    }

    @Test("Takes each argument from its register", arguments: table)
    func registers(call: JudgedCall, meaning: NetworkCall) {
        for layouts in [MemoryLayouts.x86_64, .i386] {
            #expect(NetworkCall(call, arguments { _ in 0 }, layouts: layouts) == meaning)
        }
    }

    @Test("Of i386 does not see the upper halves of registers", arguments: table)
    func upperHalves(call: JudgedCall, meaning: NetworkCall) {
        var random = SeededRandom(7)
        for _ in 0..<50 {
            let spoiled = arguments { _ in random.next() >> 32 }
            #expect(NetworkCall(call, spoiled, layouts: .i386) == meaning)
        }
    }

    @Test("Of x86-64 sees the upper halves of pointers and sizes alone")
    func pointers() {
        let high: UInt64 = 0xdead_beef
        let spoiled = arguments { _ in high }
        func wide(_ number: UInt64) -> UInt64 { high << 32 | number }
        let expected: [(JudgedCall, NetworkCall)] = [
            (.socket, .socket(family: 1, type: 2, protocolNumber: 3)),
            (.socketpair, .socketpair(family: 1, type: 2, protocolNumber: 3, result: wide(4))),
            (.bind, .bind(descriptor: 1, address: wide(2), length: 3)),
            (.connect, .connect(descriptor: 1, address: wide(2), length: 3)),
            (.listen, .listen(descriptor: 1)),
            (
                .sendto,
                .sendto(
                    descriptor: 1, buffer: wide(2), size: wide(3), flags: 4, address: wide(5),
                    length: 6)
            ),
            (.sendmsg, .sendmsg(descriptor: 1, header: wide(2), flags: 3)),
            (.sendmmsg, .sendmmsg(descriptor: 1, headers: wide(2), count: 3, flags: 4)),
            (.ptrace, .ptrace(request: wide(1), process: 2, address: wide(3), data: wide(4))),
            (
                .processVMReadv,
                .processMemory(
                    process: 1, local: Vectors(pointer: wide(2), count: wide(3)),
                    remote: Vectors(pointer: wide(4), count: wide(5)), flags: wide(6))
            ),
            (.pidfdGetfd, .pidfdGetfd(pidfd: 1, descriptor: 2, flags: 3)),
        ]
        for (call, meaning) in expected {
            #expect(NetworkCall(call, spoiled, layouts: .x86_64) == meaning)
        }
    }

    @Test("Has negative numbers where the kernel has")
    func negative() {
        let ones = Arguments(.max, .max, .max, .max, .max, .max)
        #expect(
            NetworkCall(.connect, ones, layouts: .x86_64)
                == .connect(descriptor: -1, address: .max, length: -1))
        #expect(
            NetworkCall(.connect, ones, layouts: .i386)
                == .connect(descriptor: -1, address: 0xffff_ffff, length: -1))
        #expect(
            NetworkCall(.sendmmsg, ones, layouts: .i386)
                == .sendmmsg(
                    descriptor: -1, headers: 0xffff_ffff, count: .max, flags: .max))
    }

    @Test("Of socketcall is the direct call of the same arguments")
    func socketcall() {
        let direct: [UInt32: (JudgedCall, Int)] = [
            1: (.socket, 3), 2: (.bind, 3), 3: (.connect, 3), 4: (.listen, 2),
            8: (.socketpair, 4), 11: (.sendto, 6), 16: (.sendmsg, 3), 20: (.sendmmsg, 4),
            14: (.setsockopt, 5), 15: (.getsockopt, 5), 5: (.accept, 3), 18: (.accept4, 4),
        ]
        let plain = arguments { _ in 0 }
        for number in UInt32(0)...64 {
            guard let (call, count) = direct[number] else {
                #expect(NetworkCall(socketcall: number, plain) == .other)
                #expect(NetworkCall.socketcallArguments(number) == 0)
                #expect(NetworkCall.name(ofSocketcall: number) == "socketcall")
                continue
            }
            #expect(
                NetworkCall(socketcall: number, plain)
                    == NetworkCall(call, plain, layouts: .i386))
            #expect(NetworkCall.socketcallArguments(number) == count)
            #expect(NetworkCall.name(ofSocketcall: number) == call.name)
        }
    }

    @Test("Accepting without flags is accepting with none, in every way")
    func accepting() {
        let arguments = arguments { _ in 0 }
        func call(_ flags: UInt32) -> NetworkCall {
            .accept(AcceptCall(descriptor: 1, address: 2, length: 3, flags: flags))
        }
        #expect(NetworkCall(.accept, arguments, layouts: .x86_64) == call(0))
        #expect(NetworkCall(.accept4, arguments, layouts: .x86_64) == call(4))
        #expect(NetworkCall(.accept4, arguments, layouts: .i386) == call(4))
        #expect(NetworkCall(socketcall: 5, arguments) == call(0))
        #expect(NetworkCall(socketcall: 18, arguments) == call(4))
    }
}
