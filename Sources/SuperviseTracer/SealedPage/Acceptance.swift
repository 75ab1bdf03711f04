import SuperviseAudit
import SuperviseFilter
import SupervisePolicy

/// An `accept(2)` under rules that refuse peers, the caller's side.
///
/// Who has connected is known only when the connection has a descriptor, and by then any thread
/// could use it. So a deputy accepts, in descriptors that nobody else has. What a refused peer made
/// is closed there, and the deputy goes on; what an allowed one made is handed to the caller, as
/// descriptors are handed on: in a message that the tracer puts into the queue of a socket which
/// the caller makes for it.
///
/// The deputy never waits. Where nobody has connected the caller waits itself, in `poll(2)`, so that
/// signals reach it as they would; then a deputy looks again.
final class Acceptance: Commission {
    private let call: AcceptCall
    private let place: UInt32
    private var step = Step.deputy
    private var outcome: Acceptor.Outcome?
    /// The page's slot that `poll(2)` has its descriptor in.
    private var pageSlot: UInt16?
    /// When the time to wait is over (SO_RCVTIMEO).
    private var end: Int64?
    /// The events that the call's result is to be recorded for.
    private var events: [AuditEvent] = []
    /// What is being handed to the caller, and what for.
    private var connection: Descriptor?
    private var scratch: UInt64 = 0
    private var socket: Int64 = -1
    private var former: Int64 = -1
    private var received: Int64 = -1
    private var formerLimit: DescriptorLimit?

    private enum Step {
        case deputy
        /// It waits for somebody to connect.
        case wait
        /// It maps memory to receive into, makes a socket, moves it to a higher number than the one
        /// that the connection is to have, receives, and takes both back.
        case scratch, socket, move, closeFormer, receive, closeSocket, unmap
    }

    init(
        _ registers: Registers, mask: UInt64, caller: Caller, call: AcceptCall, place: UInt32,
        sealing: Sealing
    ) {
        self.call = call
        self.place = place
        super.init(registers, mask: mask, caller: caller, sealing: sealing)
    }

    override func makeDeputy() -> Errand {
        Acceptor(
            registers, mask: mask, caller: caller, call: call,
            reserves: !DescriptorLimit.mayBeRaised(of: caller.process, by: Self.spare),
            sealing: sealing, acceptance: self)
    }

    /// The deputy is about to end.
    func ends(with outcome: Acceptor.Outcome?, _ events: [AuditEvent]) {
        // A caller that a filter of its own killed takes nothing any more.
        if isOver {
            if case .accepted(let connection)? = outcome { connection.close() }
            return
        }
        self.outcome = outcome
        self.events = events
    }

    override func conclude(at thread: borrowing StoppedThread) -> ErrandStep {
        switch outcome {
        case nil: return refuse(Self.outOfTurn)
        case .result(let result): return .finish(result)
        case .waits(let limit): return wait(limit, at: thread)
        case .accepted(let connection):
            self.connection = connection
            step = .scratch
            return .call(calls.mapAnywhere())
        }
    }

    /// Waits until somebody has connected, or looks for signals where somebody has already.
    private func wait(_ limit: Int32?, at thread: borrowing StoppedThread) -> ErrandStep {
        guard let slot = pageSlot ?? sealing.page.takeSlot() else {
            return refuse(Self.noRoom)
        }
        pageSlot = slot
        end = end ?? limit.map { Self.milliseconds() + Int64($0) }
        step = .wait
        thread.setSignalMask(mask)
        sealing.page.write(calls.pollForReading(call.descriptor), to: slot)
        let rest = end.map { Int32(clamping: max(0, $0 - Self.milliseconds())) }
        return .call(
            calls.poll(
                sealing.page.address(of: slot, mappedAt: place), milliseconds: rest ?? -1))
    }

    override func goOn(after result: Int64, at thread: borrowing StoppedThread) -> ErrandStep {
        switch step {
        case .deputy: return refuse(Self.outOfTurn)
        case .wait:
            // -EINTR, and what the kernel makes of it.
            if result == -4 || (-516 ... -512).contains(result) { return waitInterrupted }
            if let end, Self.milliseconds() >= end { return .finish(-11) }
            return commission(at: thread)
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

    override func interrupted() -> ErrandStep? {
        if isConcluded, case .wait = step { waitInterrupted } else { nil }
    }

    /// A socket with a time limit is not waited for again, as in the kernel (`sock_intr_errno`).
    private var waitInterrupted: ErrandStep { end == nil ? .interrupted : .finish(-4) }

    override func ended() {
        if let pageSlot { sealing.page.returnSlot(pageSlot) }
        pageSlot = nil
        if case .accepted(let connection)? = outcome, self.connection == nil { connection.close() }
        outcome = nil
        connection?.close()
        connection = nil
        restoreLimit()
        super.ended()
    }

    private var move: ErrandStep {
        let number = Int32(truncatingIfNeeded: socket)
        return .call(calls.duplicate(number, from: number + 1))
    }

    /// Puts the connection into the socket's queue, and receives it.
    private func receive() -> ErrandStep {
        let judge = sealing.judge
        guard let connection,
            let copy = judge.sockets.copy(
                of: Int32(truncatingIfNeeded: socket), slot: caller.slot)
        else { return giveUp(-103) }
        defer { copy.close() }
        guard connection.queue(on: copy),
            judge.memory.write(
                calls.receiveBuffer(at: scratch), to: scratch, of: caller.slot)
        else { return giveUp(-103) }
        step = .receive
        // MSG_DONTWAIT, and MSG_CMSG_CLOEXEC where SOCK_CLOEXEC is asked for.
        let flags = call.flags & AcceptCall.closeOnExec == 0 ? 0x40 : calls.receiveFlags
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

    /// Closes the connection, as the kernel does where it cannot tell the peer's address.
    private func giveUp(_ result: Int64) -> ErrandStep {
        guard socket >= 0 else {
            received = result
            step = .unmap
            return .call(calls.unmap(scratch, 4096))
        }
        return take(result)
    }

    /// How many descriptors more than the program's own are needed at most, and then some.
    private static let spare: UInt64 = 8

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
