import SupervisePolicy

/// An address in a call, with its bytes.
struct NamedAddress {
    var address: SocketAddress
    var bytes: AddressBytes

    /// The address as a socket reads it: AF_UNSPEC is AF_INET6 to some, and then said to be.
    func read(by socket: SocketState, in operation: Operation) -> NamedAddress {
        guard operation == .send, address.family == .unspecified,
            socket.kind?.takesUnspecifiedForIPv6 == true
        else { return self }
        var result = self
        result.bytes.put([10, 0], at: 0)
        result.address = SocketAddressDecoder.decode(result.bytes)
        return result
    }
}

extension AddressBytes {
    /// The address as it has to be written for a socket.
    func worded(_ wording: Wording) -> AddressBytes {
        var result = self
        switch wording {
        case .same: break
        case .familyOnly: result.count = min(count, 2)
        case .noFamily: result.put([0xff, 0xff], at: 0)
        case .reached(let address): result = placing(address)
        }
        return result
    }

    /// The same family and port with another host; an IPv4 address is a mapped one in one of IPv6.
    func placing(_ address: IPAddress) -> AddressBytes {
        var result = self
        let isIPv6 = storage[0] == 10
        switch address {
        case .v4(let short):
            let bytes = (0..<4).reversed().map { UInt8(truncatingIfNeeded: short.bits >> (8 * $0)) }
            if isIPv6 {
                result.put([UInt8](repeating: 0, count: 10) + [0xff, 0xff] + bytes, at: 8)
            } else {
                result.put(bytes, at: 4)
            }
        case .v6(let long):
            let bytes = [long.high, long.low].flatMap { half in
                (0..<8).reversed().map { UInt8(truncatingIfNeeded: half >> (8 * $0)) }
            }
            if isIPv6 { result.put(bytes, at: 8) }
        }
        return result
    }

    /// Puts bytes where the address has room for them.
    mutating func put(_ bytes: [UInt8], at offset: Int) {
        for (index, byte) in bytes.enumerated() where offset + index < count {
            storage[offset + index] = byte
        }
    }
}
