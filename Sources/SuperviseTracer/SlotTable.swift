/// What has a place in a ``SlotTable``.
protocol SlotValue {}

extension SlotValue {
    /// Changes the value where it stands.
    @inline(__always)
    fileprivate mutating func apply(_ change: (inout Self) -> Void) { change(&self) }
}

/// Values at places that stay the same while they live, reused when they have gone.
struct SlotTable<Element: SlotValue> {
    private var elements: ContiguousArray<Element?> = []
    private var free: ContiguousArray<Int> = []

    /// How many values there are.
    var count: Int { elements.count - free.count }

    /// Adds a value and tells its place.
    mutating func insert(_ element: Element) -> Int {
        if let slot = free.popLast() {
            elements[slot] = element
            return slot
        }
        elements.append(element)
        return elements.count - 1
    }

    /// Takes the value from its place.
    mutating func remove(at slot: Int) -> Element? {
        guard elements.indices.contains(slot), let element = elements[slot] else { return nil }
        elements[slot] = nil
        free.append(slot)
        return element
    }

    /// The value at a place, nil when it has gone.
    @inline(__always)
    subscript(slot: Int) -> Element? {
        elements.indices.contains(slot) ? elements[slot] : nil
    }

    /// Changes the value at a place, if there is one, where it stands.
    ///
    /// A copy of all of it takes longer than most changes do. What changes it must not look at the table.
    @inline(__always)
    mutating func update(_ slot: Int, _ change: (inout Element) -> Void) {
        if elements.indices.contains(slot) { elements[slot]?.apply(change) }
    }

    /// The places that hold a value.
    var slots: [Int] { elements.indices.filter { elements[$0] != nil } }
}
