import SuperviseAudit
import SuperviseFilter
import SupervisePolicy

/// A commission whose deputy gets a socket, which its maker is then handed.
///
/// It is handed over as descriptors are handed on: in a message that the tracer puts into the queue
/// of a socket which the caller makes for it. Until then nobody but the deputy has it.
class Handover: Commission {
    /// Whether the caller's descriptor is closed at an exec.
    private let closesOnExec: Bool
    private var step = Step.none
    /// The events that the call's result is to be recorded for.
    final var events: [AuditEvent] = []
    private var handed: Descriptor?
    private var scratch: UInt64 = 0
    private var socket: Int64 = -1
    private var former: Int64 = -1
    private var received: Int64 = -1
    private var formerLimit: DescriptorLimit?

    private enum Step {
        case none
        /// It maps memory to receive into, makes a socket, moves it to a higher number than the one
        /// that the other is to have, receives, and takes both back.
        case scratch, socket, move, closeFormer, receive, closeSocket, unmap
    }

    init(
        _ registers: Registers, mask: UInt64, caller: Caller, sealing: Sealing, closesOnExec: Bool
    ) {
        self.closesOnExec = closesOnExec
        super.init(registers, mask: mask, caller: caller, sealing: sealing)
    }

    /// Whether it is under way.
    final var isHanding: Bool {
        if case .none = step { false } else { true }
    }

    /// Begins to hand over a socket, which it closes at the end.
    final func hand(_ socket: Descriptor) -> ErrandStep {
        handed = socket
        step = .scratch
        return .call(calls.mapAnywhere())
    }

    override func goOn(after result: Int64, at thread: borrowing StoppedThread) -> ErrandStep {
        switch step {
        case .none: return refuse(Self.outOfTurn)
        case .scratch:
            // On i386 the upper half of memory has negative addresses.
            if (-4095..<0).contains(result) { return .finish(result) }
            scratch =
                layouts.word == 8
                ? UInt64(bitPattern: result) : UInt64(UInt32(truncatingIfNeeded: result))
            step = .socket
            return .call(calls.socket())
        case .socket:
            if result == -24, raiseLimit() { return .call(calls.socket()) }
            guard result >= 0 else { return giveUp(result) }
            socket = result
            step = .move
            return move
        case .move:
            // -EINVAL: it would be the first number beyond the limit.
            if result == -24 || result == -22, raiseLimit() { return move }
            // Without a second number, the connection has that one.
            guard result >= 0 else { return receive() }
            (former, socket) = (socket, result)
            step = .closeFormer
            return .call(calls.close(former))
        case .closeFormer: return receive()
        case .receive: return received(result)
        case .closeSocket:
            step = .unmap
            return .call(calls.unmap(scratch, 4096))
        case .unmap:
            // Before the program goes on, which may change it.
            restoreLimit()
            sealing.judge.recorder.finish(events, with: received)
            return .finish(received)
        }
    }

    override func ended() {
        handed?.closeCopy()
        handed = nil
        restoreLimit()
        super.ended()
    }

    private var move: ErrandStep {
        let number = Int32(truncatingIfNeeded: socket)
        return .call(calls.duplicate(number, from: number + 1))
    }

    /// Puts what is handed over into the socket's queue, and receives it.
    private func receive() -> ErrandStep {
        let judge = sealing.judge
        guard let handed,
            let copy = judge.sockets.copy(
                of: Int32(truncatingIfNeeded: socket), slot: caller.slot)
        else { return giveUp(-103) }
        defer { copy.closeCopy() }
        guard handed.queue(on: copy),
            judge.memory.write(
                calls.receiveBuffer(at: scratch), to: scratch, of: caller.slot)
        else { return giveUp(-103) }
        step = .receive
        // MSG_DONTWAIT, and MSG_CMSG_CLOEXEC where SOCK_CLOEXEC is asked for.
        let flags = closesOnExec ? calls.receiveFlags : 0x40
        return .call(RawCall(calls.receiveNumber, UInt64(socket), scratch, flags))
    }

    private func received(_ result: Int64) -> ErrandStep {
        var bytes: [UInt8] = []
        if result == 1,
            sealing.judge.memory.readBytes(scratch, count: 256, of: caller.slot, into: &bytes)
                == .bytes(256),
            let descriptor = calls.receivedDescriptor(bytes)
        {
            return take(Int64(descriptor))
        }
        // No descriptor came with the message: the process had none left.
        return raiseLimit() ? receive() : giveUp(-24)
    }

    private func take(_ result: Int64) -> ErrandStep {
        received = result
        step = .closeSocket
        return .call(calls.close(socket))
    }

    /// Closes what there is to hand over, as the kernel does where it has no number for it.
    private func giveUp(_ result: Int64) -> ErrandStep {
        guard socket >= 0 else {
            received = result
            step = .unmap
            return .call(calls.unmap(scratch, 4096))
        }
        return take(result)
    }

    /// How many descriptors more than the program's own are needed at most, and then some.
    static let spare: UInt64 = 8

    private func restoreLimit() {
        formerLimit?.set(for: caller.process)
        formerLimit = nil
    }

    private func raiseLimit() -> Bool {
        guard formerLimit == nil else { return false }
        formerLimit = DescriptorLimit.raise(of: caller.process, by: Self.spare)
        return formerLimit != nil
    }
}
