/// Where the programs and the cases are.
struct Programs: Sendable {
    /// The command that is tested: this one.
    let supervise: String
    /// Makes calls and prints their results.
    let probe: String
    /// Opens the sockets that a case inherits.
    let holding: String

    /// Finds the programs of an installed command, else those beside one that was built.
    static func find() throws(CaseError) -> Programs {
        guard let supervise = Files.executable() else {
            throw CaseError("/proc/self/exe cannot be read; is /proc mounted?")
        }
        let folder = parent(supervise)
        let installed = parent(folder) + "/libexec/supervise"
        let places = [installed, folder]
        func program(_ name: String) throws(CaseError) -> String {
            for place in places where Files.canRun(place + "/" + name) { return place + "/" + name }
            throw CaseError(
                "the program \(name) is neither in \(places.joined(separator: " nor in ")); "
                    + "make install puts it there")
        }
        return Programs(
            supervise: supervise, probe: try program("probe"), holding: try program("holding"))
    }

    /// The folder of the cases: of an installed command, else of the source tree it was built in.
    func cases() throws(CaseError) -> String {
        let installed = Self.parent(Self.parent(supervise)) + "/share/supervise/semantics"
        if Files.isFolder(installed) { return installed }
        var folder = supervise
        while folder != "/", !folder.isEmpty {
            folder = Self.parent(folder)
            let cases = folder + "/Fixtures/semantics"
            if Files.isFolder(cases) { return cases }
        }
        throw CaseError("there are no cases in \(installed); name their folder with --cases")
    }

    private static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }
}
