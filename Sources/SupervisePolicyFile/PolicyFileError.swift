/// What is wrong with a policy file, and where in it.
public struct PolicyFileError: Error, Hashable, CustomStringConvertible {
    /// The key path of what is wrong, `rules[3]`, or its line and column; nil for the whole file.
    public var place: String?
    /// What was found and what was expected, in one line that is safe to show.
    public var message: String

    /// Makes an error.
    public init(at place: String?, _ message: String) {
        self.place = place
        self.message = message
    }

    /// The error as users see it, behind the file's name: `rules[3]: column 5: ...`.
    public var description: String {
        place.map { "\($0): \(message)" } ?? message
    }
}
