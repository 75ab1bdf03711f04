import Testing
import SuperviseFilter
import SupervisePolicy
@Test func show() throws {
    let c = ContinuousClock()
    var p: Program?
    let t = try c.measure { p = try FilterCompiler(policy: Policy(), mode: .enforce, watching: .nothing, page: AddressWindow(start: 0x10000, length: 4096)).compile() }
    print(t)
    print(Disassembler.withNames.listing(of: p!))
}
