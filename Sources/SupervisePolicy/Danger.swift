/// Why a request should not be allowed just because it was seen.
public enum Danger: Hashable, Sendable {
    /// An address at which clouds keep a machine's credentials.
    case metadata
    /// A server on every interface of the machine.
    case everyInterface
    /// A container engine's socket.
    case containerEngine
    /// A socket that writes its own headers.
    case raw
    /// Another process's memory, registers or descriptors.
    case tracing

    /// The reason, as a sentence begins.
    public var reason: String {
        switch self {
        case .metadata: "where clouds keep a machine's credentials"
        case .everyInterface: "a server that every network of the machine reaches"
        case .containerEngine: "a container engine, which runs programs that no policy holds"
        case .raw: "a socket that writes its own headers, whatever rules say of addresses"
        case .tracing: "reaching into other processes"
        }
    }
}

extension Request {
    /// What is dangerous about the request, nil where nothing is known to be.
    public var danger: Danger? {
        let question = self.question
        if question.operation == .trace { return .tracing }
        if let kind = question.kind, [.raw, .family(.packet)].contains(RuleProtocol(of: kind)) {
            return .raw
        }
        switch (question.operation, question.target) {
        case (.bind, .internet(let address, let port)):
            return address.isAny && port != 0 ? .everyInterface : nil
        case (.listen, .internet(let address, _)):
            return address.isAny ? .everyInterface : nil
        case (.connect, .internet(let address, let port)),
            (.send, .internet(let address, let port)):
            // Some clouds have their resolver there.
            let isMetadata = port != 53 && Self.metadata.contains { $0.contains(address) }
            return isMetadata ? .metadata : nil
        case (.connect, .path(let path)), (.send, .path(let path)):
            return NetworkHelper(at: .unix(.path(path))) == .containerEngine
                ? .containerEngine : nil
        default:
            return nil
        }
    }

    /// Link-local addresses of IPv4, and those that single clouds use: AWS over IPv6, Azure, Alibaba
    /// Cloud, Oracle Cloud.
    private static let metadata: [IPPrefix] = [
        .v4(0xa9fe_0000, 16), .v6(0xfd00_0ec2 << 32, 128, low: 0x254), .v4(0xa83f_8110, 32),
        .v4(0x6464_64c8, 32), .v4(0xc000_00c0, 32),
    ]
}
