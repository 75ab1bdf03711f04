import CUnwind

/// The readable form of a C++ or Swift symbol, nil where it is neither.
func demangledByLibraries(_ symbol: [UInt8]) -> [UInt8]? {
    let capacity = 4096
    let name = symbol.map { CChar(bitPattern: $0) } + [0]
    let text = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, initialized in
        // The function tells how much of the buffer it filled.
        initialized = unsafe buffer.withMemoryRebound(to: CChar.self) {
            unsafe cunwind_demangle(name, $0.baseAddress, capacity)
        }
    }
    return text.isEmpty ? nil : text
}

/// A clock that only goes on, in nanoseconds.
func ticks() -> UInt64 { cunwind_ticks() }
