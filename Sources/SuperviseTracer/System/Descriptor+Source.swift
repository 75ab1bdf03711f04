import CSupervise

extension Descriptor {
    /// IPV6_V6ONLY; the error, or 0.
    func makeIPv6Only() -> Int32 { csupervise_make_ipv6_only(rawValue) }

    /// Binds a socket to a host, leaving the port to the kernel; the error, or 0.
    func bindSource(_ address: [UInt8]) -> Int32 {
        // The array is as long as it says.
        unsafe address.withUnsafeBytes {
            unsafe csupervise_bind_source(rawValue, $0.baseAddress, $0.count)
        }
    }

    /// Binds a socket to an address, with port 0 to a port of the kernel's choice; the error, or 0.
    func bindAnyPort(_ address: AddressBytes) -> Int32 {
        // The array is as long as it says.
        unsafe address.bytes.withUnsafeBytes {
            unsafe csupervise_bind(rawValue, $0.baseAddress, $0.count)
        }
    }
}
