import SupervisePolicy

/// What becomes of a judged call.
///
/// `Release` is the one place that carries it out.
enum Hold {
    /// Registers decided: the kernel makes the call as it is.
    case run
    /// Memory decided: the kernel makes the call with the bytes that were judged.
    case runSealed(SealedArguments)
    /// As above, for a `sendmmsg(2)`: one message after the other.
    case sendSealed(SealedMessages)
    /// A deputy accepts the connection, and the one who made it is judged.
    case accept(AcceptCall)
    /// A deputy makes the socket, and the filter for its peers is attached.
    case make(SocketCall)
    /// Another call is made instead, which has the same result.
    case runOther(RawCall)
    /// The call is not made and fails with this error.
    case fail(ErrorNumber)

    /// Whether the call is not made.
    var isFailure: Bool {
        if case .fail = self { true } else { false }
    }

    /// Whether the call goes on with bytes from the sealed page.
    var needsPage: Bool {
        switch self {
        case .runSealed, .sendSealed, .accept: true
        case .run, .runOther, .make, .fail: false
        }
    }
}

/// Lets judged calls go on: the only place where one is released.
enum Release {
    /// Carries out what was decided of a call that is made as it is, or not at all.
    static func carryOut(_ hold: Hold, _ stopped: consuming StoppedThread) {
        switch hold {
        case .run: stopped.resume()
        // Not without the page: the kernel would read what nobody has judged.
        case .runSealed, .sendSealed, .accept, .runOther, .make: fail(stopped, .notPermitted)
        case .fail(let error): fail(stopped, error)
        }
    }

    /// Carries out what was decided, in an address space that has the page.
    static func carryOut(
        _ hold: Hold, _ stopped: consuming StoppedThread, _ caller: Caller,
        _ original: Arguments, _ sealing: Sealing, place: UInt32
    ) {
        switch hold {
        case .run: stopped.resume()
        case .runSealed(let arguments):
            sealing.run(arguments, stopped, caller, original, place: place)
        case .sendSealed(let messages):
            sealing.send(messages, stopped, caller, place: place)
        case .accept(let call): sealing.accept(call, stopped, caller, place: place)
        case .make(let call): sealing.make(call, stopped, caller)
        case .runOther(let call): sealing.run(call, stopped, caller)
        case .fail(let error): fail(stopped, error)
        }
    }

    /// Answers in the kernel's stead: number -1 makes it skip the call and return what rax holds.
    static func fail(_ stopped: consuming StoppedThread, _ error: ErrorNumber) {
        stopped.skipCall(result: -Int64(error.rawValue))
        stopped.resume()
    }
}

/// What a call keeps in memory, as it was judged: the kernel is to read these bytes.
struct SealedArguments {
    /// The socket address, for the call itself or as the name of a message.
    var address: AddressBytes?
    /// The message header, in the layout of the caller's ABI.
    var header: MessageHeader?
    /// The message's control data, where they were judged; at most a slot's size.
    var control: [UInt8]?
    /// Which argument points to the address or to the header; nil where nothing does.
    var pointer: Int?
    /// Which argument is the address's length, where that is not the caller's own.
    var length: (argument: Int, value: Int)?
    /// The arguments of `socketcall(2)`, which that keeps in memory too.
    var words: [UInt64]?

    /// An address in the given argument, its length in the next one.
    ///
    /// The length is changed too where the address stands for another one.
    init(address: AddressBytes, argument: Int, callerLength: Int) {
        let plain = address.withoutTail
        self.address = plain
        pointer = argument
        if plain.count != callerLength { length = (argument + 1, plain.count) }
    }

    /// A message header with its name, in the second argument.
    init(header: MessageHeader, name: AddressBytes?, control: [UInt8]? = nil) {
        self.header = header
        self.control = control
        address = name?.withoutTail
        pointer = 1
    }

    /// The arguments of a `socketcall(2)` that keeps nothing else in memory.
    init(words: [UInt64]) {
        self.words = words
    }
}

/// The messages of a `sendmmsg(2)` that may be sent.
struct SealedMessages {
    var descriptor: Int32
    var flags: UInt32
    /// Where the caller's entries begin; each one's `msg_len` is written there.
    var entries: UInt64
    var messages: [SealedArguments]
    /// The error of the message after the last one, reported where none was sent.
    var ending: ErrorNumber?
}
