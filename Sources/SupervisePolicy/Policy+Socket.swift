extension Policy {
    /// Whether a request that is allowed might be refused for another socket.
    ///
    /// Such a call has to be judged for the very socket that it is made on. Requests that name an
    /// AF_UNIX address need no answer here: sockets of other families refuse such addresses.
    public func verdictDependsOnSocket(_ request: Request) -> Bool {
        guard network == .off else { return false }
        switch request {
        case .create, .trace: return false
        // Some may and some may not.
        case .listen: return true
        case .bind, .connect, .send: return !profile.exemptProtocols.isEmpty
        }
    }

    /// Whether a path of an AF_UNIX socket can make a difference.
    ///
    /// Then what is judged is the object that the kernel reaches by it.
    public var judgesPaths: Bool { network == .off && !profile.refusedPaths.isEmpty }
}
