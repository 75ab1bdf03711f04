import SuperviseFilter

/// A trapped call with its arguments, the same for both ABIs and for `socketcall(2)`.
///
/// Pointers are the tracee's; nothing they point at has been read.
enum NetworkCall: Equatable {
    case socket(family: Int32, type: Int32, protocolNumber: Int32)
    case socketpair(family: Int32, type: Int32, protocolNumber: Int32, result: UInt64)
    case bind(descriptor: Int32, address: UInt64, length: Int32)
    case connect(descriptor: Int32, address: UInt64, length: Int32)
    case listen(descriptor: Int32)
    case accept(AcceptCall)
    case sendto(
        descriptor: Int32, buffer: UInt64, size: UInt64, flags: UInt32, address: UInt64,
        length: Int32)
    case sendmsg(descriptor: Int32, header: UInt64, flags: UInt32)
    case sendmmsg(descriptor: Int32, headers: UInt64, count: UInt32, flags: UInt32)
    case setsockopt(level: UInt32, option: UInt32, length: UInt32)
    case getsockopt(level: UInt32, option: UInt32)
    case ptrace(request: UInt64, process: Int32, address: UInt64, data: UInt64)
    case processMemory(process: Int32, local: Vectors, remote: Vectors, flags: UInt64)
    case pidfdGetfd(pidfd: Int32, descriptor: Int32, flags: UInt32)
    /// A call that is never judged.
    case other
}

/// `socket(2)`.
struct SocketCall: Equatable {
    var family: Int32
    /// With its flags.
    var type: Int32
    var protocolNumber: Int32
}

/// `accept4(2)`, and `accept(2)` as the same without flags.
struct AcceptCall: Equatable {
    var descriptor: Int32
    /// Where the peer's address is to be written, 0 for nowhere.
    var address: UInt64
    /// Where there is an `int`, the room for the address.
    var length: UInt64
    var flags: UInt32
}

/// Where a `struct iovec` array is.
struct Vectors: Equatable {
    var pointer: UInt64
    var count: UInt64
}

extension NetworkCall {
    /// A call with its arguments in registers.
    init(_ call: JudgedCall, _ arguments: Arguments, layouts: MemoryLayouts) {
        let arguments = layouts.word == 8 ? arguments : arguments.narrowed
        switch call {
        case .socket: self.init(socket: arguments)
        case .socketpair: self.init(socketpair: arguments)
        case .bind: self.init(bind: arguments)
        case .connect: self.init(connect: arguments)
        case .listen: self.init(listen: arguments)
        case .accept: self.init(accept: arguments, flags: 0)
        case .accept4: self.init(accept: arguments, flags: arguments.unsigned(3))
        case .sendto: self.init(sendto: arguments)
        case .sendmsg: self.init(sendmsg: arguments)
        case .sendmmsg: self.init(sendmmsg: arguments)
        case .setsockopt: self.init(setsockopt: arguments)
        case .getsockopt: self.init(getsockopt: arguments)
        case .ptrace:
            // All are `long`: all of the word counts.
            self = .ptrace(
                request: arguments.wide(0), process: arguments.int(1),
                address: arguments.wide(2), data: arguments.wide(3))
        case .processVMReadv, .processVMWritev:
            self = .processMemory(
                process: arguments.int(0),
                local: Vectors(pointer: arguments.wide(1), count: arguments.wide(2)),
                remote: Vectors(pointer: arguments.wide(3), count: arguments.wide(4)),
                flags: arguments.wide(5))
        case .pidfdGetfd:
            self = .pidfdGetfd(
                pidfd: arguments.int(0), descriptor: arguments.int(1), flags: arguments.unsigned(2))
        default: self = .other
        }
    }

    /// The name of the network call that `socketcall(2)` makes.
    static func name(ofSocketcall number: UInt32) -> String {
        switch number {
        case 1: "socket"
        case 2: "bind"
        case 3: "connect"
        case 4: "listen"
        case 5: "accept"
        case 8: "socketpair"
        case 11: "sendto"
        case 14: "setsockopt"
        case 15: "getsockopt"
        case 16: "sendmsg"
        case 18: "accept4"
        case 20: "sendmmsg"
        default: "socketcall"
        }
    }

    /// The network call that `socketcall(2)` makes, by its number in `<linux/net.h>`.
    init(socketcall number: UInt32, _ arguments: Arguments) {
        switch number {
        case 1: self.init(socket: arguments)
        case 2: self.init(bind: arguments)
        case 3: self.init(connect: arguments)
        case 4: self.init(listen: arguments)
        case 5: self.init(accept: arguments, flags: 0)
        case 8: self.init(socketpair: arguments)
        case 11: self.init(sendto: arguments)
        case 14: self.init(setsockopt: arguments)
        case 15: self.init(getsockopt: arguments)
        case 16: self.init(sendmsg: arguments)
        case 18: self.init(accept: arguments, flags: arguments.unsigned(3))
        case 20: self.init(sendmmsg: arguments)
        default: self = .other
        }
    }

    /// How many arguments that call keeps in memory; 0 for what `socketcall(2)` does not judge.
    static func socketcallArguments(_ number: UInt32) -> Int {
        switch number {
        case 4: 2
        case 1, 2, 3, 5, 16: 3
        case 8, 18, 20: 4
        case 14, 15: 5
        case 11: 6
        default: 0
        }
    }

    init(socket arguments: Arguments) {
        self = .socket(
            family: arguments.int(0), type: arguments.int(1), protocolNumber: arguments.int(2))
    }

    init(socketpair arguments: Arguments) {
        self = .socketpair(
            family: arguments.int(0), type: arguments.int(1), protocolNumber: arguments.int(2),
            result: arguments.wide(3))
    }

    init(bind arguments: Arguments) {
        self = .bind(
            descriptor: arguments.int(0), address: arguments.wide(1), length: arguments.int(2))
    }

    init(connect arguments: Arguments) {
        self = .connect(
            descriptor: arguments.int(0), address: arguments.wide(1), length: arguments.int(2))
    }

    init(listen arguments: Arguments) {
        self = .listen(descriptor: arguments.int(0))
    }

    init(accept arguments: Arguments, flags: UInt32) {
        self = .accept(
            AcceptCall(
                descriptor: arguments.int(0), address: arguments.wide(1),
                length: arguments.wide(2), flags: flags))
    }

    init(sendto arguments: Arguments) {
        self = .sendto(
            descriptor: arguments.int(0), buffer: arguments.wide(1), size: arguments.wide(2),
            flags: arguments.unsigned(3), address: arguments.wide(4), length: arguments.int(5))
    }

    init(sendmsg arguments: Arguments) {
        self = .sendmsg(
            descriptor: arguments.int(0), header: arguments.wide(1), flags: arguments.unsigned(2))
    }

    init(setsockopt arguments: Arguments) {
        self = .setsockopt(
            level: arguments.unsigned(1), option: arguments.unsigned(2),
            length: arguments.unsigned(4))
    }

    init(getsockopt arguments: Arguments) {
        self = .getsockopt(level: arguments.unsigned(1), option: arguments.unsigned(2))
    }

    init(sendmmsg arguments: Arguments) {
        self = .sendmmsg(
            descriptor: arguments.int(0), headers: arguments.wide(1), count: arguments.unsigned(2),
            flags: arguments.unsigned(3))
    }
}
