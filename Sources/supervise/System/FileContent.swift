import SystemPackage

/// All bytes of a file; EFBIG where there are more than so many.
func readFile(_ path: String, upTo limit: Int) throws(Errno) -> [UInt8] {
    do {
        let file = try FileDescriptor.open(FilePath(path), .readOnly, options: [.closeOnExec])
        defer { try? file.close() }
        return try readAll(file, upTo: limit)
    } catch let error as Errno {
        throw error
    } catch {
        throw .ioError
    }
}

/// All bytes that a descriptor has up to its end; EFBIG where there are more than so many.
func readAll(_ file: FileDescriptor, upTo limit: Int) throws(Errno) -> [UInt8] {
    var bytes: [UInt8] = []
    let size = 1 << 16
    do {
        while true {
            let count = bytes.count
            bytes.append(contentsOf: repeatElement(0, count: size))
            let read = try unsafe bytes.withUnsafeMutableBytes { buffer in
                try unsafe file.read(
                    into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
            }
            bytes.removeLast(size - read)
            if read == 0 { return bytes }
            if bytes.count > limit { throw Errno.fileTooLarge }
        }
    } catch let error as Errno {
        throw error
    } catch {
        throw .ioError
    }
}
