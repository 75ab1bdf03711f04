/// A policy made ready to be asked often.
///
/// It answers as ``policy`` does, which is the reference, in less time.
public struct PreparedPolicy: Sendable {
    /// The policy.
    public let policy: Policy

    /// Prepares a policy.
    public init(_ policy: Policy) {
        self.policy = policy
    }

    /// As ``Policy/decide(_:by:)``.
    public func decide(_ request: Request, by subject: Subject = .unknown) -> Decision {
        policy.decide(request, by: subject)
    }

    /// As ``Policy/answer(to:by:)``.
    public func answer(to request: Request, by subject: Subject = .unknown) -> Answer {
        policy.answer(to: request, by: subject)
    }
}
