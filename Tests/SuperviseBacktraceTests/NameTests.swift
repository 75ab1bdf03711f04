@testable import SuperviseBacktrace
import Testing

@Suite("Readable names")
struct NameTests {
    private func shown(_ symbol: String) -> String {
        String(decoding: demangled(Array(symbol.utf8)), as: UTF8.self)
    }

    @Test(
        "Symbols of C++, Swift and Rust are readable, others are as they are",
        arguments: [
            ("socket", "socket"),
            ("_Z3fooi", "foo(int)"),
            (
                "_ZNSt6vectorIiSaIiEE9push_backERKi",
                "std::vector<int, std::allocator<int> >::push_back(int const&)"
            ),
            ("$s4main5fetch3urlySS_tF", "main.fetch(url: Swift.String) -> ()"),
            ("_ZN4core3fmt5write17h0123456789abcdefE", "core::fmt::write"),
            (
                "_ZN71_$LT$Test$u20$$u2b$$u20$$u27$static$u20$as$u20$foo..Bar$LT$Test$GT$$GT$3bar17h930b740aa94f1d3aE",
                "<Test + 'static as foo::Bar<Test>>::bar"
            ),
            ("_RNvCs1234_7mycrate3foo", "mycrate::foo"),
            ("_RNvNtCs1234_7mycrate3foo3bar", "mycrate::foo::bar"),
            ("_RNCNvCs1234_7mycrate3foo0", "mycrate::foo::{closure#0}"),
            ("_RINvNtC3std3mem8align_ofdE", "std::mem::align_of::<f64>"),
            ("_RNvMs_C7mycrateNtB4_3Foo3bar", "<mycrate::Foo>::bar"),
            ("_RINvC7mycrate3fooRShTlmEE", "mycrate::foo::<&[u8], (i32, u32)>"),
        ])
    func readable(symbol: String, name: String) {
        #expect(shown(symbol) == name)
    }

    @Test(
        "What only looks like a symbol stays as it is",
        arguments: [
            "_Z", "_ZN", "_ZN9999999foo17h0123456789abcdefE", "_R", "_RNv", "_RB_", "_RNvB_1a",
            "_RINvC1a1bB9_E", "$s", "$S123", "_T0", "_RNvC99999a1b", "_ZN3fooE17h",
            "_RNvBZZZZZZZZZZZZZZZZZZZZZZZZ_1a", "_RNvBLygHa16AHYE_1a", "_RNvC0",
            "_RNvBLygHa16AHYF_1a",
        ])
    func nonsense(symbol: String) {
        #expect(!shown(symbol).isEmpty)
    }

    @Test("Rust symbols that go on for ever end", arguments: ["RS", "TR", "INvC1a1b", "FKC"])
    func endless(part: String) {
        let symbol = "_RINvC1a1b" + String(repeating: part, count: 5000)
        #expect(shown(symbol) == String(symbol.prefix(1024)))
    }
}
