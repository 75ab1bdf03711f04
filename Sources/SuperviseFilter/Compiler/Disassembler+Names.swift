import SupervisePolicy

extension Disassembler {
    /// A disassembler that knows the judged calls, the architectures and the errors by name.
    public static let withNames = Disassembler(
        callName: { architecture, number in
            Architecture(auditValue: architecture)?.table.call(numbered: number)?.name
        },
        architectureName: { Architecture(auditValue: $0)?.name },
        errorName: { ErrorNumber(rawValue: Int32($0)).description })
}
