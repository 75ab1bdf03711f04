// The functions that libFuzzer calls, one for each FUZZ_ condition; Tools/fuzz.sh builds them together
// with what they test.

@testable import SuperviseFilter
@testable import SupervisePolicy

#if FUZZ_POLICY
@testable import SupervisePolicyFile
#endif

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
#elseif FUZZ_ASSEMBLER
/// A step of a program with labels.
private enum Step {
    case load(SeccompData.Argument)
    case branch(Assembler.Condition, Int?, Int?)
    case jump(Int)
    case answer(UInt16)
}

/// The assembler: what its labels mean is what the offsets do, however far they are.
private func fuzz(_ data: [UInt8]) {
    var steps: [Step] = []
    for start in stride(from: 0, to: data.count - 3, by: 4) {
        let (kind, first, second, value) = (
            data[start], Int(data[start + 1]), Int(data[start + 2]), UInt32(data[start + 3])
        )
        // Forward, for most of them; 0 is the next step.
        let (then, otherwise) = (
            first == 0 ? nil : steps.count + first, second == 0 ? nil : steps.count + second
        )
        switch kind % 8 {
        case 0: steps.append(.branch(.equals(value), then, otherwise))
        case 1: steps.append(.branch(.above(value), then, otherwise))
        case 2: steps.append(.branch(.atLeast(value), then, otherwise))
        case 3: steps.append(.branch(.anySet(value), then, otherwise))
        case 4: steps.append(.jump(steps.count + first * second))
        case 5: steps.append(.answer(UInt16(value)))
        default:
            // Far targets need room before them.
            let argument = SeccompData.Argument(rawValue: UInt32(first % 6)) ?? .first
            steps += [Step](repeating: .load(argument), count: 1 + second)
        }
    }
    var assembler = Assembler()
    for (number, step) in steps.enumerated() {
        assembler.bind(Assembler.Label("\(number)"))
        switch step {
        case .load(let argument): assembler.append(.load(.low(argument)))
        case .branch(let condition, let then, let otherwise):
            assembler.branch(
                if: condition, then: then.map { Assembler.Label("\($0)") },
                else: otherwise.map { Assembler.Label("\($0)") })
        case .jump(let target): assembler.jump(to: Assembler.Label("\(target)"))
        case .answer(let error): assembler.append(.return(.errno(error)))
        }
    }
    guard let program = try? assembler.assemble() else { return }
    expect((try? Program(program.instructions)) != nil, "no filter")
    for offset in 0..<4 {
        let arguments = (0..<6).map { UInt64(data[($0 + offset) % data.count]) }
        let call = SeccompData(
            number: 0, architecture: Architecture.x86_64.auditValue, arguments: arguments)
        guard let answer = meaning(of: steps, arguments) else {
            expect(false, "it has no end, and is a filter")
            return
        }
        expect(Interpreter.run(program, on: call) == .errno(answer), "another answer")
    }
}

/// What the steps answer: nil where they end without an answer.
private func meaning(of steps: [Step], _ arguments: [UInt64]) -> UInt16? {
    var (next, accumulator) = (0, UInt32(0))
    while next < steps.count {
        switch steps[next] {
        case .load(let argument):
            accumulator = UInt32(truncatingIfNeeded: arguments[Int(argument.rawValue)])
            next += 1
        case .jump(let target): next = target
        case .answer(let error): return error
        case .branch(let condition, let then, let otherwise):
            let holds =
                switch condition {
                case .equals(let value): accumulator == value
                case .above(let value): accumulator > value
                case .atLeast(let value): accumulator >= value
                case .anySet(let bits): accumulator & bits != 0
                case .aboveIndex: false
                }
            next = (holds ? then : otherwise) ?? next + 1
        }
    }
    return nil
}
#elseif FUZZ_RULE
/// Rules: any text is a rule or one plain line; what a rule prints is that rule again, and means
/// the same.
private func fuzz(_ data: [UInt8]) {
    let text = String(decoding: data, as: UTF8.self)
    do throws(RuleError) {
        let rule = try Rule(parsing: text)
        let printed = rule.description
        expect(printed.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }, "printed")
        let again = try? Rule(parsing: printed)
        expect(again == rule, "'\(printed)' is another rule")
        expect(again?.description == printed, "'\(printed)' has another normal form")
        // A policy finds the rule with its index as it does without.
        let policy = Policy(rules: [rule])
        let prepared = PreparedPolicy(policy)
        let number = data.reduce(UInt32(0)) { $0 &* 31 &+ UInt32($1) }
        for kind in [SocketType.stream, .datagram].map({ SocketKind(family: .ipv4, type: $0) }) {
            for request in [
                Request.create(kind),
                .connect(
                    .known(kind), .ipv4(IPv4Address(bits: number), port: UInt16(number & 0xffff))),
                .bind(.known(kind), .unix(.path(Array(data.suffix(20))))),
            ] {
                expect(prepared.answer(to: request) == policy.answer(to: request), "the index")
            }
        }
    } catch {
        expect(error.description.unicodeScalars.allSatisfy { $0.value >= 0x20 }, "error")
        expect((1...text.unicodeScalars.count + 1).contains(error.column), "column")
    }
}
#elseif FUZZ_POLICY
/// Policy files: any bytes are a policy or one plain line; what a policy prints is that policy.
private func fuzz(_ data: [UInt8]) {
    do throws(PolicyFileError) {
        let file = try PolicyFile(parsing: data, name: "f")
        let printed = file.description
        expect((try? PolicyFile(parsing: Array(printed.utf8), name: "f")) == file, "another policy")
    } catch {
        expect(error.description.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }, "error")
    }
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
