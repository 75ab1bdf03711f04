import SupervisePolicy

/// What the first judged call needs is made ready before it comes: the tracer has nothing to do until
/// the command has been executed, and the first call of a kind takes several times as long as the next.
extension Supervision {
    /// Judges and seals a call that nobody has made.
    func rehearse() {
        guard let sealing else { return }
        let nobody = ThreadID(rawValue: 0)
        let caller = Caller(thread: nobody, slot: -1, layouts: .x86_64, process: nobody)
        judge.begin("connect")
        _ = judge.judge(Named(.connect, -1, 0, 4), .nobody, caller)
        judge.begin("")
        sealing.rehearse(caller)
    }
}

extension Sealing {
    /// Writes arguments to a slot, and begins with a page for nobody.
    fileprivate func rehearse(_ caller: Caller) {
        if let slot = page.takeSlot() {
            let arguments = SealedArguments(address: .nobody, argument: 1, callerLength: 0)
            _ = page.write(
                arguments, to: slot, mappedAt: SealedPage.places[0], caller.layouts)
            page.returnSlot(slot)
        }
        let injection = Injection(
            Registers(), mask: 0, caller.layouts, page: page, judge: judge, slot: caller.slot,
            process: -1, reveals: false, room: StackRoom(address: 0, bytes: []), steps: true)
        // Through the one for all errands, as the first will go: the compiler makes another one of
        // what is called for this very kind.
        _ = (injection as Errand).begin(StoppedThread(id: caller.thread))
        _ = Register.argument(1, caller.layouts)
        let calls = InjectedCalls(layouts: caller.layouts)
        _ = calls.receivedDescriptor(calls.receiveBuffer(at: 0))
        _ = endWaiting(for: -1)
    }
}
