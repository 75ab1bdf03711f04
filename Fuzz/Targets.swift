// The functions that libFuzzer calls, one for each FUZZ_ condition; Tools/fuzz.sh builds them together
// with the sources they test, as one module.

/// What a fuzzer found.
private func expect(_ condition: Bool, _ what: String) {
    if !condition { fatalError("fuzz: \(what)") }
}

#if FUZZ_ADDRESS
/// Socket addresses: decoding is total, and what is handed on means what was judged.
private func fuzz(_ data: [UInt8]) {
    let bytes = AddressBytes(data)
    let address = SocketAddressDecoder.decode(bytes)
    // What a log shows has no control characters, whatever the address.
    expect(address.endpoint.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }, "endpoint")
    let sealed = bytes.withoutTail
    expect(sealed.count <= bytes.count, "longer than what was judged")
    expect(SocketAddressDecoder.decode(sealed) == address, "the tail has a meaning")
    for network in NetworkSwitch.allCases {
        for profile in Profile.all {
            let policy = Policy(network: network, profile: profile)
            let decision = policy.decide(.connect(.unknown, address))
            expect(policy.decide(.connect(.unknown, address)) == decision, "verdicts differ")
            if network == .off, profile.otherwise == .off, address.family != .unix {
                expect(decision.verdict.isDenial, "the network is off")
            }
        }
    }
}
#elseif FUZZ_DNS
/// DNS answers: decoding is total, and what it makes is bounded and can be shown.
private func fuzz(_ data: [UInt8]) {
    guard let answer = DNSAnswer(data) else { return }
    expect((1...253).contains(answer.name.count), "a name's length")
    expect(answer.name.allSatisfy { $0 > 0x20 && $0 < 0x7f }, "a name's bytes")
    expect((1...DNSAnswer.mostAddresses).contains(answer.addresses.count), "addresses")
    var names = ResolvedNames(capacity: 2)
    names.note(answer)
    expect(names.count <= 2, "more names than there is room for")
}
#elseif FUZZ_MESSAGE
/// Message headers of both ABIs: decoding is total, and what is made of it reads back the same.
private func fuzz(_ data: [UInt8]) {
    for layouts in [MemoryLayouts.x86_64, .i386] {
        let decoder = MessageHeaderDecoder(layouts: layouts)
        for offset in [-1, 0, 1, data.count, .max] {
            guard let header = decoder.header(data, at: offset) else { continue }
            let bytes = header.bytes(layouts)
            expect(bytes.count >= layouts.messageHeader, "too short")
            expect(decoder.header(bytes, at: 0) == header, "reads back otherwise")
        }
    }
}
#elseif FUZZ_FILTER
/// Filters: what is no filter is refused, what is one ends with an action for every call.
private func fuzz(_ data: [UInt8]) {
    var instructions: [Instruction] = []
    for start in stride(from: 0, to: data.count - 7, by: 8) {
        let k = (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(data[start + 4 + $1]) }
        instructions.append(
            Instruction(
                code: UInt16(data[start]) | UInt16(data[start + 1]) << 8, jt: data[start + 2],
                jf: data[start + 3], k: k))
    }
    guard let program = try? Program(instructions) else { return }
    for architecture in Architecture.allCases {
        let call = SeccompData(
            number: UInt32(data.count), architecture: architecture.auditValue)
        let action = Interpreter.run(program, on: call)
        expect(SeccompAction(rawValue: action.rawValue) == action, "no action")
    }
    _ = Disassembler.withNames.listing(of: program)
}
#else
/// Wait statuses: every word is something, and the parts are the kernel's.
private func fuzz(_ data: [UInt8]) {
    for start in stride(from: 0, to: data.count - 3, by: 4) {
        let word = (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(data[start + $1]) }
        switch WaitStatus(word: word) {
        case .exited(let status): expect(word & 0x7f == 0 && (0...255).contains(status), "exited")
        case .killed(let signal): expect((1...127).contains(signal), "killed")
        case .stopped(.signal(let signal)): expect((0...255).contains(signal), "stopped")
        case .stopped: expect(word & 0xff == 0x7f, "stopped otherwise")
        }
    }
}
#endif

/// libFuzzer's entry.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ data: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
    fuzz(Array(UnsafeBufferPointer(start: data, count: count)))
    return 0
}
